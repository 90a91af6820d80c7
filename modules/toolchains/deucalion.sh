# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# Deucalion: GNU compilers, Open MPI, from EasyBuild. Untested. Built on a node of the partition it is to run on, in an interactive job.
. "$(dirname -- "${BASH_SOURCE[0]}")/foss.sh"
case $(uname -m) in
  aarch64) configure_options=(--with-arch=armv8.2-a+sve) ;;
  *) configure_options=(--with-arch=znver2) ;;
esac
