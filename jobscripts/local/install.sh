#!/bin/sh
# Installs the packages that Aufbau needs and that are missing, by name, on Debian and its relatives. Nothing to do: says
# so and asks for nothing. Otherwise it must run as root, or sudo must be there.
# install.sh tests: also what some tests are skipped without, Lmod and a Slurm; no harm where these cannot be had.
set -eu

packages='libopenmpi-dev openmpi-bin libhdf5-openmpi-dev hdf5-tools libscalapack-openmpi-dev libpetsc-real-dev
  libslepc-real-dev libopenblas-dev libfyaml-dev libcmocka-dev libgsl-dev autoconf automake pkg-config gcc libc6-dev
  make xz-utils git'
wanted=
if [ "${1-}" = tests ]; then
  wanted='slurm-wlm munge'
  # The two cannot be installed beside each other; either serves.
  [ -f /usr/share/modules/init/sh ] || wanted="$wanted lmod"
fi

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
  echo "install: no apt-get here; configure will say what is missing (README lists what Aufbau needs)"
  exit 0
fi

# The packages of those named that are not installed
missing_of() {
  for package in "$@"; do
    # pkg-config became the name of a package that pkgconf provides.
    case $(dpkg-query -W -f '${Status} ' "$package" 2>/dev/null || true) in
      *'ok installed'*) ;;
      *) [ "$package" = pkg-config ] && command -v pkg-config >/dev/null 2>&1 || printf ' %s' "$package" ;;
    esac
  done
}
# shellcheck disable=SC2086 # lists of words
missing=$(missing_of $packages) wanted=$(missing_of $wanted)
if [ -z "$missing$wanted" ]; then
  echo "install: every package is present"
  exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
  root=
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
  root=sudo
else
  [ -n "$missing" ] || { echo "install: without$wanted some tests are skipped"; exit 0; }
  echo "install: missing packages, and neither root nor sudo to install them. Ask an administrator for:" >&2
  echo "  apt-get install --no-install-recommends$missing" >&2
  exit 1
fi

echo "install:$missing$wanted"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null >>"$log" 2>&1; }
# A list of packages that cannot be brought up to date matters only if the installation then fails.
apt update || true
# shellcheck disable=SC2086 # lists of words
if [ -n "$wanted" ] && apt install --no-install-recommends --no-remove $missing $wanted; then
  exit 0
fi
[ -z "$wanted" ] || echo "install: without$wanted some tests are skipped"
# shellcheck disable=SC2086
if [ -n "$missing" ] && ! apt install --no-install-recommends $missing; then
  tail -n 20 "$log" >&2
  echo "install: apt-get could not install$missing" >&2
  exit 1
fi
