#!/bin/sh
# The modulefiles that configure made, installed and loaded for real: under Lmod (its own, and the one in Tcl), under Environment Modules.
# What is not installed here is skipped.
set -u
: "${AUFBAU:?}" "${AUFBAU_SOURCE:?}"
. "$AUFBAU_SOURCE/tests/app/expect.sh"

# Lmod of Debian, or of LMOD_PKG; Environment Modules of Debian, or of MODULESHOME.
lmod=
for folder in "${LMOD_PKG-}" /usr/share/lmod/lmod /usr/share/lmod/[0-9]*; do
  [ -z "$lmod" ] && [ -f "$folder/init/bash" ] && [ -f "$folder/libexec/lmod" ] && lmod=$folder
done
tcl=
for folder in "${MODULESHOME-}" /usr/share/modules; do
  [ -z "$tcl" ] && [ -f "$folder/init/bash" ] && [ ! -f "$folder/libexec/lmod" ] && tcl=$folder
done

build=${AUFBAU%/aufbau}
# -o: nothing is built anew because the revision has changed since; other tests may be using the program.
env -u MAKEFLAGS -u MFLAGS make -s -C "$build" -o revision.h install-exec-am install-data-am DESTDIR="$work/installed" >make.log 2>&1
check "make install" test $? -eq 0
prefix=$(sed -n 's/^prefix=//p' "$build/modules/aufbau.pc")
version=$("$AUFBAU" --version | sed -n '1s/^aufbau \([^ ]*\).*/\1/p')
files=$work/installed$prefix/share/modulefiles/aufbau

check "both modulefiles are where modules look for them" test -f "$files/$version" -a -f "$files/$version.lua"
# The prefix of this build is where `make install` without DESTDIR would put it.
mkdir -p lua/aufbau lua/other tcl/aufbau tcl/other
sed "s|\"$prefix/|\"$work/installed$prefix/|" "$files/$version.lua" >"lua/aufbau/$version.lua"
sed "s| $prefix/| $work/installed$prefix/|" "$files/$version" >"tcl/aufbau/$version"
sed "s|$version|0.0|" "lua/aufbau/$version.lua" >lua/aufbau/0.0.lua
sed "s|$version|0.0|" "tcl/aufbau/$version" >tcl/aufbau/0.0
echo 'family("aufbau")' >lua/other/1.lua
printf '#%%Module1.0\nif { [info commands family] ne "" } { family aufbau } else { conflict aufbau }\n' >tcl/other/1

# say WORD ...: what bash prints, with `module` of $init and the modulefiles of $use.
say() { env -u LOADEDMODULES -u _LMFILES_ MODULEPATH="$use" bash --norc -c ". '$init' >/dev/null 2>&1; $1" 2>&1; }

has() { say "$1" | grep -qF -- "$2"; }
has_not() { ! has "$1" "$2"; }

# Some refuse the second, others put it in the place of the first.
not_both() {
  [ "$(say "module load aufbau/$version; module load $1; echo :\$LOADEDMODULES" | grep '^:' | tr : '\n' | grep -cx -e "aufbau/$version" -e "$1.*")" -eq 1 ]
}

load_and_unload() {
  check "$1: loads, and the program answers" has "module load aufbau/$version && aufbau --version" "aufbau $version"
  check "$1: it is the installed one" has "module load aufbau/$version; command -v aufbau" "$work/installed$prefix/bin/aufbau"
  check "$1: MANPATH" has "module load aufbau/$version; echo \$MANPATH" "$work/installed$prefix/share/man"
  check "$1: PKG_CONFIG_PATH" has "module load aufbau/$version; pkg-config --modversion aufbau" "$version"
  check "$1: one BLAS thread a rank" has "module load aufbau/$version; echo threads=\$OPENBLAS_NUM_THREADS" threads=1
  check "$1: help" has "module help aufbau/$version" "aufbau --help"
  check "$1: whatis" has "module whatis aufbau/$version" "MCDHF campaigns"
  check "$1: unloads without a trace" has_not "module load aufbau/$version; module unload aufbau; echo \$PATH \$MANPATH" "$work/installed"
  check "$1: not beside another of its family" not_both other
  check "$1: not beside another version" not_both aufbau/0.0
}

skip() { n=$((n + 1)); echo "ok $n - # SKIP $1"; }

if [ -n "$lmod" ]; then
  init=$lmod/init/bash
  use=$work/lua
  load_and_unload Lmod
  use=$work/tcl
  load_and_unload "Tcl under Lmod"
else
  skip "no Lmod: jobscripts/local/install.sh tests"
fi
if [ -n "$tcl" ]; then
  init=$tcl/init/bash
  use=$work/tcl
  load_and_unload "Environment Modules"
else
  skip "no Environment Modules"
fi
echo "1..$n"
