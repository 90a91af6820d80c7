#!/bin/sh
# The rules that hold for the whole source, as TAP: direction of includes, self-contained headers, names of symbols, who may end
# the program, and what must not stand in a tracked file. `make check` sets AUFBAU_SOURCE, AUFBAU_COMPILE (a compiler with
# its flags), AUFBAU_LIBRARY and AUFBAU_NM.
set -u
: "${AUFBAU_SOURCE:?}" "${AUFBAU_COMPILE:?}" "${AUFBAU_LIBRARY:?}" "${AUFBAU_NM:=nm}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
found=$work/found
test_number=0

# Whatever the check before wrote to $found is a violation.
report() {
  test_number=$((test_number + 1))
  if [ -s "$found" ]; then
    echo "not ok $test_number - $1"
    sed 's/^/# /' "$found"
  else
    echo "ok $test_number - $1"
  fi
  : >"$found"
}

# The tracked files; where there is no git (an unpacked tarball), the folders that are ours.
list_files() {
  (cd "$AUFBAU_SOURCE" && { git ls-files 2>/dev/null | grep . ||
    find src tests docs inputs jobscripts modules build-aux/m4 configure.ac Makefile.am README.md LICENSE NEWS \
      CITATION.cff -type f 2>/dev/null; })
}
list_files | sort >"$work/files"
grep -E '^src/.*\.[ch]$' "$work/files" >"$work/code"
grep -E '^src/.*\.h$' "$work/files" >"$work/headers"
: >"$found"

# $1: file; source text without comments and string literals, one line per line.
bare() {
  # shellcheck disable=SC2086 # a command with its flags
  $AUFBAU_COMPILE -w -fpreprocessed -E -P "$AUFBAU_SOURCE/$1" 2>/dev/null | sed 's/"\([^"\\]\|\\.\)*"/""/g'
}

echo 1..8

# shellcheck disable=SC2046
(cd "$AUFBAU_SOURCE" && grep -n '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $(cat "$work/code")) | awk -F'[:"]' '
  BEGIN {
    n = split("core numeric config store descriptor engine training materials report app", order, " ")
    for (i = 1; i <= n; i++) rank[order[i]] = i
    sibling["atomic"] = sibling["learn"] = sibling["descriptor"] = 1
    rank["atomic"] = rank["learn"] = rank["descriptor"]
    rank["campaign"] = rank["materials"]
  }
  {
    split($1, from, "/"); mine = from[2]; target = $4
    if (target == "config.h" || target == "revision.h") next # made by configure and make
    if (split(target, to, "/") < 2) { print $1 ":" $2 ": \"" target "\" is not relative to src/"; next }
    other = to[1]
    if (!(mine in rank)) print $1 ": the folder has no place in the layers"
    else if (!(other in rank)) print $1 ":" $2 ": \"" target "\" is in no layer"
    else if (mine != other && rank[other] >= rank[mine]) print $1 ":" $2 ": \"" target "\" is not below"
    else if (mine in sibling && (other == "store" || other == "config"))
      print $1 ":" $2 ": " mine " reads and writes no files, so not \"" target "\""
  }' >"$found"
report "includes point downwards"

while read -r header; do
  name=${header#src/}
  printf '#include "%s"\n#include "%s"\ntypedef int afb_test_unit;\n' "$name" "$name" >"$work/alone.c"
  # shellcheck disable=SC2086
  $AUFBAU_COMPILE -I"$AUFBAU_SOURCE/src" -fsyntax-only "$work/alone.c" >"$work/log" 2>&1 && [ ! -s "$work/log" ] ||
    { echo "$header"; head -n 5 "$work/log"; } >>"$found"
done <"$work/headers"
report "every header compiles alone, twice"

# Symbols that the compiler's sanitizers add are not ours.
"$AUFBAU_NM" -g "$AUFBAU_LIBRARY" 2>"$work/log" |
  awk 'NF == 3 && $2 ~ /^[A-TV-Z]$/ && $3 !~ /^_?afb_/ && $3 !~ /^(__odr_asan|__asan|__ubsan|__gcov)/ { print $3 }' >"$found"
[ -s "$AUFBAU_LIBRARY" ] || echo "no library $AUFBAU_LIBRARY" >>"$found"
report "every external symbol begins with afb_"

# Only one file of src/app ends the program; the library does not write to standard output.
: >"$work/enders"
while read -r file; do
  bare "$file" >"$work/bare"
  if grep -qE '\b(exit|_exit|_Exit|quick_exit|abort|MPI_Abort)[[:space:]]*\(' "$work/bare"; then
    case $file in
      src/app/*) echo "$file" >>"$work/enders" ;;
      *) echo "$file" >>"$found" ;;
    esac
  fi
  case $file in
    src/app/* | src/report/*) ;;
    *) grep -qE '\b(printf|puts|putchar|vprintf)[[:space:]]*\(|\bstdout\b' "$work/bare" && echo "$file" >>"$work/printers" ;;
  esac
done <"$work/code"
[ "$(wc -l <"$work/enders")" -le 1 ] || cat "$work/enders" >>"$found"
report "the program is ended by one file of src/app"
[ ! -f "$work/printers" ] || cp "$work/printers" "$found"
report "only src/app and src/report write to standard output"

while read -r file; do
  lines=$(wc -l <"$AUFBAU_SOURCE/$file")
  [ "$lines" -le 800 ] || echo "$file: $lines lines"
done <"$work/code" >"$found"
report "no source file is longer than 800 lines"

# Patterns are put together here so that this file does not match them.
scan() {
  while read -r file; do
    [ ! -f "$AUFBAU_SOURCE/$file" ] || grep -InEH "$1" "$AUFBAU_SOURCE/$file"
  done <"$work/files" | sed "s|^$AUFBAU_SOURCE/||" >"$found"
}
scan '(^|[^A-Za-z0-9_.~-])/(wo''rk|ro''ot|ho''me|Us''ers|scra''tch)(/|$)|/t''mp/wt-'
report "no tracked file names a folder of one machine"
scan '\b(TO''DO|FIX''ME|X''XX|HA''CK)\b|\b[Ss]t''ub(s|bed)?\b|\b[Nn]ot (yet )?imple''mented\b'
report "no tracked file speaks of unfinished work"
