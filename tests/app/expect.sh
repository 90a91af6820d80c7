# To be sourced by tests of commands: a folder of their own to work in, and two kinds of assertion in TAP.
work=$(mktemp -d "${TMPDIR:-/tmp}/aufbau-test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
n=0

# expect STATUS TEXT WORD ...: runs `aufbau WORD ...`; TEXT must be in its output
expect() {
  n=$((n + 1))
  want=$1 text=$2
  shift 2
  ${ranks:+$AUFBAU_MPI $ranks} "$AUFBAU" "$@" >out 2>err </dev/null
  status=$?
  if test $status = "$want" && cat out err | grep -qF -- "$text"; then
    echo "ok $n - ${ranks:+on $ranks ranks: }aufbau $*"
  else
    echo "not ok $n - ${ranks:+on $ranks ranks: }aufbau $*"
    echo "# exit status $status, wanted $want and \"$text\""
    cat out err | sed 's/^/# /'
  fi
}

# check NAME CONDITION ...
check() {
  n=$((n + 1))
  name=$1
  shift
  if "$@"; then echo "ok $n - $name"; else echo "not ok $n - $name"; fi
}
