#include "engine/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "core/log.h"
#include "engine/process.h"

enum { ROOM = AFB_SCRATCH_PATH + 320 };
static const char prefix[] = "aufbau-scratch-";
static int lock_of_node = -1;            /* descriptor; on the rank that made the folder */

/* ---- Choosing ---- */

int afb_scratch_is_network(unsigned long type)
{
  static const unsigned long network[] = {
    0x6969, 0x0bd00bd0, 0x47504653, 0x19830326, 0xff534d42, 0xfe534d42, 0x517b, 0x00c36400, 0xaad7aaea, 0x5346414f, 0x01021997, 0x73757245};
  /* NFS, Lustre, GPFS, BeeGFS, CIFS, SMB2, SMB, Ceph, PanFS, AFS, 9P, Coda */
  for (size_t i = 0; i < sizeof network / sizeof *network; i++)
    if ((type & 0xffffffffu) == network[i])
      return 1;
  return 0;
}

static int is_on_network(const char *path)
{
#ifdef __linux__
  struct statfs info;
  return statfs(path, &info) == 0 && afb_scratch_is_network((unsigned long)info.f_type);
#else
  (void)path;
  return 0;
#endif
}

static double free_megabytes(const char *path)
{
  struct statvfs info;
  return statvfs(path, &info) == 0 ? 1e-6 * (double)info.f_bavail * (double)info.f_frsize : 0.0;
}

/* NULL, or why nothing can be made there. */
static const char *objection(const char *path, char text[160])
{
  struct stat info;
  if (path[0] != '/')
    return "is no absolute path";
  if (strlen(path) > AFB_SCRATCH_PATH - 64)
    return "is too long";
  if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
    return "is no folder";
  if (access(path, W_OK | X_OK) != 0)
    return "cannot be written";
  if (free_megabytes(path) >= AFB_SCRATCH_MEGABYTES)
    return NULL;
  snprintf(text, 160, "has %.0f MB free, and %d are needed", free_megabytes(path), AFB_SCRATCH_MEGABYTES);
  return text;
}

static void choose(const char *folder, char path[AFB_SCRATCH_PATH])
{
  snprintf(path, AFB_SCRATCH_PATH, "%s", folder);
  for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
    path[n - 1] = '\0';
}

afb_status afb_scratch_choose(char path[AFB_SCRATCH_PATH])
{
  const char *given = getenv("AUFBAU_SCRATCH"), *shared = NULL;
  const char *const candidate[] = {getenv("TMPDIR"), getenv("SLURM_TMPDIR"), getenv("LOCAL_SCRATCH"), "/tmp", "/dev/shm"};
  char text[160];
  if (given && *given) {
    const char *why = objection(given, text);
    if (why)
      return AFB_FAIL(AFB_E_INPUT, "AUFBAU_SCRATCH: %.300s %s", given, why);
    choose(given, path);
    return AFB_OK;
  }
  for (size_t i = 0; i < sizeof candidate / sizeof *candidate; i++) {
    if (!candidate[i] || objection(candidate[i], text))
      continue;
    if (!is_on_network(candidate[i])) {
      choose(candidate[i], path);
      return AFB_OK;
    }
    shared = shared ? shared : candidate[i];
  }
  if (!shared)
    return AFB_FAIL(AFB_E_INPUT, "no scratch for other programs: neither TMPDIR nor /tmp nor /dev/shm can be written and has %d MB free; name a folder "
                    "on the node in AUFBAU_SCRATCH", AFB_SCRATCH_MEGABYTES);
  afb_log(AFB_LOG_WARNING, "scratch for other programs is on a network file system, %s: they will be slow, and a load on it; name a folder on the "
          "node in AUFBAU_SCRATCH", shared);
  choose(shared, path);
  return AFB_OK;
}

/* ---- Removing ---- */

void afb_scratch_remove(const char *folder)
{
  char path[ROOM];
  struct stat info;
  DIR *directory = opendir(folder);
  if (!directory)
    return;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
      continue;
    if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
      afb_scratch_remove(path);
    else
      unlink(path);
  }
  closedir(directory);
  rmdir(folder);
}

/* Whether the folder's process is no more: its lock is free. One that is just being made may have none yet. */
static int is_left_behind(const char *folder)
{
  enum { MAKING_SECONDS = 60 };
  char path[ROOM];
  struct stat info;
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (lstat(folder, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() || time(NULL) - info.st_mtime < MAKING_SECONDS)
    return 0;
  snprintf(path, sizeof path, "%.1000s/lock", folder);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT;
  int free_lock = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
  close(fd);
  return free_lock;
}

static void sweep(const char *base)
{
  char path[ROOM];
  DIR *directory = opendir(base);
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0 &&
        snprintf(path, sizeof path, "%s/%s", base, entry->d_name) < (int)sizeof path && is_left_behind(path))
      afb_scratch_remove(path);
  if (directory)
    closedir(directory);
}

