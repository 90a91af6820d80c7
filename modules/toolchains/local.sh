# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# One machine: packages of the distribution, no modules. Tested on Debian 12.
. "$(dirname -- "${BASH_SOURCE[0]}")/../../jobscripts/local/mpi.sh"
configure_options=()
