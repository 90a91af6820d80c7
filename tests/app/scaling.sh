#!/bin/sh
# `aufbau report --scaling` on files of campaigns and descriptors, `aufbau bench campaign` and `describe`: tables, and what is refused.
. "$AUFBAU_SOURCE/tests/app/expect.sh"

cat >small.yaml <<'EOF'
campaign:
  ions: [Li I, Be I, Be II]
  orbitals: {max_n: 4, max_l: d}
  excitations: {electrons: 2, max_shift: 4}
  set_size: 2
  warm_start: false
  strategy: breadth
  budget: {runs: 10}
EOF
cat >cell.yaml <<EOF
structures: [$AUFBAU_SOURCE/inputs/tutorial/silicon/silicon.extxyz]
descriptor:
  twojmax: 2
  rcutfac: 5.0 Å
  elements: {Si: {radius: 0.5, weight: 1.0}}
EOF
for ranks in 1 2; do
  expect 0 '10 runs of 3 ions' campaign small.yaml -o campaign-$ranks.h5
  expect 0 '28 structures' describe cell.yaml -o describe-$ranks.h5
done
ranks=1
expect 0 'campaign, strong scaling (work: runs)' report --scaling campaign-2.h5 campaign-1.h5 --csv s.csv --latex s.tex --figure s.svg -o s.html --plan runs=1000,nodes=2,cores=4
check 'the plan is shown' grep -q 'Planned: 1000 runs on 2 nodes of 4 cores' out
check 'a line for each number of ranks' sh -c 'test "$(wc -l <s.csv)" = 3 && cut -d, -f1-6 s.csv | grep -q "^\"campaign, strong scaling\",runs,1,2,10$"'
check 'LaTeX' sh -c 'grep -q toprule s.tex && test "$(grep -c "begin{tabular}" s.tex)" = "$(grep -c "end{tabular}" s.tex)"'
if command -v xmllint >/dev/null 2>&1; then
  check 'the page is well formed' xmllint --noout --nonet s.html
  check 'the figure is well formed' xmllint --noout --nonet s.svg
else
  echo "ok $((n += 1)) - pages are well formed # SKIP no xmllint"
  echo "ok $((n += 1)) - figures are well formed # SKIP no xmllint"
fi
check 'columns add up to the time of every rank' sh -c '
  column() { h5dump -d "/usage/$1" -y -w 1 -m %.17g campaign-2.h5 | sed -n "/DATA {/,/}/s/^ *\([0-9][0-9.e+-]*\),\{0,1\}$/\1/p"; }
  for c in startup run training validation storing service idle drain; do column $c >$c.txt; done
  column wall | paste - startup.txt run.txt training.txt validation.txt storing.txt service.txt idle.txt drain.txt |
    awk "{s = \$1; for (i = 2; i <= 9; i++) s -= \$i; if (s * s > 1e-8 || \$1 <= 0) bad = 1; n++} END {exit bad || n != 2}"'
expect 0 '| 1 | 2 | 312 | 1 |' report --scaling describe-1.h5 describe-2.h5 --markdown
expect 0 'describe, strong' report --scaling describe-1.h5
expect 1 'give the files of one command at a time' report --scaling describe-1.h5 campaign-2.h5
expect 1 'several are compared with --scaling' report describe-1.h5 campaign-2.h5
expect 1 'write it as runs=132000' report --scaling campaign-1.h5 --plan nodes=
expect 1 'runs= is missing' report --scaling campaign-1.h5 --plan nodes=2
expect 1 'a plan needs files of campaigns' report --scaling describe-1.h5 --plan 100
expect 1 'absent.h5' report --scaling absent.h5
expect 0 '10 runs of 3 ions' campaign small.yaml -o other.h5 --set campaign.seed=5
expect 1 'seed: 5' report --scaling campaign-2.h5 other.h5
expect 0 '12 runs of 3 ions' campaign small.yaml -o other.h5 --set campaign.seed=5 --set campaign.budget.runs=12
expect 1 'is of 2 sessions' report --scaling other.h5
ranks=2
expect 0 'campaign, weak scaling' bench campaign small.yaml --markdown -o bench.svg
check 'files are gone, and there is a figure' sh -c 'test ! -e aufbau-bench.h5 && grep -q "</svg>" bench.svg'
expect 0 'describe, weak scaling' bench describe cell.yaml -q
expect 1 'the input of the command is missing' bench describe
expect 1 'budget.runs is missing' bench campaign small.yaml --set 'campaign.budget={wall_time: 1 min}'
echo "1..$n"
