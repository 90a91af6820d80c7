# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# Discoverer: GNU compilers, Open MPI. Untested: `module avail` says the versions. What has no module comes from Spack (modules/packaging).
module load gcc openmpi hdf5 openblas scalapack petsc slepc
configure_options=(--with-arch=znver2)