/* ---- Programs ---- */

/* An ELF file that looks for nothing beside itself works anywhere. */
static int can_be_copied(const char *image, size_t n)
{
  static const char origin[] = "$ORIGIN", braced[] = "${ORIGIN}";
  if (n < 4 || memcmp(image, "\177ELF", 4) != 0)
    return 0;
  for (size_t i = 0; i + sizeof braced < n; i++)
    if (image[i] == '$' && (memcmp(image + i, origin, sizeof origin - 1) == 0 || memcmp(image + i, braced, sizeof braced - 1) == 0))
      return 0;
  return 1;
}

static afb_status write_copy(const char *to, const char *image, size_t n)
{
  int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
  int failed = fd < 0;
  for (size_t at = 0; !failed && at < n;) {
    ssize_t written = write(fd, image + at, n - at);
    failed = written < 0 && errno != EINTR;
    at += written > 0 ? (size_t)written : 0;
  }
  failed |= fd >= 0 && close(fd) != 0;
  if (failed)
    unlink(to);
  return failed ? AFB_FAIL(AFB_E_IO, "cannot write %s: %s", to, strerror(errno)) : AFB_OK;
}

static afb_status copy_program(const char *name, const char *bin)
{
  char from[AFB_SCRATCH_PATH], to[ROOM];
  struct stat info;
  AFB_TRY(afb_process_find(name, from, sizeof from));
  snprintf(to, sizeof to, "%.1000s/%s", bin, name);
  FILE *file = stat(from, &info) == 0 && S_ISREG(info.st_mode) ? fopen(from, "rb") : NULL;
  if (!file)
    return AFB_OK;             /* to be run but not read: it stays where it is */
  char *image = malloc((size_t)info.st_size + 1);
  size_t n = image ? fread(image, 1, (size_t)info.st_size, file) : 0;
  fclose(file);
  afb_status status = AFB_OK;
  if (!image)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for a copy of %s", from);
  else if (n == (size_t)info.st_size && can_be_copied(image, n))
    status = write_copy(to, image, n);
  free(image);
  return status;
}

/* ---- One folder a node ---- */

static afb_status take_lock(const char *folder)
{
  char path[ROOM];
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  snprintf(path, sizeof path, "%.1000s/lock", folder);
  lock_of_node = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (lock_of_node < 0)
    return AFB_FAIL(AFB_E_IO, "cannot create %s: %s", path, strerror(errno));
  /* Without locks on this file system no other process takes the folder for one that was left behind. */
  (void)fcntl(lock_of_node, F_SETLK, &lock);
  return AFB_OK;
}

static afb_status make_folder(int n, const char *const *program, char path[AFB_SCRATCH_PATH])
{
  char base[AFB_SCRATCH_PATH], bin[ROOM];
  AFB_TRY(afb_scratch_choose(base));
  sweep(base);
  if (snprintf(path, AFB_SCRATCH_PATH, "%.900s/%sXXXXXX", base, prefix) >= AFB_SCRATCH_PATH || !mkdtemp(path)) {
    path[0] = '\0';
    return AFB_FAIL(AFB_E_IO, "%.300s: no folder can be made there: %s", base, strerror(errno));
  }
  AFB_TRY(take_lock(path));
  snprintf(bin, sizeof bin, "%s/bin", path);
  if (mkdir(bin, 0700) != 0)
    return AFB_FAIL(AFB_E_IO, "cannot create %s: %s", bin, strerror(errno));
  for (int i = 0; i < n; i++)
    AFB_TRY(copy_program(program[i], bin));
  afb_log(AFB_LOG_INFO, "other programs work in %s (%.0f MB free)", path, free_megabytes(path));
  return AFB_OK;
}

static void remove_own(char path[AFB_SCRATCH_PATH])
{
  if (lock_of_node >= 0) {
    if (path[0])
      afb_scratch_remove(path);
    close(lock_of_node);
    lock_of_node = -1;
  }
  path[0] = '\0';
}

afb_status afb_scratch_open(MPI_Comm comm, int n, const char *const *program, char path[AFB_SCRATCH_PATH])
{
  MPI_Comm node;
  int rank;
  path[0] = '\0';
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &rank);
  afb_status status = afb_agree(comm, rank == 0 ? make_folder(n, program, path) : AFB_OK);
  MPI_Bcast(path, AFB_SCRATCH_PATH, MPI_CHAR, 0, node);
  MPI_Comm_free(&node);
  if (status != AFB_OK)
    remove_own(path);
  return status;
}

void afb_scratch_close(MPI_Comm comm, char path[AFB_SCRATCH_PATH])
{
  MPI_Barrier(comm);
  remove_own(path);
}
