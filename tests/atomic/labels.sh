#!/bin/sh
# Labels of calculations do not depend on the number of ranks, nor on how the program was compiled, as TAP: the sets of labels.c by the
# program as it was built, on 1, 2 and 4 ranks, and by two that are compiled here: without optimisation (the first sets only: it takes some
# twenty times as long), which must give the same bits, and with fused products and sums, which rounds differently. `make check-long` sets
# AUFBAU_SOURCE, AUFBAU_MPI, AUFBAU_COMPILE (a compiler with its flags), AUFBAU_LINK (libraries). AUFBAU_SETS: how many sets; all of them
# unless it is given.
set -u
AUFBAU_TEST_TIMEOUT=${AUFBAU_TEST_TIMEOUT:-3600}
export AUFBAU_TEST_TIMEOUT
: "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}" "${AUFBAU_COMPILE:?}" "${AUFBAU_LINK:?}"
sets=${AUFBAU_SETS:-1000} plain=${AUFBAU_SETS:-33}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
echo 1..4

# $1: number of the test, $2: name, $3 and $4: files of labels, $5: what energies may differ by, relative. Words are equal.
compare() {
  if [ -s "$3" ] && [ -s "$4" ] && [ "$(wc -l <"$3")" = "$(wc -l <"$4")" ] && paste "$3" "$4" | awk -v most="$5" '
    { n = NF / 2; for (i = 1; i < n; i++) if ($i != $(i + n)) bad = 1
      d = $n - $NF; if (d < 0) d = -d
      if ($n != $NF && !(d <= -most * $n)) bad = 1
      if (bad) { print "# " $0; failed = 1 }; bad = 0; exact += $n == $NF }
    END { print "# " exact " of " NR " energies are equal in all digits"; exit failed }'; then
    echo "ok $1 - $2"
  else
    echo "not ok $1 - $2"
  fi
}

# $1: program, $2: flags in place of those that it was built with
build() {
  # shellcheck disable=SC2086 # a command with its flags, and libraries
  $AUFBAU_COMPILE -w $2 -I"$AUFBAU_SOURCE" -o "$1" "$AUFBAU_SOURCE"/tests/atomic/labels.c "$AUFBAU_SOURCE"/src/core/*.c \
    "$AUFBAU_SOURCE"/src/numeric/*.c "$AUFBAU_SOURCE"/src/atomic/*.c $AUFBAU_LINK 2>&1 | sed 's/^/# /'
}

# $1: number of sets, $2: file of labels, $3: number of ranks, $4: program
run() {
  AUFBAU_SETS=$1 AUFBAU_LABELS=$2 $AUFBAU_MPI "$3" "$4" >"$work/log" 2>&1 || sed 's/^/# /' "$work/log"
}

for ranks in 1 2 4; do
  run "$sets" "$work/ranks-$ranks" "$ranks" tests/atomic/labels.t2
done
compare 1 "1 and 2 ranks" "$work/ranks-1" "$work/ranks-2" 0
compare 2 "1 and 4 ranks" "$work/ranks-1" "$work/ranks-4" 0

build "$work/plain" -O0
run "$plain" "$work/labels-plain" 1 "$work/plain"
head -n "$plain" "$work/ranks-1" >"$work/first"
compare 3 "as built and without optimisation" "$work/first" "$work/labels-plain" 1e-10

# energies at the floor are known to 1e-9
build "$work/fused" "-march=native -ffp-contract=fast"
run "$plain" "$work/labels-fused" 1 "$work/fused"
compare 4 "as built and with fused products and sums" "$work/first" "$work/labels-fused" 1e-8
