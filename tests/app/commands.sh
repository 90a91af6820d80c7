#!/bin/sh
# The command line: messages and exit statuses, alone and on two ranks; the input reference in docs is current.
. "$AUFBAU_SOURCE/tests/app/expect.sh"

cat >good.yaml <<'EOF'
atom: {element: Be}
configurations: ["[He] 2s2"]
EOF
printf 'atom: {element: Be}\nconfigurations: ["1s2 2s3"]\n' >bad.yaml
cat >campaign.yaml <<'EOF'
campaign: {ions: ["Li-C I-II"]}
EOF
printf 'binary\0binary\n' >binary.yaml
mkdir folder

expect 0 'revision' --version
expect 0 'Exit status:' --help
expect 1 'there is no command "--hlep"; did you mean "--help"?' --hlep
expect 1 'there is no command "statsu"; did you mean "status"?' statsu a.h5
for command in $("$AUFBAU" list commands | cut -d ' ' -f 1); do
  "$AUFBAU" "$command" --help >help.txt
  check "aufbau $command --help gives an example" grep -q "^  .*aufbau $command" help.txt
done
check 'no option is listed twice' test -z "$("$AUFBAU" status --help | sed -n '/^Options/,/^Examples/p' | grep -o -e ' --[a-z-]* ' | sort | uniq -d)"
expect 1 'a command is missing'
expect 1 'there is no command "atmo"; did you mean "atom"?' atmo good.yaml
expect 1 'an argument is missing: aufbau check INPUT' check
expect 1 'one argument too many' atom good.yaml more.yaml
expect 1 'has no option "--josn"; did you mean "--json"?' atom good.yaml --josn x
expect 1 'option --json needs a value' atom good.yaml --json
expect 1 'option --output is given twice' atom good.yaml -o a.h5 -o b.h5
expect 1 'unknown log level "trac"; did you mean "trace"?' atom good.yaml --log-level trac
expect 0 '--json FILE' atom --help
expect 1 'absent.yaml: No such file or directory' check absent.yaml
expect 1 'folder: is a directory' check folder
expect 1 'binary.yaml: is no text but a binary file' check binary.yaml
expect 0 'nucleus: fermi' check good.yaml
expect 0 'charge: 1' check good.yaml --set atom.charge=1 --set 'configurations=[1s2 2s1]'
expect 1 '--set:1:1: unknown key "chrage"; did you mean "charge"?' check good.yaml --set atom.chrage=1
expect 0 '# aufbau campaign' check campaign.yaml
expect 1 'this is an input of `aufbau campaign`, not of `aufbau atom`' atom campaign.yaml
expect 1 'there is no topic "outcome"; did you mean "outcomes"?' list outcome
expect 0 'Sr II' list ions
expect 0 'limit_cycle' list outcomes
ranks=2
expect 1 'bad.yaml:2:23: configuration "1s2 2s3"' check bad.yaml
check 'two ranks say it once' test "$(grep -c 'bad.yaml:2:23' err)" = 1
ranks=

"$AUFBAU" list template atom >template.yaml
expect 0 '# aufbau atom' check template.yaml
"$AUFBAU" list template campaign >template.yaml
expect 0 '# aufbau campaign' check template.yaml

"$AUFBAU" list inputs --markdown >input.md
check 'docs/input.md is current (make input-reference)' cmp -s input.md "$AUFBAU_SOURCE/docs/input.md"
for file in store-schema.md aufbau.1; do
  if [ $file = aufbau.1 ]; then "$AUFBAU" list man >$file; else "$AUFBAU" list store --markdown >$file; fi
  check "docs/$file is current (make store-reference man-page)" cmp -s $file "$AUFBAU_SOURCE/docs/$file"
done
if command -v mandoc >/dev/null; then
  # No date: the page changes with the program only.
  mandoc -Tlint -W warning aufbau.1 | grep -v 'missing date' >lint
  check 'mandoc finds nothing' test ! -s lint
  sed 's/^/# /' lint
elif man --warnings -l aufbau.1 >/dev/null 2>lint; then
  check 'man finds nothing' test ! -s lint
  sed 's/^/# /' lint
fi
rm -f lint help.txt store-schema.md aufbau.1
check 'nothing else was written' test "$(ls | tr '\n' ' ')" = \
  'bad.yaml binary.yaml campaign.yaml err folder good.yaml input.md out template.yaml '
echo "1..$n"
