#!/bin/sh
# Installs what is missing, builds, runs the campaign of inputs/quickstart.yaml on two ranks and says what it found.
# Results go to the current folder. Run again: the campaign continues where it stopped, or is found finished.
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${AUFBAU_BUILD:-$source/build}
file=quickstart.h5

"$source/jobscripts/local/install.sh"
"$source/jobscripts/local/build.sh"
. "$source/jobscripts/local/mpi.sh"

[ ! -e "$file" ] || echo "quickstart: $file is there: the campaign continues, or is found finished"
status=0
mpirun -n 2 "$build/aufbau" campaign "$source/inputs/quickstart.yaml" -o "$file" || status=$?
case $status in
  0) ;;
  75) echo "quickstart: the campaign stopped early; the same command continues it" ;;
  *) echo "quickstart: the campaign ended with exit status $status" >&2; exit "$status" ;;
esac

"$build/aufbau" export runs "$file" --csv quickstart-runs.csv
"$build/aufbau" export levels "$file" --csv quickstart-levels.csv
awk -F, '
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
  {
    ion = $column["ion"]; runs++; core += $column["core_seconds"]
    if (!(ion in tried)) order[++ions] = ion
    tried[ion]++
    if ($column["outcome"] ~ /^converged/) { good++; converged[ion]++ }
  }
  END {
    printf "\n%-8s %6s %10s\n", "ion", "runs", "converged"
    for (i = 1; i <= ions; i++) printf "%-8s %6d %10d\n", order[i], tried[order[i]], converged[order[i]]
    printf "\n%d runs of %d ions, %d converged, in %.1f core-seconds.\n", runs, ions, good, core
  }' quickstart-runs.csv
echo "Levels found: $(($(wc -l <quickstart-levels.csv) - 1))"
here=$(pwd)
echo "All of it: $here/$file (h5dump, h5py); runs: $here/quickstart-runs.csv; levels: $here/quickstart-levels.csv"
