# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# JUPITER: GNU compilers, Open MPI, aarch64. Untested. libfyaml comes from EasyBuild (modules/packaging).
module load Stages/2025 GCC OpenMPI HDF5 OpenBLAS ScaLAPACK PETSc SLEPc
configure_options=(--with-arch=armv9-a)
