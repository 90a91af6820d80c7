#!/bin/bash -l
# build.sh SITE [OPTION OF configure ...]: loads the site's toolchain, configures and builds in AUFBAU_BUILD (default: build, in the
# checkout). To be run where the compilers of the compute nodes are: a login node, or a compute node where the two differ (Deucalion).
. "$(dirname -- "$0")/common/sites.sh"
set -eo pipefail
site=${1-}
check_site "$site"
shift
configure_options=()
. "$root/modules/toolchains/$site.sh"
exec "$root/jobscripts/local/build.sh" "${configure_options[@]}" "$@"
