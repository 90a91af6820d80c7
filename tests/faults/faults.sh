#!/bin/sh
# One fault at each place of the program that can fail: tests/faults/inject.c fails one call, once, in a run of one of the small commands of
# tests/faults/cases.sh. Afterwards nothing may hang, crash or be silently wrong, what was stored must be readable, texts whole, and the
# same command must come to the result that it gives without a fault. As TAP.
#   faults.sh [all | STRIDE]   every site, or every STRIDE-th (default); AUFBAU_TABLE: the summary goes into this file, between its marks
# AUFBAU_FAULT_CASES: only these cases; AUFBAU_FAULT_CALLS: only calls that match. AUFBAU_KEEP: a folder that keeps what went wrong.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}" "${AUFBAU_MPI:?}"
here=$AUFBAU_SOURCE/tests/faults
limit=${AUFBAU_FAULT_LIMIT:-30}
clean=$AUFBAU program=$(dirname "$AUFBAU")/tests/faults/aufbau
failures='resource_limit|infeasible|ci_failure|engine_failed'
AUFBAU_TEST_TIMEOUT=$limit
export AUFBAU_TEST_TIMEOUT
work=${AUFBAU_FAULT_WORK:-}
. "$here/cases.sh"

# start CASE PROGRAM: the command of a case in the working directory; its exit status
start() {
  ranks=$(ranks_of "$1")
  test -d bin && PATH=$PWD/bin:$PATH
  # shellcheck disable=SC2046 # words
  $AUFBAU_MPI "$ranks" "$2" $(command_of "$1") >out 2>err </dev/null
}

# What was said, but for what mpirun adds.
said() { for file in err out; do sed '/^-----/,$d' $file; done | grep -v '^ *$'; }

# Whether every line of the first is in the second.
within() { test -z "$(printf '%s\n' "$1" | LC_ALL=C comm -23 - "$2")"; }

