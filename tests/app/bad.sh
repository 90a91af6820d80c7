#!/bin/sh
# Every wrong input of tests/app/bad gives exactly the message beside it (NAME.expected) and exit status 1, from `check` and
# from the command itself, and nothing is written. NAME starts with the command.
cd "$AUFBAU_SOURCE/tests/app/bad" || exit 99
work=$(mktemp -d "${TMPDIR:-/tmp}/aufbau-bad.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/out"
n=0

# verdict STATUS NAME EXPECTED: compares exit status, messages, and what was written
verdict() {
  n=$((n + 1))
  wrong=
  test "$1" = 1 || wrong="exit status $1"
  cmp -s "$3" "$work/messages" || wrong="$wrong; another message"
  test -s "$work/results" && wrong="$wrong; output"
  test -n "$(ls -A "$work/out")" && wrong="$wrong; files written"
  if test -z "$wrong"; then
    echo "ok $n - $2"
  else
    echo "not ok $n - $2"
    echo "# ${wrong#; }"
    diff "$3" "$work/messages" | sed 's/^/# /'
    rm -rf "$work/out"/*
  fi
}

for input in *.yaml; do
  command=${input%%-*}
  expected=${input%.yaml}.expected
  "$AUFBAU" check "$input" "$command" >"$work/results" 2>"$work/messages"
  verdict $? "check ${input%.yaml}" "$expected"
  case $command in
    atom) set -- --json "$work/out/result.json" ;;
    *) set -- ;;
  esac
  "$AUFBAU" "$command" "$input" -o "$work/out/result.h5" "$@" >"$work/results" 2>"$work/messages"
  verdict $? "$command ${input%.yaml}" "$expected"
done
echo "1..$n"
