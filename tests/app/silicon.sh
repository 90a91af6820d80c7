#!/bin/sh
# The silicon tutorial as a user runs it, and what it has to reach: mean ||dV|| of models that were left out at most 0.10, at most half
# of "every atom as in the bulk" for every kind but crystals, and intervals that hold what they promise. With AUFBAU_TABLE the file of that
# name gets the table between its marks.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}"
here=$AUFBAU_SOURCE
. "$here/tests/app/expect.sh"
echo 1..5
ranks=2
mkdir inputs && ln -s "$here/inputs/tutorial" inputs/tutorial
expect 0 'Models left out one at a time' train inputs/tutorial/silicon-potential.yaml -o silicon.h5
sed -n '/^kind/,/^all/p' out >table
# columns: kind models atoms start reference network ratio in50 in90
check "mean over all atoms at most 0.10" awk '$1 == "all" {found = 1; bad = $6 > 0.10} END {exit bad || !found}' table
check "at most half of the bulk's for every kind" \
  awk 'NR > 1 && $1 != "crystal" && $1 != "all" {n++; bad += $6 > 0.5 * $5} END {exit bad || n != 5}' table
check "about half of the coordinates in the 50 % intervals" awk '$1 == "all" {exit $8 < 0.4 || $8 > 0.65}' table
check "about 90 % in the 90 % intervals" awk '$1 == "all" {exit $9 < 0.84 || $9 > 0.96}' table

if test -n "${AUFBAU_TABLE:-}"; then
  machine=$(uname -m)
  {
    echo
    echo "$(date -u +%Y-%m-%d), $machine, 2 ranks, $(sed -n 's/.*weights; \(.* s\) on 2 ranks$/\1/p' out):"
    echo
    echo '| kind | models | atoms | default start | every atom as in the bulk | network | network / bulk | in 50 % | in 90 % |'
    echo '|---|---|---|---|---|---|---|---|---|'
    awk 'NR > 1 {printf "|"; for (i = 1; i <= NF; i++) printf " %s |", $i; print ""}' table
    echo
  } >rows
  awk -v rows=rows '
    /<!-- silicon end -->/ {inside = 0}
    !inside {print}
    /<!-- silicon begin -->/ {inside = 1; while ((getline line <rows) > 0) print line}' "$AUFBAU_TABLE" >new && cat new >"$AUFBAU_TABLE"
fi