# judge CASE RANK SITE: prints the verdict
judge() {
  start "$1" "$program"
  status=$?
  cp err err.fault
  test -e log."$2" || { echo 'not reached'; return; }
  rm -f log.*
  case $status in
    124 | 137) echo "BAD hangs"; return ;;
    0 | 1 | 2 | 75) ;;
    *) echo "BAD exit status $status: $(said | head -n 1)"; return ;;
  esac
  if test $status = 0; then
    result_of "$1" >result 2>&1
    if cmp -s result "$work/result/$1"; then
      set -- "$@" absorbed
    elif grep -Eq ",($failures)\$" result && ! grep -Ev ",($failures)\$" result | LC_ALL=C comm -23 - "$work/result/$1" | grep -q .; then
      echo 'one run failed'
      return
    else
      echo 'BAD wrong without a word'
      return
    fi
  else
    test -n "$(said)" || { echo "BAD exit status $status without a message"; return; }
    case $1 in
      atom | slepc | scalapack | files | grasp)
        test $status = 2 && runs 2>/dev/null | grep -Eq ",($failures)\$" && { echo 'one run failed'; return; } ;;
    esac
    set -- "$@" "status $status"
    if test -e out.h5; then
      case $1 in
        campaign | resume) within "$(runs 2>&1)" "$work/result/$1" || { echo 'BAD the file is not what it should be'; return; } ;;
        *) h5dump -H out.h5 >dump 2>&1 || { echo 'BAD the file cannot be read'; return; } ;;
      esac
    fi
    for text in $(texts_of "$1"); do
      test -e "$text" || test -e "$work/make/$1/$text" || continue
      cmp -s "$text" "$work/make/$1/$text" && continue
      steady "$1" "$work/try/$1/$text" >whole
      steady "$1" "$text" 2>&1 | cmp -s - whole || { echo "BAD $text is not whole"; return; }
    done
    start "$1" "$clean" || { echo "BAD it does not go on after status $status: $(said | head -n 1)"; return; }
    result_of "$1" >result 2>&1
    cmp -s result "$work/result/$1" || { echo "BAD another result when it goes on after status $status"; return; }
  fi
  for left in ./*.tmp ./*.journal ./*.new ./*.validation ./*.training ./aufbau-*; do
    test ! -e "$left" || grep -q "${left#./} .*cannot be removed" err.fault || { echo "BAD $left is left over after $4"; return; }
  done
  echo "$4"
}

# one CASE RANK SITE CALL: a line of the table of results
if test "${1:-}" = one; then
  cp -R "$work/make/$2" "$work/try/$2.$4" && cd "$work/try/$2.$4" || exit 99
  AUFBAU_FAULT_LOG=log AUFBAU_FAULT=$3:$4
  export AUFBAU_FAULT_LOG AUFBAU_FAULT
  verdict=$(judge "$2" "$3" "$4")
  echo "$2,$3,$4,$5,$verdict"
  cd "$work" || exit 99
  case $verdict in BAD*) test -n "${AUFBAU_KEEP:-}" && cp -R "$work/try/$2.$4" "$AUFBAU_KEEP" ;; esac
  rm -rf "$work/try/$2.$4"
  exit 0
fi

begin=$(date +%s)
work=$(mktemp -d "${TMPDIR:-/tmp}/aufbau-faults.XXXXXX") || exit 99
test -n "${AUFBAU_FAULT_DEBUG:-}" || trap 'rm -rf "$work"' EXIT
AUFBAU_FAULT_WORK=$work
export AUFBAU_FAULT_WORK
mkdir "$work/make" "$work/sites" "$work/result" "$work/try"
stride=${1:-97}
test "$stride" = all && stride=1
: "${AUFBAU_KEEP:=}"
test -z "$AUFBAU_KEEP" || mkdir -p "$AUFBAU_KEEP"

# Without faults: the result, and the sites that each case comes by.
for case in ${AUFBAU_FAULT_CASES:-$cases}; do
  mkdir "$work/make/$case" "$work/try/$case" && cd "$work/make/$case" || exit 99
  "make_$case"
  cp -R . "$work/try/$case" && cd "$work/try/$case" || exit 99
  if ! AUFBAU_FAULT=list AUFBAU_FAULT_LOG="$work/sites/$case" start "$case" "$program"; then
    echo "Bail out! $case does not work without faults"
    cat out err
    exit 1
  fi
  result_of "$case" >"$work/result/$case"
done

# Each site once: in the first case that comes by, on its ranks in turn.
cd "$work" || exit 99
for case in ${AUFBAU_FAULT_CASES:-$cases}; do
  for file in sites/"$case".*; do
    sed "s/^/$case ${file##*.} /" "$file"
  done
done | awk '
  !($3 in case_of) { order[++n] = $3; case_of[$3] = $1; call[$3] = $4 }
  case_of[$3] == $1 { ranks[$3] = ranks[$3] " " $2 }
  END {
    for (i = 1; i <= n; i++) {
      s = order[i]
      split(ranks[s], r, " ")
      print case_of[s], r[i % length(r) + 1], s, call[s]
    }
  }' >sites.known
grep -E " (${AUFBAU_FAULT_CALLS:-.*})\$" sites.known | awk -v stride="$stride" 'NR % stride == 0' >sites.all
xargs -r -P 2 -L 1 sh "$here/faults.sh" one <sites.all >verdicts
cut -d, -f3 verdicts | sed 's/^/0x/' | addr2line -s -f -e "$program" | paste -d' ' - - >places
paste -d, verdicts places | LC_ALL=C sort >all
awk -F, '
  { bad = $5 ~ /^BAD/; print (bad ? "not ok " : "ok ") NR " - " $4 " in " $6 " (" $1 ", rank " $2 "): " $5 }
  END { print "1.." NR }' all

if test -n "${AUFBAU_TABLE:-}"; then
  total=$(awk 'END { print NR }' sites.known)
  {
    echo "Written by \`make table-faults\` on $(date -u +%Y-%m-%d): $(wc -l <all) of the $total sites that the commands of tests/faults/cases.sh"
    echo "come by, in $(($(date +%s) - begin)) s."
    echo
    awk -F, '
      function kind(call) {
        if (call ~ /^(malloc|calloc|realloc|aligned_alloc|strdup|strndup|open_memstream)$/) return "memory"
        if (call ~ /^H5/) return "HDF5"
        if (call ~ /^MPI/) return "MPI"
        if (call ~ /_$|^EPS|^Mat|^Vec|^Slepc/) return "numerical libraries"
        return "files and processes"
      }
      {
        k = kind($4); n[k]++; n["all"]++
        v = $5 ~ /^status/ ? "ended" : $5 == "absorbed" ? "same" : $5 == "one run failed" ? "failed" : $5 == "not reached" ? "missed" : "bad"
        count[k, v]++; count["all", v]++
        if (v == "bad") worst = worst sprintf("* `%s` in `%s` (%s, rank %s): %s\n", $4, $6, $1, $2, substr($5, 5))
      }
      END {
        print "| call that fails | sites | the command ends with a message, and continues | one run of the campaign fails | no difference | not met again | **not handled** |"
        print "|---|---|---|---|---|---|---|"
        split("memory,files and processes,HDF5,MPI,numerical libraries,all", kinds, ",")
        for (i = 1; i <= 6; i++) { k = kinds[i]; if (n[k]) printf "| %s | %d | %d | %d | %d | %d | %d |\n", k, n[k], count[k, "ended"], count[k, "failed"], count[k, "same"], count[k, "missed"], count[k, "bad"] }
        if (worst) printf "\nNot handled:\n\n%s", worst
      }' all
  } >rows
  sed -e '/^<!-- faults -->$/,/^<!-- end of faults -->$/{//!d' -e '}' "$AUFBAU_TABLE" | sed -e '/^<!-- faults -->$/r rows' >new && cat new >"$AUFBAU_TABLE"
fi
