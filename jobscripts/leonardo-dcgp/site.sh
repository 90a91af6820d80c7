# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# Leonardo DCGP: 2 Intel Sapphire Rapids, 112 cores, 512 GB a node. Untested.
# The budget is another one than that of the GPUs: `saldo -b --dcgp`. A day at most without a further QoS (dcgp_qos_...).
: "${account:=SET-ME}"
accounts=('EUHPC_*' '*_*')
: "${partition:=SET-ME}"
partitions=(dcgp_usr_prod)
: "${qos:=}"
qualities=()
: "${tasks:=112}" "${time:=24:00:00}"
lines=(--mem=0)
launcher=(srun)
