# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# LUMI-C: 2 AMD EPYC 7763, 128 cores, 256 GB a node. Untested; partitions from the user guide of October 2024.
# standard: whole nodes, up to 512, 2 days; small: up to 4 nodes, 3 days; debug: 30 minutes. About 100 running jobs of a user.
: "${account:=SET-ME}"
accounts=('project_[0-9]*')
: "${partition:=SET-ME}"
partitions=(standard small debug)
: "${qos:=}"
qualities=()
: "${tasks:=128}" "${time:=24:00:00}"
lines=(--mem=0)
launcher=(srun)
