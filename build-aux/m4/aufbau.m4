dnl Checks for what Aufbau is built on. Each says what is missing and how to get it on Debian.
dnl Headers of other projects are system headers here, so that our warnings stay ours.

AC_DEFUN([AFB_AS_SYSTEM], [$1=`AS_ECHO(["$[$1] "]) | sed 's/-I/-isystem /g'`])

dnl AFB_REQUIRE_PKG(VARIABLE, NAMES, DEBIAN-PACKAGE): the first name that pkg-config knows. It is not asked where VARIABLE_LIBS is
dnl given; ' ' for what a compiler wrapper links of itself (cc of HPE Cray: libsci).
AC_DEFUN([AFB_REQUIRE_PKG], [
  afb_found=no
  AS_IF([test -n "$[$1]_LIBS"], [afb_found=yes; afb_pkg=given; $1_CFLAGS="$[$1]_CFLAGS "])
  for afb_name in $2; do
    AS_IF([test $afb_found = no],
      [PKG_CHECK_EXISTS([$afb_name], [afb_found=yes; afb_pkg=$afb_name])])
  done
  AS_IF([test $afb_found = no],
    [AC_MSG_ERROR([$2 not found by pkg-config (Debian: $3; elsewhere: extend PKG_CONFIG_PATH, or set $1_CFLAGS and $1_LIBS)])])
  PKG_CHECK_MODULES([$1], [$afb_pkg])
  AFB_AS_SYSTEM([$1_CFLAGS])
])

AC_DEFUN([AFB_REQUIRE_MPI], [
  AC_MSG_CHECKING([whether $CC compiles MPI programs])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>]], [[MPI_Init(0, 0); MPI_Finalize();]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([no MPI: install libopenmpi-dev or set CC to the MPI compiler wrapper])])
])

AC_DEFUN([AFB_REQUIRE_HDF5_PARALLEL], [
  afb_found=no
  for afb_name in hdf5-openmpi hdf5-mpich hdf5-mpi hdf5; do
    AS_IF([test $afb_found = no],
      [PKG_CHECK_EXISTS([$afb_name], [afb_found=yes; afb_pkg=$afb_name])])
  done
  AS_IF([test $afb_found = yes], [PKG_CHECK_MODULES([HDF5], [$afb_pkg])],
    [: ${HDF5_CFLAGS=} ${HDF5_LIBS=-lhdf5}])
  AC_SUBST([HDF5_CFLAGS])
  AC_SUBST([HDF5_LIBS])
  AFB_AS_SYSTEM([HDF5_CFLAGS])
  AC_MSG_CHECKING([for parallel HDF5])
  afb_save_CPPFLAGS=$CPPFLAGS
  afb_save_LIBS=$LIBS
  CPPFLAGS="$HDF5_CFLAGS $CPPFLAGS"
  LIBS="$HDF5_LIBS $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <hdf5.h>
#ifndef H5_HAVE_PARALLEL
#error serial
#endif]], [[H5Pset_fapl_mpio(H5Pcreate(H5P_FILE_ACCESS), MPI_COMM_WORLD, MPI_INFO_NULL);]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([HDF5 with parallel I/O is required and was not found (Debian: libhdf5-openmpi-dev; elsewhere: set HDF5_CFLAGS and HDF5_LIBS to a build made with --enable-parallel)])])
  CPPFLAGS=$afb_save_CPPFLAGS
  LIBS=$afb_save_LIBS
])

AC_DEFUN([AFB_REQUIRE_SCALAPACK], [
  afb_save_LIBS=$LIBS
  LIBS="$OPENBLAS_LIBS $LIBS"
  AC_SEARCH_LIBS([pdsyevx_], [scalapack scalapack-openmpi scalapack-mpich sci_gnu_mpi sci_cray_mpi],
    [AS_CASE([$ac_cv_search_pdsyevx_], ["none required"], [SCALAPACK_LIBS=], [SCALAPACK_LIBS=$ac_cv_search_pdsyevx_])],
    [AC_MSG_ERROR([ScaLAPACK not found (Debian: libscalapack-openmpi-dev; elsewhere: put its -l in LIBS)])])
  LIBS=$afb_save_LIBS
  AC_SUBST([SCALAPACK_LIBS])
])

dnl AFB_SPELT_OUT(NAME, FOLDER): substitutes FOLDER without variables in it; afb_prefix is the prefix.
AC_DEFUN([AFB_SPELT_OUT],
  [AC_SUBST([$1], [`prefix=$afb_prefix; exec_prefix=$afb_prefix; datarootdir=$datarootdir; eval eval echo $2`])])
