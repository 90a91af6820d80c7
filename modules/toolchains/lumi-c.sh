# shellcheck shell=bash disable=SC2034 # configure_options is for build.sh
# LUMI-C: HPE Cray, GNU compilers. Untested. PETSc, SLEPc and libfyaml come from EasyBuild (modules/packaging); libsci has BLAS and
# ScaLAPACK, and the compiler wrapper links it and HDF5.
module load LUMI/24.03 partition/C cpeGNU/24.03 cray-hdf5-parallel
module load PETSc/3.21.5-cpeGNU-24.03-OpenMP SLEPc/3.21.0-cpeGNU-24.03-OpenMP libfyaml/0.9-cpeGNU-24.03
configure_options=(CC=cc --with-arch=znver3 "OPENBLAS_CFLAGS= " "OPENBLAS_LIBS= ")
