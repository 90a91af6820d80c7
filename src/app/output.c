#include "app/output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the file may be replaced: it holds nothing, or what this program writes there. */
static int is_ours(const char *path, const char *beginning)
{
  char found[2048];
  size_t length = strlen(beginning);
  FILE *stream = fopen(path, "rb");
  if (!stream)
    return 0;
  size_t n = fread(found, 1, length < sizeof found ? length : sizeof found, stream);
  int failed = ferror(stream);
  fclose(stream);
  return (n == 0 && !failed) || (n == length && memcmp(found, beginning, length) == 0);
}

static afb_status fail_write(afb_status status, const char *path)
{
  return AFB_FAIL(status, "%s: cannot be written: %s", path, strerror(errno));
}

afb_status afb_output_begin(const char *path, const char *beginning, afb_output *out)
{
  struct stat info;
  *out = (afb_output){0};
  if (strlen(path) >= sizeof out->path)
    return AFB_FAIL(AFB_E_INPUT, "%.80s...: a name of more than %d characters", path, (int)sizeof out->path - 1);
  strcpy(out->path, path);
  int exists = stat(path, &info) == 0;
  if (!exists && errno != ENOENT)
    return fail_write(AFB_E_INPUT, path);
  if (exists && S_ISDIR(info.st_mode))
    return AFB_FAIL(AFB_E_INPUT, "%s: is a directory; give the name of a file", path);
  if (exists && S_ISREG(info.st_mode) && !is_ours(path, beginning))
    return AFB_FAIL(AFB_E_FOREIGN, "%s: exists and is not such a file; it is left as it is: choose another name", path);
  if (!exists || S_ISREG(info.st_mode))
    snprintf(out->temporary, sizeof out->temporary, "%s.tmp", path);
  out->stream = fopen(out->temporary[0] ? out->temporary : path, "w");
  return out->stream ? AFB_OK : fail_write(AFB_E_INPUT, path);
}

afb_status afb_output_end(afb_output *out)
{
  FILE *stream = out->stream;
  if (!stream)
    return AFB_FAIL(AFB_E_INTERNAL, "an output is ended that was not begun");
  errno = 0;
  int failed = fflush(stream) != 0 || ferror(stream);
  failed = (out->temporary[0] && fsync(fileno(stream)) != 0) || failed;
  int reason = errno;
  failed = fclose(stream) != 0 || failed;
  out->stream = NULL;
  if (!failed && (!out->temporary[0] || rename(out->temporary, out->path) == 0))
    return AFB_OK;
  if (out->temporary[0])
    remove(out->temporary);
  errno = reason ? reason : errno;
  return fail_write(AFB_E_IO, out->path);
}

void afb_output_discard(afb_output *out)
{
  if (!out->stream)
    return;
  fclose(out->stream);
  out->stream = NULL;
  if (out->temporary[0])
    remove(out->temporary);
}
