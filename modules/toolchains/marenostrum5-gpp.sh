# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# MareNostrum 5 GPP: GNU compilers, Open MPI. Untested: `module avail` says the versions; the default is Intel.
# What has no module comes from Spack (modules/packaging).
module purge
module load gcc openmpi hdf5 openblas scalapack petsc slepc
configure_options=(--with-arch=sapphirerapids)
