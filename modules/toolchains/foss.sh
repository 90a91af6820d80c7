# shellcheck shell=bash
# To be sourced by sites whose software EasyBuild installs: what modules/packaging/easybuild names, of foss 2023b.
module load foss/2023b HDF5/1.14.3-gompi-2023b PETSc/3.20.3-foss-2023b SLEPc/3.20.1-foss-2023b libfyaml/0.9-GCCcore-13.2.0
