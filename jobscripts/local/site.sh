# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# One machine with a Slurm of its own, as tests/jobs start it: tested. Open MPI of Debian meets Slurm by PMIx.
# The account may be any text where Slurm keeps no accounts.
: "${account:=SET-ME}"
accounts=('*')
: "${partition:=SET-ME}"
partitions=('*')
: "${qos:=}"
qualities=()
: "${tasks:=2}" "${time:=1:00:00}"
lines=()
launcher=(srun --mpi=pmix)
