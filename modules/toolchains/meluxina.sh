# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# MeluXina: GNU compilers, Open MPI, from EasyBuild. Untested.
. "$(dirname -- "${BASH_SOURCE[0]}")/foss.sh"
configure_options=(--with-arch=znver2)
