#!/bin/sh
# mpi.sh RANKS PROGRAM [ARG ...]: runs a program under MPI, as root too, with more ranks than cores if need be,
# one BLAS thread a rank, and never longer than AUFBAU_TEST_TIMEOUT seconds (default 600). RANKS may be "auto": what the
# program's name ends in, 4 for pool.t4.
ranks=$1; shift
[ "$ranks" != auto ] || ranks=${1##*.t}
. "$(dirname -- "$0")/../jobscripts/local/mpi.sh"
exec timeout -k 10 "${AUFBAU_TEST_TIMEOUT:-600}" mpirun --oversubscribe -n "$ranks" "$@"
