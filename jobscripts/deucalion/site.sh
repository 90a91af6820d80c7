# shellcheck shell=bash disable=SC2034,SC2154 # set here, used by submit.sh and job.sh, and the other way round
# Deucalion: normal-arm with 48 cores A64FX (aarch64) and 30 GB a node, normal-x86 with 128 cores AMD EPYC. Untested.
# Each partition has an account of its own, with the ending a, x or g. A build for one does not run on the other.
: "${account:=SET-ME}"
accounts=('*[ax]')
: "${partition:=SET-ME}"
partitions=(normal-arm normal-x86)
: "${qos:=}"
qualities=()
case $partition in
  normal-arm) : "${tasks:=48}" ;;
  *) : "${tasks:=128}" ;;
esac
: "${time:=24:00:00}"
lines=()
launcher=(srun)
