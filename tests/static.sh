#!/bin/sh
# cppcheck and clang-tidy over src: `make check-static`. Exit status 1 when one of them finds something; what is let pass is in .clang-tidy and
# tests/cppcheck.supp, with reasons. Some twelve core-minutes. AUFBAU_STATIC: files in place of all.
set -u
: "${AUFBAU_SOURCE:?}" "${AUFBAU_COMPILE:?}"
flags=$(echo " $AUFBAU_COMPILE" | tr ' ' '\n' | grep -E '^-(D|I|std)' | tr '\n' ' ')
system=$(echo " $AUFBAU_COMPILE" | sed 's/-isystem /-isystem/g' | tr ' ' '\n' | grep '^-isystem' | tr '\n' ' ')
mpi=$(mpicc --showme:compile 2>/dev/null || mpicc -compile_info | tr ' ' '\n' | grep '^-I' | tr '\n' ' ')
cd "$AUFBAU_SOURCE" || exit 99
files=${AUFBAU_STATIC:-$(ls src/*/*.c)}
status=0
if command -v cppcheck >/dev/null; then
  # shellcheck disable=SC2086 # words
  cppcheck -q --std=c11 --enable=warning,performance,portability --suppress=missingIncludeSystem --suppressions-list=tests/cppcheck.supp \
    --error-exitcode=1 -I src -D__GNUC__=12 $files || status=1
else
  echo 'cppcheck is not here: skipped'
fi
if command -v clang-tidy >/dev/null; then
  # shellcheck disable=SC2086 # words
  echo $files | tr ' ' '\n' | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 sh -c 'flags=$0; clang-tidy --quiet "$@" -- $flags 2>/dev/null' "$flags $system $mpi" || status=1
else
  echo 'clang-tidy is not here: skipped'
fi
exit $status
