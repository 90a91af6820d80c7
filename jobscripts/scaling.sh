#!/bin/bash
# scaling.sh SITE COMMAND INPUT "NODES ..." [OPTION OF submit.sh ...]: the same work on one number of nodes after the other, a job and a
# file each: NAME-1n.h5, NAME-2n.h5 ... A rung that is stopped is not continued: its time would be no measurement.
set -euo pipefail
here=$(dirname -- "$0")
[ $# -ge 4 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 1; }
site=$1 command=$2 input=$3 ladder=$4
shift 4
name=$(basename -- "$input")
for nodes in $ladder; do
  "$here/submit.sh" "$site" "$command" "$input" --nodes "$nodes" --output "${name%.*}-${nodes}n.h5" --resubmissions 0 "$@"
done
