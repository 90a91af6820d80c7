#!/bin/sh
# Fits tantalum to FitSNAP's example data on 1, 2 and 4 ranks, compares with its results, and writes the table of docs/potentials.md between its
# marks. Fails without the data, and when anything differs. `make table-tantalum` sets AUFBAU, AUFBAU_MPI and AUFBAU_SOURCE.
set -u
: "${AUFBAU:?}" "${AUFBAU_MPI:?}" "${AUFBAU_SOURCE:?}"
data=${AUFBAU_SHARED:-$AUFBAU_SOURCE/../shared}/datasets/fitsnap_ta
page=$AUFBAU_SOURCE/docs/potentials.md
test -d "$data/JSON" || { echo "no $data/JSON: set AUFBAU_SHARED" >&2; exit 1; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

for ranks in 1 2 4; do
  $AUFBAU_MPI $ranks "$AUFBAU" train "$AUFBAU_SOURCE/inputs/tutorial/tantalum-snap.yaml" --set "structures=[\"$data/JSON/*/*.json\"]" \
    -o Ta.h5 >out.$ranks || exit 1
  # Largest relative difference of a coefficient
  sed 's/#.*//' "$data/standard/Ta_pot.snapcoeff" | awk 'NF == 1' >theirs
  sed 's/#.*//' Ta.snapcoeff | awk 'NF == 1' | paste - theirs |
    awk -v ranks=$ranks '{ d = $1 / $2 - 1; if (d < 0) d = -d; if (d > most) most = d } END { if (NR != 31) exit 1; print ranks, most }' >>worst || exit 1
done

{
  awk 'NR == FNR { worst = worst sprintf("%s%.1e on %d rank%s", FNR > 1 ? ", " : "", $2, $1, $1 > 1 ? "s" : ""); next }
       FNR == 1 { sub(/^[^:]*: /, ""); sub(/; [0-9.]* s on.*/, ""); print "Fit: " $0 ". Largest relative difference of a coefficient from the reference: " worst "." }' \
    worst out.1
  printf '\n| group | energy, eV/atom | reference | force, eV/Å | reference | stress, bar | reference |\n|:--|--:|--:|--:|--:|--:|--:|\n'
  awk -F' *[|] *' '
    function name(text) { gsub(/[()'"'"' ]/, "", text); return text }
    NR == FNR { if (split(name($2), key, ",") == 3 && key[2] == "Unweighted") theirs[key[1] == "*ALL" ? "all" : key[1], tolower(key[3])] = $4 + 0; next }
    $3 == "unweighted" { if (!($2 in seen)) { seen[$2] = 1; group[++n] = $2 } mine[$2, $4] = $6 }
    END {
      if (n != 13) exit 1
      for (g = 1; g <= n; g++) {
        row = "| " group[g]
        for (k = 1; k <= 3; k++) { kind = k == 1 ? "energy" : k == 2 ? "force" : "stress"; row = row " | " mine[group[g], kind] " | " theirs[group[g], kind] }
        print row " |"
      }
    }' "$data/standard/Ta_metrics.md" out.1 || exit 1
} >table || exit 1
cat table
awk 'NR == FNR { table = table $0 "\n"; next } /<!-- tantalum begin -->/ { print; printf "%s", table; inside = 1 } /<!-- tantalum end -->/ { inside = 0; found = 1 } !inside && !/tantalum begin/
     END { exit !found }' table "$page" >page && cat page >"$page"
