#!/bin/sh
# Configures and builds in AUFBAU_BUILD (default: build, in the checkout). Arguments go to configure, which runs again
# when there are any. Says one line on success; on failure shows the end of what the tools said.
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${AUFBAU_BUILD:-$source/build}

fail() {
  tail -n 40 "$log" >&2
  echo "build: $1 failed; all of its output: $log" >&2
  exit 1
}

if [ -f "$source/config.status" ]; then
  echo "build: this checkout was configured in place; \`make distclean\` there first" >&2
  exit 1
fi
mkdir -p "$build"
build=$(CDPATH='' cd -- "$build" && pwd)
log=$build/build.log
: >"$log"
if [ ! -x "$source/configure" ] || [ ! -f "$source/Makefile.in" ]; then
  (cd "$source" && autoreconf -fi) >>"$log" 2>&1 || fail autoreconf
fi
cd "$build"
if [ ! -f Makefile ] || [ $# -gt 0 ]; then
  "$source/configure" -q "$@" >>"$log" 2>&1 </dev/null || fail configure
fi
make -j"$(getconf _NPROCESSORS_ONLN)" >>"$log" 2>&1 </dev/null || fail make
echo "build: $build/aufbau"
