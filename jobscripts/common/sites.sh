# shellcheck shell=bash
# To be sourced, from bash: the sites, and what is the matter with a request. root: the checkout.
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

fail() {
  echo "$(basename -- "$0"): $1" >&2
  exit 1
}

list_sites() {
  local file
  for file in "$root"/jobscripts/*/site.sh; do basename -- "$(dirname -- "$file")"; done | tr '\n' ' '
}

check_site() {
  [ -n "$1" ] && [ -f "$root/jobscripts/$1/site.sh" ] || fail "there is no site \"$1\"; sites: $(list_sites)"
}

# check_choice NAME VALUE FORM ...: VALUE must be set, and match one of the FORMs, which are patterns of the shell.
check_choice() {
  local name=$1 value=$2 form
  shift 2
  [ "$value" != SET-ME ] && [ -n "$value" ] ||
    fail "$site: the $name is not set: give --$name, or write it into jobscripts/$site/site.sh (here: $*)"
  for form in "$@"; do
    # shellcheck disable=SC2254 # a pattern
    case $value in $form) return ;; esac
  done
  fail "$site: the $name \"$value\" is not of this site (here: $*; if the site has another now, correct jobscripts/$site/site.sh)"
}
