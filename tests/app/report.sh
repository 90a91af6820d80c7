#!/bin/sh
# `aufbau report`, as TAP: pages of every kind of file, also while it is written, whose numbers are those of the campaign's own summary; files
# that are refused.
. "$AUFBAU_SOURCE/tests/app/expect.sh"
. "$AUFBAU_SOURCE/tests/app/potential.sh"

# page FILE.h5 TEXT: its page is made, well-formed where that can be tested, needs nothing from outside, and has TEXT
page() {
  html=${1%.h5}.html
  expect 0 "$html" report "$1"
  if command -v xmllint >/dev/null; then check "$html is well-formed" xmllint --noout "$html"; fi
  check "$html has $2" grep -qF "$2" "$html"
  check "$html needs nothing from outside" test "$(grep -c -i -e '<script' -e 'http' -e 'src=' -e 'url(' -e '@import' "$html")" = 0
  expect 0 "$1" report "$1" --text
}

# tables FILE: runs by outcome, rung, ion, size and who chose, without core-seconds per strategy
tables() { sed -n '/^By outcome/,/^  Useful runs\|^Predicted/p' "$1" | sed '/^Predicted/d'; }

cat >c.yaml <<'YAML'
campaign:
  ions: [Be I, B I]
  orbitals: {max_n: 4, max_l: p}
  excitations: {electrons: 2, max_shift: 3}
  set_size: 4
  optimise: {levels: 2}
  strategy: model
  batch: 16
  budget: {runs: 48, wall_time: 300 s}
  seed: 1
YAML
ranks=2
expect 0 'The budget of runs is used up' campaign c.yaml -o c.h5
cp out summary
ranks=
page c.h5 '<b>48</b><span>runs</span>'
check "the tables of the summary" test "$(tables summary)" = "$(tables out)"
check "its predictions, too" test "$(sed -n '/^Predicted before/,/^$/p' summary)" = "$(sed -n '/^Predicted before/,/^$/p' out)"
levels=$(awk '/distinct levels/ { print $3 }' summary) useful=$(awk '/useful results/ { print $3 }' summary)
check "distinct levels" grep -qF "<b>$levels</b><span>distinct levels</span>" c.html
check "useful runs" grep -qF "<b>$useful</b><span>useful runs</span>" c.html
ion=$(sed -n 's/.*<figcaption><b>\([A-Z][a-z]* [IVX]*\)<\/b>: in the middle.*/\1/p' c.html)
check "a node for every run of $ion" test "$(grep -o '<title>run [0-9]*:' c.html | wc -l)" = "$("$AUFBAU" export runs c.h5 | grep -c "^$ion,")"
ranks=3
expect 0 'c2.html' report c.h5 -o c2.html
ranks=
check "the same page from any number of ranks" cmp c.html c2.html

# While it runs, after kill -9, and of what the journal holds
sed 's/runs: 48/runs: 100000/; s/seed: 1/seed: 2/' c.yaml >long.yaml
"$AUFBAU" campaign long.yaml -q -o long.h5 </dev/null >long.out 2>&1 &
running=$!
tries=0
while test $tries -lt 600 && { test "$("$AUFBAU" export runs long.h5 2>/dev/null | wc -l)" -lt 8 || ! test -s long.h5.journal; }; do
  sleep 0.1
  tries=$((tries + 1))
done
page long.h5 'distinct levels'
check "the campaign goes on" kill -0 $running
kill -9 $running
wait $running 2>/dev/null
cp long.h5.journal before
page long.h5 'distinct levels'
runs=$(($("$AUFBAU" export runs long.h5 | wc -l) - 1))
check "with the runs of the journal" grep -qF "<b>$runs</b><span>runs</span>" long.html
check "which is left alone" cmp before long.h5.journal

# The other kinds
printf 'atom: {element: C}\nconfigurations: ["[He] 2s2 2p2"]\n' >a.yaml
expect 0 'converged' atom a.yaml -o a.h5
page a.h5 'C I, one calculation'
check "the energy" grep -qF "$(sed -n 's/^energy  *\(-[0-9.]*\) hartree.*/\1/p' out | head -1)" a.html
structures 6 in.extxyz
potential known
printf 'structures: [in.extxyz]\nmodel: {type: snap, coefficients: known.snapcoeff, parameters: known.snapparam, zbl: {inner: 2.0, outer: 4.5}, xyz: data.extxyz}\n' >p.yaml
expect 0 '' predict p.yaml -o forces.h5
page forces.h5 'predictions/energy'
printf 'structures: [data.extxyz]\ndescriptor: {twojmax: 2, rcutfac: 4.2 Å, elements: {Al: {radius: 0.5}, O: {radius: 0.4, weight: 0.7}}, bzero: false}\n' >d.yaml
expect 0 '' describe d.yaml -o descriptors.h5
page descriptors.h5 '<b>198</b><span>atoms</span>'
{ cat d.yaml; printf 'model: {type: linear, potential: found, zbl: {inner: 2.0, outer: 4.5}}\n'; } >t.yaml
expect 0 '' train t.yaml -o potential.h5
page potential.h5 'Numbers of the whole file'

# Refused
expect 1 'there is no file absent.h5' report absent.h5
echo text >text.h5
expect 1 'text.h5' report text.h5
head -c 20000 c.h5 >cut.h5
expect 1 'cut.h5' report cut.h5
echo 'mine' >mine.html
expect 1 'choose another name' report c.h5 -o mine.html
check "a file of something else is left alone" test "$(cat mine.html)" = mine
expect 1 'absent/c.html' report c.h5 -o absent/c.html
check "no half pages" test "$(ls ./*.tmp 2>/dev/null | wc -l)" = 0
mkdir '<i>&"'
cp a.h5 '<i>&"/<b>.h5'
page '<i>&"/<b>.h5' '&lt;b&gt;.h5'
echo "1..$n"
