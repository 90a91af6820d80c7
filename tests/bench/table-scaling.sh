#!/bin/sh
# table-scaling.sh PROGRAM SOURCE FIGURE.svg: the tables of docs/scaling.md on standard output, as Markdown; `make table-scaling`. Some 4 core-minutes.
# AUFBAU_RANKS: the most ranks, 2 unless given. Files are made in a folder of their own.
set -eu
program=$1 source=$2 figure=$3
ranks=${AUFBAU_RANKS:-2}
work=$(mktemp -d "${TMPDIR:-/tmp}/aufbau-scaling.XXXXXX")
trap 'rm -rf "$work"' EXIT
ln -s "$source/inputs" "$work/inputs"
cd "$work"
mpi() { sh "$source/tests/mpi.sh" "$@"; }

echo "Measured on $(date -u +%Y-%m-%d): $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1), $(getconf _NPROCESSORS_ONLN) cores, load before $(cut -d' ' -f1 /proc/loadavg 2>/dev/null)."
mpi "$ranks" "$program" bench campaign inputs/scaling/campaign-laptop.yaml --markdown -q
mpi "$ranks" "$program" bench describe inputs/scaling/describe-laptop.yaml --markdown -q
# The whole command, one file each; the first of each number of ranks is left out.
for turn in 0 1 2 3; do
  for n in 1 "$ranks"; do
    mpi "$n" "$program" train inputs/scaling/train-laptop.yaml -o "train-$n-$turn.h5" -q >/dev/null
  done
done
rm train-*-0.h5
"$program" report --scaling train-*.h5 --markdown
echo
sh "$source/tests/bench/task-length.sh" "$ranks" >others.csv
mpi "$ranks" "$program" bench schedule others.csv --markdown -o "$figure"
