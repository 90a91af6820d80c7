# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# Leonardo DCGP: GNU compilers, Open MPI. Untested: names of modules change with every stack, `modmap -m petsc` finds them.
# SLEPc and libfyaml come from Spack (modules/packaging).
module load gcc openmpi hdf5 openblas netlib-scalapack petsc
configure_options=(--with-arch=sapphirerapids)
