#!/bin/sh
# mpi.sh RANKS PROGRAM [ARG ...]: runs a program under MPI, as root too, with more ranks than cores if need be,
# one BLAS thread a rank, and never longer than AUFBAU_TEST_TIMEOUT seconds (default 600).
# mpi.sh auto PROGRAM: a test under TAP on as many ranks as the program's name ends in, 4 for pool.t4.
ranks=$1; shift
. "$(dirname -- "$0")/../jobscripts/local/mpi.sh"
limit=${AUFBAU_TEST_TIMEOUT:-600}
[ "$ranks" = auto ] || exec timeout -k 10 "$limit" mpirun --oversubscribe -n "$ranks" "$@"
# cmocka 1.1 reports a skipped test as "not ok N # SKIP name", which TAP counts as failed. The status is the program's.
{ status=$({ { timeout -k 10 "$limit" mpirun --oversubscribe -n "${1##*.t}" "$@" 3>&- 4>&-; echo $? >&3; } |
  sed 's/^not \(ok [0-9]* # SKIP\)/\1/' >&4; } 3>&1); } 4>&1
exit "$status"
