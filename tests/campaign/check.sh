# To be sourced by tests of campaigns: a folder of their own, and check NAME STATUS, an assertion in TAP.
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
failures=0
tests=0

check() {
  tests=$((tests + 1))
  if [ "$2" = 0 ]; then echo "ok $tests - $1"; else echo "not ok $tests - $1"; failures=$((failures + 1)); fi
}
