# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# MareNostrum 5 GPP: 2 Intel Sapphire Rapids, 112 cores, 2 GB a core. Untested.
# The QoS takes the place of the partition; account and QoS are mandatory, --mem is refused.
: "${account:=SET-ME}"
accounts=('ehpc[0-9]*')
: "${partition:=}"
partitions=()
: "${qos:=SET-ME}"
qualities=(gp_ehpc gp_debug)
: "${tasks:=112}" "${time:=24:00:00}"
lines=()
launcher=(srun)
