/* Fallible calls that fail on request. The linker hands every call of the program's own objects to one of the functions below
 * (--wrap, tests/faults/module.am), which stand for nearly every call of the program that can fail: memory, files, HDF5, MPI-IO, LAPACK,
 * PETSc. Shared libraries call the true ones.
 *
 * A site is a place in the program, known by its address in the file of the program.
 *   AUFBAU_FAULT=list          nothing fails; each rank writes the sites that it came by to $AUFBAU_FAULT_LOG.RANK: address, call
 *   AUFBAU_FAULT=RANK:SITE[:N] the N-th call (default 1) from SITE fails on RANK, and this is noted in $AUFBAU_FAULT_LOG.RANK
 * How it fails: FAIL, the call is not made; UNDO, it is made and what it made is given back; LATE, it is made and failure reported, as
 * a disk does that finds out late; ALL, it is not made, and on no rank: calls that no rank can leave without the others. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <hdf5.h>
#include <link.h>
#include <mpi.h>
#include <slepceps.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_SITES = 8192 };
static struct {
  uintptr_t address;
  const char *name;
} site[MOST_SITES];
static enum { NOT_ASKED, IDLE, LISTING, ARMED, DONE } state;
static uintptr_t chosen, base;
static long left = 1;
static int rank, chosen_rank;
static char path[4096];

static int first_object(struct dl_phdr_info *info, size_t size, void *data)
{
  (void)size;
  (void)data;
  base = info->dlpi_addr;
  return 1;
}

static void begin(void)
{
  const char *fault = getenv("AUFBAU_FAULT"), *log = getenv("AUFBAU_FAULT_LOG"), *number = getenv("OMPI_COMM_WORLD_RANK");
  state = IDLE;
  if (!fault || !*fault || !log)
    return;
  number = number ? number : getenv("PMI_RANK");
  rank = number ? atoi(number) : 0;
  snprintf(path, sizeof path, "%s.%d", log, rank);
  dl_iterate_phdr(first_object, NULL);
  unsigned long address = 0;
  if (strcmp(fault, "list") == 0)
    state = LISTING;
  else if (sscanf(fault, "%d:%lx:%ld", &chosen_rank, &address, &left) >= 2)
    state = ARMED;
  chosen = address;
}

int __real_open(const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t size);
int __real_close(int fd);

static void note(uintptr_t address, const char *name)
{
  char line[128];
  int fd = __real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  int n = snprintf(line, sizeof line, "%lx %s\n", (unsigned long)address, name);
  if (fd < 0 || __real_write(fd, line, (size_t)n) != n)
    abort();
  __real_close(fd);
}

/* Whether this call fails; `all`: on every rank. */
static int fails(const char *name, const void *caller, int all)
{
  if (state == NOT_ASKED)
    begin();
  if (state == IDLE || state == DONE)
    return 0;
  uintptr_t address = (uintptr_t)caller - base;
  if (state == LISTING) {
    size_t i = address % MOST_SITES;
    while (site[i].name && site[i].address != address)
      i = (i + 1) % MOST_SITES;
    if (!site[i].name) {
      site[i].address = address;
      site[i].name = name;
      note(address, name);
    }
    return 0;
  }
  if (address != chosen || (rank != chosen_rank && !all) || --left > 0)
    return 0;
  state = DONE;
  if (rank == chosen_rank)
    note(address, name);
  return 1;
}

#define HERE __builtin_return_address(0)
#define WRAP(type, name, parameters) \
  type __real_##name parameters;     \
  type __wrap_##name parameters;     \
  type __wrap_##name parameters
