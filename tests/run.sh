#!/bin/sh
# Installs what is missing, builds, runs every test. Arguments go to configure. The last line counts:
# "N passed, N failed[, N skipped]". Exit status 0 only if none failed.
set -u
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
AUFBAU_BUILD=${AUFBAU_BUILD:-$source/build}
export AUFBAU_BUILD

if ! "$source/jobscripts/local/install.sh" tests || ! "$source/jobscripts/local/build.sh" "$@"; then
  echo "0 passed, 1 failed"
  exit 1
fi
cd "$AUFBAU_BUILD" || exit 1

# Results of an earlier run must not be counted.
find tests -name '*.trs' -exec rm -f {} +
if make -j"$(getconf _NPROCESSORS_ONLN)" check TESTS= </dev/null >check-build.log 2>&1; then
  make -k check VERBOSE=1 </dev/null
  status=$?
else
  status=$?
  tail -n 40 check-build.log
fi

# A program that failed also ends with a status: not counted again. ":global-test-result:" is the first line of each file.
find tests -name '*.trs' -exec cat {} + | awk -v status="$status" '
  function close_file() { failed += fails > 0 ? fails : errors > 0; fails = errors = 0 }
  $1 == ":global-test-result:" { close_file() }
  $1 == ":test-result:" {
    if ($2 == "PASS" || $2 == "XFAIL") passed++
    else if ($2 == "SKIP") skipped++
    else if ($2 == "ERROR") errors++
    else fails++
  }
  END {
    close_file()
    if (status != 0 && failed == 0) failed = 1 # the tests did not build, or make itself failed
    printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
    exit failed > 0
  }'
