#!/bin/sh
# Builds with the address and undefined-behaviour sanitizers in ./sanitizers of the current folder and runs every test there.
# `make check-sanitizers` calls this. What MPI and its plug-ins leak is not ours (tests/lsan.supp).
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
mkdir -p sanitizers
cd sanitizers
[ -f Makefile ] || "$source/configure" -q --enable-sanitizers "$@"
make -j"$(getconf _NPROCESSORS_ONLN)"
make -j"$(getconf _NPROCESSORS_ONLN)" check TESTS=
LSAN_OPTIONS="suppressions=$source/tests/lsan.supp:print_suppressions=0" \
UBSAN_OPTIONS=print_stacktrace=1 \
ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0 \
AUFBAU_TEST_TIMEOUT="${AUFBAU_TEST_TIMEOUT:-1800}" make -k check VERBOSE=1
