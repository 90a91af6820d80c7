#!/bin/sh
# mpi.sh RANKS PROGRAM [ARG ...]: runs a program under MPI, as root too, with more ranks than cores if need be,
# one BLAS thread a rank, and never longer than AUFBAU_TEST_TIMEOUT seconds (default 600).
ranks=$1; shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_rmaps_base_oversubscribe=1
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
exec timeout -k 10 "${AUFBAU_TEST_TIMEOUT:-600}" mpirun --oversubscribe -n "$ranks" "$@"
