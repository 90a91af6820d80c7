#include "materials/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 4096 };

void afb_files_clear(afb_files *files)
{
  for (int i = 0; files->path && i < files->n; i++)
    free(files->path[i]);
  free(files->path);
  free(files->size);
  free((void *)files->format);
  *files = (afb_files){.n = 0};
}

/* Appends one pattern's files to `text`, each ended by a zero byte. */
static afb_status expand(const char *pattern, char **text, size_t *size)
{
  glob_t found;
  int code = glob(pattern, 0, NULL, &found);
  if (code == GLOB_NOMATCH)
    return AFB_FAIL(AFB_E_INPUT, "no file matches %s", pattern);
  if (code != 0)
    return AFB_FAIL(AFB_E_IO, "the files that match %s cannot be listed%s%s", pattern, errno ? ": " : "",
                    errno ? strerror(errno) : "");
  afb_status status = AFB_OK;
  for (size_t i = 0; i < found.gl_pathc && status == AFB_OK; i++) {
    size_t length = strlen(found.gl_pathv[i]) + 1;
    char *grown = realloc(*text, *size + length);
    if (grown) {
      memcpy(grown + *size, found.gl_pathv[i], length);
      *text = grown;
      *size += length;
    } else {
      status = AFB_FAIL(AFB_E_MEMORY, "no memory for the names of the files that match %s", pattern);
    }
  }
  globfree(&found);
  return status;
}

static afb_status split_names(const char *text, size_t size, afb_files *files)
{
  int n = 0;
  for (size_t i = 0; i < size; i++)
    n += text[i] == '\0';
  files->path = calloc((size_t)n + 1, sizeof *files->path);
  files->size = calloc((size_t)n + 1, sizeof *files->size);
  files->format = calloc((size_t)n + 1, sizeof *files->format);
  if (!files->path || !files->size || !files->format)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the names of %d files", n);
  files->n = n;
  for (int i = 0; i < n; i++) {
    size_t length = strlen(text) + 1;
    files->path[i] = malloc(length);
    if (!files->path[i])
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the names of %d files", n);
    memcpy(files->path[i], text, length);
    text += length;
  }
  return AFB_OK;
}

/* Rank 0 looks, so that all see the same files. */
static afb_status list_files(MPI_Comm comm, int n_patterns, const char *const *pattern, afb_files *files)
{
  char *text = NULL;
  size_t size = 0;
  int rank;
  MPI_Comm_rank(comm, &rank);
  afb_status status = AFB_OK;
  errno = 0;
  for (int i = 0; rank == 0 && i < n_patterns && status == AFB_OK; i++)
    status = expand(pattern[i], &text, &size);
  if (size > INT_MAX)
    status = AFB_FAIL(AFB_E_LIMIT, "the names of the files are more than 2 GB");
  status = afb_agree(comm, status);
  uint64_t bytes = size;
  MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, comm);
  if (status == AFB_OK && !text && !(text = malloc(bytes + 1)))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for the names of the files");
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Bcast(text, (int)bytes, MPI_CHAR, 0, comm);
    status = afb_agree(comm, split_names(text, bytes, files));
  }
  free(text);
  return status;
}

/* Size and format of one file. */
static afb_status examine(const char *path, const char *format, int64_t *size, const afb_format **found)
{
  struct stat facts;
  if (stat(path, &facts) != 0)
    return AFB_FAIL(AFB_E_IO, "%s cannot be opened: %s", path, strerror(errno));
  if (!S_ISREG(facts.st_mode))
    return AFB_FAIL(AFB_E_INPUT, "%s is no file: name the files in it, for example %s/*.xyz", path, path);
  *size = facts.st_size;
  *found = format ? afb_format_find(format) : afb_format_guess(path, NULL);
  if (*found)
    return AFB_OK;
  char head[HEAD + 1], names[128];
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? -1 : read(file, head, HEAD);
  if (file >= 0)
    close(file);
  if (got < 0)
    return AFB_FAIL(AFB_E_IO, "%s cannot be read: %s", path, strerror(errno));
  head[got] = '\0';
  *found = afb_format_guess(path, head);
  if (!*found)
    return AFB_FAIL(AFB_E_INPUT, "%s is of no known format: say which it is: %s", path,
                    afb_format_names(names, sizeof names));
  return AFB_OK;
}

/* Every rank looks at some of the files. */
static afb_status examine_files(MPI_Comm comm, const char *format, afb_files *files)
{
  int rank, ranks;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  char names[128];
  if (format && !afb_format_find(format))
    return AFB_FAIL(AFB_E_INPUT, "'%s' is no format of structures: there are %s", format,
                    afb_format_names(names, sizeof names));
  int64_t *facts = calloc(2 * (size_t)files->n + 1, sizeof *facts);
  afb_status status = facts ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the sizes of %d files", files->n);
  for (int i = rank; i < files->n && status == AFB_OK; i += ranks) {
    const afb_format *found = NULL;
    status = examine(files->path[i], format, &facts[2 * i], &found);
    facts[2 * i + 1] = found ? afb_format_number(found) : 0;
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK)
    MPI_Allreduce(MPI_IN_PLACE, facts, 2 * files->n, MPI_INT64_T, MPI_SUM, comm);
  for (int i = 0; status == AFB_OK && i < files->n; i++) {
    files->size[i] = facts[2 * i];
    files->format[i] = afb_format_numbered((int)facts[2 * i + 1]);
  }
  free(facts);
  return status;
}

afb_status afb_files_list(MPI_Comm comm, int n_patterns, const char *const *pattern, const char *format,
                          afb_files *files)
{
  *files = (afb_files){.n = 0};
  afb_status status = list_files(comm, n_patterns, pattern, files);
  if (status == AFB_OK)
    status = examine_files(comm, format, files);
  if (status != AFB_OK)
    afb_files_clear(files);
  return status;
}
