#!/bin/sh
# memcheck on the unit tests that take a second or two without it: `make check-valgrind`. Any invalid read or write and any use of what
# was not set is an error; leaks are found by `make check-sanitizers`. Left out, in the list below: long computations, and programs whose
# memory is that of many ranks. valgrind.sh PROGRAM ...
set -u
: "${AUFBAU_SOURCE:?}"
. "$AUFBAU_SOURCE/jobscripts/local/mpi.sh"
if ! command -v valgrind >/dev/null; then echo 'valgrind is not here: skipped'; exit 0; fi
suppressions=
for file in /usr/share/openmpi/openmpi-valgrind.supp "${MPI_HOME:-/usr}/share/openmpi/openmpi-valgrind.supp"; do
  test -z "$suppressions" -a -e "$file" && suppressions=--suppressions=$file
done
failed=0
for program; do
  ranks=${program##*.t}
  # shellcheck disable=SC2086 # words
  if timeout -k 10 "${AUFBAU_TEST_TIMEOUT:-900}" mpirun --oversubscribe -n "$ranks" valgrind -q --error-exitcode=9 --leak-check=no \
    --fair-sched=try $suppressions --suppressions="$AUFBAU_SOURCE/tests/valgrind.supp" "$program" >valgrind.log 2>&1; then
    echo "clean: $program"
  else
    echo "not clean (status $?): $program"
    sed 's/^/  /' valgrind.log | tail -n 60
    failed=1
  fi
done
rm -f valgrind.log
exit $failed