#define FAIL(type, name, parameters, arguments, failure, error) \
  WRAP(type, name, parameters)                                  \
  {                                                             \
    if (!fails(#name, HERE, 0))                                 \
      return __real_##name arguments;                           \
    errno = error;                                              \
    return failure;                                             \
  }
#define ALL(type, name, parameters, arguments, failure) \
  WRAP(type, name, parameters) { return fails(#name, HERE, 1) ? failure : __real_##name arguments; }
#define LATE(type, name, parameters, arguments, failure, error) \
  WRAP(type, name, parameters)                                  \
  {                                                             \
    type made = __real_##name arguments;                        \
    if (!fails(#name, HERE, 0))                                 \
      return made;                                              \
    errno = error;                                              \
    return failure;                                             \
  }
#define UNDO(name, parameters, arguments, undo) \
  WRAP(hid_t, name, parameters)                 \
  {                                             \
    hid_t made = __real_##name arguments;       \
    if (!fails(#name, HERE, 0))                 \
      return made;                              \
    if (made >= 0)                              \
      undo(made);                               \
    return H5I_INVALID_HID;                     \
  }

/* ---- Memory ---- */
FAIL(void *, malloc, (size_t n), (n), NULL, ENOMEM)
FAIL(void *, calloc, (size_t n, size_t size), (n, size), NULL, ENOMEM)
FAIL(void *, realloc, (void *p, size_t n), (p, n), NULL, ENOMEM)
FAIL(void *, aligned_alloc, (size_t alignment, size_t n), (alignment, n), NULL, ENOMEM)
FAIL(char *, strdup, (const char *s), (s), NULL, ENOMEM)
FAIL(char *, strndup, (const char *s, size_t n), (s, n), NULL, ENOMEM)
FAIL(FILE *, open_memstream, (char **p, size_t *n), (p, n), NULL, ENOMEM)

/* ---- Files ---- */
FAIL(FILE *, fopen, (const char *name, const char *mode), (name, mode), NULL, EMFILE)
FAIL(ssize_t, read, (int fd, void *data, size_t n), (fd, data, n), -1, EIO)
FAIL(ssize_t, pread, (int fd, void *data, size_t n, off_t at), (fd, data, n, at), -1, EIO)
FAIL(ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n), -1, ENOSPC)
FAIL(ssize_t, pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at), -1, ENOSPC)
FAIL(int, posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n), ENOSPC, 0)
FAIL(int, ftruncate, (int fd, off_t n), (fd, n), -1, EIO)
FAIL(int, truncate, (const char *name, off_t n), (name, n), -1, EIO)
FAIL(int, fsync, (int fd), (fd), -1, EIO)
FAIL(int, fdatasync, (int fd), (fd), -1, EIO)
FAIL(int, stat, (const char *name, struct stat *info), (name, info), -1, EACCES)
FAIL(int, fstat, (int fd, struct stat *info), (fd, info), -1, EIO)
FAIL(int, access, (const char *name, int how), (name, how), -1, EACCES)
FAIL(int, rename, (const char *from, const char *to), (from, to), -1, EACCES)
FAIL(int, link, (const char *from, const char *to), (from, to), -1, EACCES)
FAIL(int, unlink, (const char *name), (name), -1, EACCES)
FAIL(int, remove, (const char *name), (name), -1, EACCES)
FAIL(int, mkdir, (const char *name, mode_t mode), (name, mode), -1, EACCES)
FAIL(char *, mkdtemp, (char *name), (name), NULL, EACCES)
FAIL(int, rmdir, (const char *name), (name), -1, EACCES)
FAIL(DIR *, opendir, (const char *name), (name), NULL, EACCES)
FAIL(int, glob, (const char *pattern, int flags, int (*f)(const char *, int), glob_t *found), (pattern, flags, f, found), GLOB_NOSPACE, 0)
FAIL(int, fseek, (FILE *stream, long at, int whence), (stream, at, whence), -1, EIO)
FAIL(long, ftell, (FILE *stream), (stream), -1, EIO)
LATE(int, close, (int fd), (fd), -1, EIO)
LATE(int, fflush, (FILE *stream), (stream), EOF, ENOSPC)
LATE(int, fclose, (FILE *stream), (stream), EOF, ENOSPC)
FAIL(int, getrusage, (int who, struct rusage *usage), (who, usage), -1, EINVAL)
FAIL(int, posix_spawn, (pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
     char *const *arguments, char *const *environment), (pid, name, actions, attributes, arguments, environment), EAGAIN, EAGAIN)
FAIL(int, posix_spawnattr_init, (posix_spawnattr_t *attributes), (attributes), ENOMEM, ENOMEM)

WRAP(int, open, (const char *name, int flags, ...))
{
  va_list list;
  va_start(list, flags);
  unsigned mode = flags & O_CREAT ? va_arg(list, unsigned) : 0;
  va_end(list);
  if (!fails("open", HERE, 0))
    return __real_open(name, flags, mode);
  errno = EMFILE;
  return -1;
}

WRAP(int, fcntl, (int fd, int command, ...))
{
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (!fails("fcntl", HERE, 0))
    return __real_fcntl(fd, command, argument);
  errno = EIO;
  return -1;
}

/* Writes to streams are buffered: whether one failed is asked of the stream. One that failed stays failed. */
static FILE *broken;
WRAP(int, ferror, (FILE *stream))
{
  int failed = stream == broken || fails("ferror", HERE, 0);
  errno = failed ? EIO : errno;
  return failed || __real_ferror(stream);
}
WRAP(size_t, fread, (void *data, size_t size, size_t n, FILE *stream))
{
  if (!fails("fread", HERE, 0))
    return __real_fread(data, size, n, stream);
  broken = stream;
  errno = EIO;
  return 0;
}
WRAP(char *, fgets, (char *text, int n, FILE *stream))
{
  if (!fails("fgets", HERE, 0))
    return __real_fgets(text, n, stream);
  broken = stream;
  errno = EIO;
  return NULL;
}

/* ---- HDF5 ---- */
ALL(hid_t, H5Fopen, (const char *name, unsigned flags, hid_t list), (name, flags, list), -1)
ALL(hid_t, H5Fcreate, (const char *name, unsigned flags, hid_t made, hid_t list), (name, flags, made, list), -1)
LATE(herr_t, H5Fflush, (hid_t file, H5F_scope_t scope), (file, scope), -1, EIO)
LATE(herr_t, H5Fclose, (hid_t file), (file), -1, EIO)
UNDO(H5Gcreate2, (hid_t in, const char *name, hid_t l, hid_t c, hid_t a), (in, name, l, c, a), H5Gclose)
UNDO(H5Gopen2, (hid_t in, const char *name, hid_t a), (in, name, a), H5Gclose)
FAIL(herr_t, H5Gget_info, (hid_t group, H5G_info_t *info), (group, info), -1, EIO)
UNDO(H5Oopen, (hid_t in, const char *name, hid_t a), (in, name, a), H5Oclose)
UNDO(H5Dcreate2, (hid_t in, const char *name, hid_t type, hid_t space, hid_t l, hid_t c, hid_t a), (in, name, type, space, l, c, a), H5Dclose)
UNDO(H5Dopen2, (hid_t in, const char *name, hid_t a), (in, name, a), H5Dclose)
LATE(herr_t, H5Dset_extent, (hid_t data, const hsize_t *size), (data, size), -1, EIO)
LATE(herr_t, H5Dwrite, (hid_t data, hid_t type, hid_t memory, hid_t space, hid_t list, const void *from), (data, type, memory, space, list, from), -1, EIO)
LATE(herr_t, H5Dread, (hid_t data, hid_t type, hid_t memory, hid_t space, hid_t list, void *to), (data, type, memory, space, list, to), -1, EIO)
UNDO(H5Dget_space, (hid_t data), (data), H5Sclose)
UNDO(H5Dget_type, (hid_t data), (data), H5Tclose)
UNDO(H5Acreate2, (hid_t in, const char *name, hid_t type, hid_t space, hid_t c, hid_t a), (in, name, type, space, c, a), H5Aclose)
UNDO(H5Aopen, (hid_t in, const char *name, hid_t a), (in, name, a), H5Aclose)
LATE(herr_t, H5Awrite, (hid_t attribute, hid_t type, const void *from), (attribute, type, from), -1, EIO)
LATE(herr_t, H5Aread, (hid_t attribute, hid_t type, void *to), (attribute, type, to), -1, EIO)
FAIL(htri_t, H5Aexists, (hid_t in, const char *name), (in, name), -1, EIO)
UNDO(H5Aget_type, (hid_t attribute), (attribute), H5Tclose)
LATE(herr_t, H5Adelete, (hid_t in, const char *name), (in, name), -1, EIO)
LATE(herr_t, H5Ldelete, (hid_t in, const char *name, hid_t list), (in, name, list), -1, EIO)
FAIL(htri_t, H5Lexists, (hid_t in, const char *name, hid_t list), (in, name, list), -1, EIO)
FAIL(ssize_t, H5Lget_name_by_idx, (hid_t in, const char *group, H5_index_t by, H5_iter_order_t order, hsize_t i, char *name, size_t size, hid_t list),
     (in, group, by, order, i, name, size, list), -1, EIO)
FAIL(herr_t, H5Lvisit, (hid_t group, H5_index_t by, H5_iter_order_t order, H5L_iterate_t visit, void *data), (group, by, order, visit, data), -1, EIO)
FAIL(htri_t, H5Oexists_by_name, (hid_t in, const char *name, hid_t list), (in, name, list), -1, EIO)
UNDO(H5Screate, (H5S_class_t class), (class), H5Sclose)
UNDO(H5Screate_simple, (int n, const hsize_t *size, const hsize_t *most), (n, size, most), H5Sclose)
FAIL(herr_t, H5Sselect_hyperslab, (hid_t space, H5S_seloper_t op, const hsize_t *start, const hsize_t *stride, const hsize_t *count, const hsize_t *block),
     (space, op, start, stride, count, block), -1, ENOMEM)
FAIL(herr_t, H5Sselect_none, (hid_t space), (space), -1, ENOMEM)
UNDO(H5Tcopy, (hid_t type), (type), H5Tclose)
FAIL(herr_t, H5Tset_size, (hid_t type, size_t size), (type, size), -1, ENOMEM)
UNDO(H5Pcreate, (hid_t class), (class), H5Pclose)
ALL(herr_t, H5Pset_fapl_mpio, (hid_t list, MPI_Comm comm, MPI_Info info), (list, comm, info), -1)
FAIL(herr_t, H5Pset_dxpl_mpio, (hid_t list, H5FD_mpio_xfer_t mode), (list, mode), -1, ENOMEM)
FAIL(herr_t, H5Pset_all_coll_metadata_ops, (hid_t list, hbool_t on), (list, on), -1, ENOMEM)
FAIL(herr_t, H5Pset_chunk, (hid_t list, int n, const hsize_t *size), (list, n, size), -1, ENOMEM)
FAIL(herr_t, H5Pset_fclose_degree, (hid_t list, H5F_close_degree_t degree), (list, degree), -1, ENOMEM)

/* ---- MPI: all else ends the job by its error handler ---- */
ALL(int, MPI_File_open, (MPI_Comm comm, const char *name, int mode, MPI_Info info, MPI_File *file), (comm, name, mode, info, file), MPI_ERR_IO)
LATE(int, MPI_File_write_at_all, (MPI_File file, MPI_Offset at, const void *from, int n, MPI_Datatype type, MPI_Status *status),
     (file, at, from, n, type, status), MPI_ERR_IO, EIO)
LATE(int, MPI_File_set_size, (MPI_File file, MPI_Offset size), (file, size), MPI_ERR_IO, EIO)
LATE(int, MPI_File_close, (MPI_File *file), (file), MPI_ERR_IO, EIO)
ALL(int, MPI_Win_allocate_shared, (MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, void *mine, MPI_Win *window),
    (size, unit, info, comm, mine, window), MPI_ERR_NO_MEM)

/* ---- Numerical libraries ---- */
ALL(PetscErrorCode, SlepcInitializeNoArguments, (void), (), PETSC_ERR_LIB)
ALL(PetscErrorCode, MatCreate, (MPI_Comm comm, Mat *matrix), (comm, matrix), PETSC_ERR_MEM)
ALL(PetscErrorCode, MatCreateVecs, (Mat matrix, Vec *right, Vec *left_one), (matrix, right, left_one), PETSC_ERR_MEM)
ALL(PetscErrorCode, VecDuplicateVecs, (Vec model, PetscInt n, Vec **made), (model, n, made), PETSC_ERR_MEM)
ALL(PetscErrorCode, EPSCreate, (MPI_Comm comm, EPS *solver), (comm, solver), PETSC_ERR_MEM)
ALL(PetscErrorCode, EPSSetOperators, (EPS solver, Mat a, Mat b), (solver, a, b), PETSC_ERR_MEM)
ALL(PetscErrorCode, EPSSolve, (EPS solver), (solver), PETSC_ERR_CONV_FAILED)
ALL(PetscErrorCode, EPSGetEigenpair, (EPS solver, PetscInt i, PetscScalar *x, PetscScalar *y, Vec v, Vec w), (solver, i, x, y, v, w), PETSC_ERR_LIB)

/* Fortran routines have pointers for arguments only, and leave alone what lies behind their own: one form serves for all. `n`: which
 * of them is the error code. */
#define P void *a1, void *a2, void *a3, void *a4, void *a5, void *a6, void *a7, void *a8, void *a9, void *a10, void *a11, void *a12, \
  void *a13, void *a14, void *a15, void *a16, void *a17, void *a18, void *a19, void *a20, void *a21, void *a22, void *a23, void *a24
#define LAPACK(name, n, all)                                                                                                       \
  WRAP(void, name, (P))                                                                                                            \
  {                                                                                                                                \
    __real_##name(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24);   \
    if (fails(#name, HERE, all))                                                                                                   \
      *(int *)a##n = 1;                                                                                                            \
  }
LAPACK(dgbtrf_, 8, 0)
LAPACK(dgbtrs_, 11, 0)
LAPACK(dgelsy_, 13, 0)
LAPACK(dgeqrf_, 8, 0)
LAPACK(dgesdd_, 14, 0)
LAPACK(dgesv_, 8, 0)
LAPACK(dgetrf_, 6, 0)
LAPACK(dgetrs_, 9, 0)
LAPACK(dposv_, 8, 0)
LAPACK(dpotrf_, 5, 0)
LAPACK(dpotrs_, 8, 0)
LAPACK(dstevx_, 18, 0)
LAPACK(dsyev_, 9, 0)
LAPACK(dsyevr_, 21, 0)
LAPACK(dsygvx_, 23, 0)
LAPACK(zgeev_, 14, 0)
LAPACK(zgesv_, 8, 0)
LAPACK(pdgeqrf_, 10, 1)
LAPACK(pdsyevd_, 17, 1)
