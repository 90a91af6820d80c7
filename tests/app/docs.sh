#!/bin/sh
# What the pages of docs say of other things exists: files and headings that links lead to, commands, functions of the theory pages, and a page
# for each site with commands that its job scripts take.
. "$AUFBAU_SOURCE/tests/app/expect.sh"
cd "$AUFBAU_SOURCE" || exit 99
pages=$(find README.md src/README.md jobscripts/README.md docs -name '*.md' | sort)

# none NAME FILE: the check passes when nothing was written to FILE.
none() {
  check "$1" test ! -s "$2"
  sed 's/^/# /' "$2"
}

# page:target for each link that is not to the web
for page in $pages; do
  awk -v page="$page" '/^```/ { code = !code } !code { print }' "$page" | grep -o '](\([^)]*\))' | sed 's/^](//;s/)$//' |
    grep -v '^https*:' | sed "s|^|$page:|"
done >"$work/links"
slugs() { # of the headings of a page, as GitHub makes them
  awk '/^```/ { code = !code } !code && /^#+ / { sub(/^#+ /, ""); print tolower($0) }' "$1" | tr -d '`*.,:;()[]/"'"'"'!?&+=' | tr ' ' '-'
}
while IFS=: read -r page target; do
  file=${target%%#*}
  if [ -n "$file" ]; then file=$(dirname -- "$page")/$file; else file=$page; fi
  if [ ! -e "$file" ]; then
    echo "$page: there is no $target"
  elif [ "${target#*#}" != "$target" ] && ! slugs "$file" | grep -qxF -- "${target#*#}"; then
    echo "$page: there is no heading for $target"
  fi
done <"$work/links" >"$work/found"
none 'links lead to files and headings' "$work/found"

# Names and headers are compared row by row: `afb_f`, `afb_g` in `folder/file.h`
for page in docs/theory/*.md; do
  grep -o '`afb_[a-z0-9_]*`\|`[a-z]*/[a-z_]*\.h`' "$page" | tr -d '`' | awk -v page="$page" '
    /\.h$/ { for (i = 1; i <= n; i++) print page, name[i], $0; if (n == 0) print page, "-", $0; n = 0; next }
    { name[++n] = $0 }
    END { for (i = 1; i <= n; i++) print page, name[i], "?" }'
done >"$work/names"
while read -r page name header; do
  if [ "$header" = '?' ]; then
    cat src/*/*.h | grep -qw -- "$name" || echo "$page: no header of src has $name"
  elif [ ! -e "src/$header" ]; then
    echo "$page: there is no src/$header"
  else
    [ "$name" = - ] || grep -qw -- "$name" "src/$header" || echo "$page: src/$header has no $name"
  fi
done <"$work/names" >"$work/found"
check 'the theory pages name functions' test "$(wc -l <"$work/names")" -gt 100
none 'functions and headers of the theory pages exist' "$work/found"

"$AUFBAU" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >"$work/commands"
for page in $pages; do
  awk '/^```/ { code = !code; next } code { print } !code { while (match($0, /`aufbau [^`]*`/)) { print substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, RSTART + RLENGTH) } }' "$page" |
    grep -oE '(^|[ /$])aufbau [a-z]+' | sed 's/.* //' | sort -u | grep -vxF -f "$work/commands" | sed "s|^|$page: aufbau |"
done >"$work/found"
none 'commands of the pages exist' "$work/found"

for site in jobscripts/*/site.sh; do
  site=$(basename -- "$(dirname -- "$site")")
  page=docs/sites/$site.md
  check "$site has a page" test -f "$page"
  grep '^jobscripts/' "$page" >"$work/lines"
  check "$site: build, submit, scaling" test "$(cut -d ' ' -f 1,2 "$work/lines" | sort -u | tr '\n' ' ')" = \
    "jobscripts/build.sh $site jobscripts/scaling.sh $site jobscripts/submit.sh $site "
  (
    cd "$work" && ln -sf "$AUFBAU_SOURCE/jobscripts" "$AUFBAU_SOURCE/inputs" . && : >campaign.yaml
    grep -v 'build\.sh' lines | sed 's|$| --program "$AUFBAU" --dry-run|' >lines.sh && sh -e lines.sh
  ) >"$work/out" 2>&1
  test $? -ne 0 || : >"$work/out"
  none "$site: its job scripts take the commands" "$work/out"
done
check 'no page is left over' test "$(ls docs/sites/*.md | wc -l)" -eq "$(ls jobscripts/*/site.sh | wc -l)"
echo "1..$n"
