#!/bin/sh
# Labels of calculations do not depend on how the program was compiled, nor on the number of ranks, as TAP: the sets of labels.c by the
# program as it was built, on 1, 2 and 4 ranks, and by one that is compiled here without optimisation (on its first sets: it takes some twenty
# times as long). `make check-long` sets AUFBAU_SOURCE, AUFBAU_MPI, AUFBAU_COMPILE (a compiler with its flags), AUFBAU_LINK (libraries).
# AUFBAU_SETS: how many sets; all of them unless it is given.
set -u
AUFBAU_TEST_TIMEOUT=${AUFBAU_TEST_TIMEOUT:-3600}
export AUFBAU_TEST_TIMEOUT
: "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}" "${AUFBAU_COMPILE:?}" "${AUFBAU_LINK:?}"
sets=${AUFBAU_SETS:-1000} plain=${AUFBAU_SETS:-33}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
echo 1..3

# $1: number of the test, $2: name, $3 and $4: files of labels. Words are equal, energies to 1e-10.
compare() {
  if [ -s "$3" ] && [ -s "$4" ] && [ "$(wc -l <"$3")" = "$(wc -l <"$4")" ] && paste "$3" "$4" | awk '
    { n = NF / 2; for (i = 1; i < n; i++) if ($i != $(i + n)) bad = 1
      d = $n - $NF; if ($n != $NF && !(d * d <= 1e-20 * $n * $n)) bad = 1
      if (bad) { print "# " $0; failed = 1 }; bad = 0; exact += $n == $NF }
    END { print "# " exact " of " NR " energies are equal in all digits"; exit failed }'; then
    echo "ok $1 - $2"
  else
    echo "not ok $1 - $2"
  fi
}

for ranks in 1 2 4; do
  AUFBAU_SETS=$sets AUFBAU_LABELS=$work/ranks-$ranks $AUFBAU_MPI "$ranks" tests/atomic/labels.t2 >"$work/log" 2>&1 || sed 's/^/# /' "$work/log"
done
compare 1 "1 and 2 ranks" "$work/ranks-1" "$work/ranks-2"
compare 2 "1 and 4 ranks" "$work/ranks-1" "$work/ranks-4"

# shellcheck disable=SC2086 # a command with its flags, and libraries
$AUFBAU_COMPILE -w -O0 -I"$AUFBAU_SOURCE" -o "$work/labels" "$AUFBAU_SOURCE"/tests/atomic/labels.c "$AUFBAU_SOURCE"/src/core/*.c \
  "$AUFBAU_SOURCE"/src/numeric/*.c "$AUFBAU_SOURCE"/src/atomic/*.c $AUFBAU_LINK 2>&1 | sed 's/^/# /'
AUFBAU_SETS=$plain AUFBAU_LABELS=$work/plain $AUFBAU_MPI 1 "$work/labels" >"$work/log" 2>&1 || sed 's/^/# /' "$work/log"
head -n "$plain" "$work/ranks-1" >"$work/first"
compare 3 "as built and without optimisation" "$work/first" "$work/plain"
