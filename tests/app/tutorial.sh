#!/bin/sh
# Runs docs/tutorial.md in an empty folder and compares what its commands print. Blocks marked sh are run as they are and print nothing;
# in those marked console a line that begins with "$ " is a command, what follows until the next one its output; other blocks are not run.
#
# Lines are compared word by word. Not compared: a number with "s", "iterations" or "steps" behind it, and the last word of
# the rows under a heading that ends in core-s. Numbers with a decimal point or an exponent: to 2e-6 of themselves, and below 1e-6 as equal.
# AUFBAU_TUTORIAL=write (`make tutorial`) writes the output that was found into the page.
. "$AUFBAU_SOURCE/tests/app/expect.sh"
page=$AUFBAU_SOURCE/docs/tutorial.md

# Commands of the page: aufbau, and mpirun as the tests call it.
mkdir bin steps empty
cat >bin/aufbau <<'EOT'
#!/bin/sh
exec "$AUFBAU" "$@"
EOT
cat >bin/mpirun <<'EOT'
#!/bin/sh
ranks=$2
shift 3
PATH=$AUFBAU_TUTORIAL_PATH exec $AUFBAU_MPI "$ranks" "$AUFBAU" "$@"
EOT
cat >bin/python3 <<'EOT'
#!/bin/sh
PATH=$AUFBAU_TUTORIAL_PATH
for python in python3 /usr/bin/python3; do
  "$python" -c 'import h5py' 2>/dev/null && exec "$python" "$@"
done
exit 1
EOT
chmod +x bin/*
AUFBAU_TUTORIAL_PATH=$PATH PATH=$work/bin:$PATH
export AUFBAU_TUTORIAL_PATH PATH

# steps/N.sh: what is run; steps/N.expected: its output
awk '
  /^```/ { if (kind == "") { kind = substr($0, 4); if (kind == "") kind = "text"; if (kind == "sh") next_step("") } else kind = ""; next }
  kind == "console" && /^\$ / { next_step(substr($0, 3)); next }
  kind == "console" { print >(file ".expected") }
  kind == "sh" { print >(file ".sh") }
  function next_step(command) {
    file = sprintf("steps/%03d", ++step)
    printf "" >(file ".expected")
    if (command != "") print command >(file ".sh")
  }' "$page"

cat >compare.awk <<'EOT'
function number(word) { return word ~ /^[-+]?[0-9]*\.?[0-9]+(e[-+]?[0-9]+)?%?$/ }
function near(a, b, d) { d = a > b ? a - b : b - a; return d <= 2e-6 * (a < 0 ? -a : a) || d < 1e-6 }
BEGIN {
  while ((getline wanted <expected) > 0) {
    line++
    if ((getline found <actual) <= 0) { print "line " line " is missing: " wanted; exit 1 }
    n = split(wanted, a, /[ ,;:()]+/); m = split(found, b, /[ ,;:()]+/)
    timed = n == 0 ? 0 : (a[n] == "core-s" ? 2 : (timed ? 1 : 0))
    ok = n == m
    for (i = 1; ok && i <= n; i++) {
      if (a[i] == b[i]) continue
      if (!number(a[i]) || !number(b[i])) ok = 0
      else if (a[i + 1] ~ /^(s[.]?|iterations|steps)$/ || (timed == 1 && i == n)) continue
      else if (a[i] !~ /[.e]/ || !near(a[i] + 0, b[i] + 0)) ok = 0
    }
    if (!ok) { print "wanted " wanted; print "found  " found; exit 1 }
  }
  if ((getline found <actual) > 0) { print "one line more: " found; exit 1 }
}
EOT

cd empty || exit 99
for step in ../steps/*.sh; do
  step=${step%.sh}
  name=$(head -n 1 "$step.sh")
  case $name in
    python3*)
      if ! python3 -c ''; then
        n=$((n + 1))
        echo "ok $n - $name # SKIP there is no h5py"
        cp "$step.expected" "$step.actual"
        continue
      fi ;;
  esac
  sh "$step.sh" >"$step.actual" 2>"$step.err" </dev/null
  n=$((n + 1))
  if difference=$(awk -v expected="$step.expected" -v actual="$step.actual" -f ../compare.awk); then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    echo "$difference" | cat - "$step.err" | sed 's/^/# /'
  fi
done
echo "1..$n"

if test "${AUFBAU_TUTORIAL-}" = write; then
  awk '
    /^```/ { if (kind == "") { kind = substr($0, 4); if (kind == "") kind = "text"; if (kind == "sh") step++ } else kind = ""; print; next }
    kind == "console" && /^\$ / {
      print
      file = sprintf("../steps/%03d.actual", ++step)
      while ((getline line <file) > 0) print line
      next
    }
    kind != "console"' "$page" >../page && cp ../page "$page"
fi
