#!/bin/sh
# configure refuses an HDF5 without parallel I/O, by name and with what to do, and accepts the one that it was given.
set -u
: "${AUFBAU_SOURCE:?}"
echo 1..2
if [ -f "$AUFBAU_SOURCE/config.status" ]; then
  echo "ok 1 - # SKIP the source was configured in place"
  echo "ok 2 - # SKIP the source was configured in place"
  exit 0
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/include" "$work/build"
# What a serial build's header lacks is H5_HAVE_PARALLEL.
cat >"$work/include/hdf5.h" <<'H'
#define H5_VERS_MAJOR 1
typedef long long hid_t;
H
cd "$work/build" || exit 99
if env HDF5_CFLAGS="-I$work/include" HDF5_LIBS=-lm "$AUFBAU_SOURCE/configure" -q >log 2>&1 </dev/null; then
  echo "not ok 1 - configure refuses a serial HDF5"
else
  echo "ok 1 - configure refuses a serial HDF5"
fi
if grep -q 'HDF5 with parallel I/O is required.*libhdf5-openmpi-dev.*HDF5_CFLAGS' log && [ ! -f Makefile ]; then
  echo "ok 2 - the message says what to install or set"
else
  echo "not ok 2 - the message says what to install or set"
  tail -n 5 log | sed 's/^/# /'
fi
