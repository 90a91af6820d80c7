#include "store/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/hdf.h"
#include "store/journal.h"

static double seconds_of(const struct timespec *t) { return (double)t->tv_sec + 1e-9 * (double)t->tv_nsec; }

int afb_look_at(const char *path, int64_t *bytes, double *written)
{
  struct stat info;
  if (stat(path, &info) != 0)
    return 0;
  *bytes = (int64_t)info.st_size;
  *written = seconds_of(&info.st_mtim);
  return 1;
}

/* *again: another journal took its place, so that what was seen of its lock means nothing. */
static afb_status look_once(const char *path, afb_look_writer *out, int *again)
{
  afb_journal journal;
  struct stat mine, there;
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
  *out = (afb_look_writer){0};
  *again = 0;
  afb_journal_init(&journal);
  afb_status status = afb_journal_open(&journal, path);
  if (status == AFB_E_NOT_FOUND) {
    afb_journal_clear(&journal);
    return AFB_OK;
  }
  if (status == AFB_OK && fstat(journal.fd, &mine) != 0)
    status = AFB_FAIL(AFB_E_IO, "cannot read %s: %s", path, strerror(errno));
  if (status == AFB_OK) {
    *out = (afb_look_writer){.journal = 1, .bytes = (int64_t)mine.st_size, .written = seconds_of(&mine.st_mtim)};
    if (fcntl(journal.fd, F_GETLK, &lock) != 0)
      out->held = -1;
    else if (lock.l_type != F_UNLCK) {
      out->held = 1;
      out->process = lock.l_pid > 0 ? (long)lock.l_pid : 0;
    }
    *again = stat(path, &there) != 0 || there.st_ino != mine.st_ino || there.st_dev != mine.st_dev;
  }
  afb_journal_clear(&journal);
  return status;
}

afb_status afb_look_writer_of(const char *path, afb_look_writer *out)
{
  char journal[4096];
  int again = 1;
  *out = (afb_look_writer){0};
  if (snprintf(journal, sizeof journal, "%s.journal", path) >= (int)sizeof journal)
    return AFB_FAIL(AFB_E_INPUT, "the name of the file is too long");
  for (int i = 0; i < 100 && again; i++)
    AFB_TRY(look_once(journal, out, &again));
  return AFB_OK;
}

afb_status afb_look_kind(const char *path, char kind[AFB_LOOK_KIND])
{
  int exists;
  int32_t version = 0;
  kind[0] = '\0';
  afb_hdf_quiet();
  AFB_TRY(afb_hdf_look(path, 0, &exists));
  if (!exists)
    return AFB_FAIL(AFB_E_NOT_FOUND, "there is no file %s", path);
  hid_t list = afb_hdf_access(), file = H5Fopen(path, H5F_ACC_RDONLY, list);
  H5Pclose(list);
  if (file < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is a damaged HDF5 file: %s", path, afb_hdf_reason());
  afb_status status = AFB_OK;
  htri_t known = H5Aexists(file, "kind");
  if (H5Aexists(file, "format") <= 0 || afb_hdf_get_number(file, "schema_version", H5T_NATIVE_INT32, &version) < 0)
    status = AFB_FAIL(AFB_E_FOREIGN, "%s is an HDF5 file, but none of this program", path);
  else if (version > AFB_SCHEMA_VERSION)
    status = AFB_FAIL(AFB_E_FOREIGN, "%s has schema version %d, and this program reads versions up to %d: use a newer one", path,
                      (int)version, AFB_SCHEMA_VERSION);
  else if (known < 0 || (known > 0 && afb_hdf_get_text(file, "kind", kind, AFB_LOOK_KIND) < 0))
    status = AFB_FAIL(AFB_E_FOREIGN, "%s is damaged: its kind cannot be read", path);
  H5Fclose(file);
  return status;
}
