#include "training/data_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "store/columns.h"

struct afb_data_table_file {
  afb_columns *columns;
  int64_t first, n;
};

/* The name that may be meant, or what there is. */
static void suggest(const char *name, const char *const *names, char *text, size_t size)
{
  char rooted[512] = "/";
  strncat(rooted, name[0] == '/' ? name + 1 : name, sizeof rooted - 2);
  afb_did_you_mean(rooted, names, text, size);
  if (text[0])
    return;
  for (int i = 0; names[i] && strlen(text) + strlen(names[i]) + 16 < size; i++)
    snprintf(text + strlen(text), size - strlen(text), "%s%s", i > 0 ? ", " : "; it has ", names[i]);
}

static afb_status fail_name(afb_columns *columns, const char *name, afb_status status)
{
  const char *const *names;
  char meant[256], reason[1024];
  snprintf(reason, sizeof reason, "%s", afb_error_text());
  if (status == AFB_E_NOT_FOUND && afb_columns_names(columns, &names) == AFB_OK) {
    suggest(name, names, meant, sizeof meant);
    return AFB_FAIL(AFB_E_INPUT, "%s%s", reason, meant);
  }
  return AFB_FAIL(status == AFB_E_FOREIGN || status == AFB_E_NOT_FOUND ? AFB_E_INPUT : status, "%s", reason);
}

/* A column of file f: as long as the others there, as wide as in the first file. */
static afb_status find(afb_data_table *t, int f, const char *name, int most, int *width)
{
  struct afb_data_table_file *file = &t->file[f];
  int64_t rows;
  int found;
  afb_status status = afb_columns_find(file->columns, name, &rows, &found);
  if (status != AFB_OK)
    return fail_name(file->columns, name, status);
  if (file->n >= 0 && rows != file->n)
    return AFB_FAIL(AFB_E_INPUT, "%s of %s has %lld rows, other columns have %lld", name, t->names.file[f], (long long)rows, (long long)file->n);
  if (f > 0 && found != *width)
    return AFB_FAIL(AFB_E_INPUT, "%s has %d columns in %s, and %d in %s", name, found, t->names.file[f], *width, t->names.file[0]);
  if (most > 0 && found > most)
    return AFB_FAIL(AFB_E_INPUT, "%s has %d columns; here it must be one number a row", name, found);
  file->n = rows;
  *width = found;
  return AFB_OK;
}

static afb_status find_all(afb_data_table *t, int f, afb_data_table_fault *fault)
{
  const afb_data_table_names *names = &t->names;
  int one = 1;
  for (int i = 0; i < names->n_inputs; i++) {
    *fault = (afb_data_table_fault){AFB_DATA_INPUT, i};
    AFB_TRY(find(t, f, names->input[i], 0, &t->input_width[i]));
  }
  for (int i = 0; i < names->n_targets; i++) {
    *fault = (afb_data_table_fault){AFB_DATA_TARGET, i};
    AFB_TRY(find(t, f, names->target[i], 0, &t->target_width[i]));
  }
  *fault = (afb_data_table_fault){AFB_DATA_GROUP, -1};
  if (names->group)
    AFB_TRY(find(t, f, names->group, 1, &one));
  *fault = (afb_data_table_fault){AFB_DATA_MASK, -1};
  return names->mask ? find(t, f, names->mask, 1, &one) : AFB_OK;
}

static afb_status open_file(afb_data_table *t, int f, afb_data_table_fault *fault)
{
  *fault = (afb_data_table_fault){AFB_DATA_FILE, f};
  afb_status status = afb_columns_open(t->names.file[f], &t->file[f].columns);
  if (status != AFB_OK)
    return afb_trail_at(status == AFB_E_MEMORY ? status : AFB_E_INPUT, __func__, __FILE__, __LINE__);
  AFB_TRY(find_all(t, f, fault));
  t->file[f].first = t->n;
  t->n += t->file[f].n;
  return AFB_OK;
}

afb_status afb_data_table_open(const afb_data_table_names *names, afb_data_table *t, afb_data_table_fault *fault)
{
  size_t n = (size_t)names->n_files;
  *t = (afb_data_table){.names = *names, .input_width = calloc((size_t)names->n_inputs + 1, sizeof(int)),
                   .target_width = calloc((size_t)names->n_targets + 1, sizeof(int)), .file = calloc(n + 1, sizeof *t->file)};
  *fault = (afb_data_table_fault){AFB_DATA_FILE, 0};
  afb_status status = t->input_width && t->target_width && t->file ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a table");
  for (int f = 0; f < names->n_files && t->file; f++)
    t->file[f].n = -1;
  for (int f = 0; f < names->n_files && status == AFB_OK; f++)
    status = open_file(t, f, fault);
  for (int i = 0; i < names->n_inputs && status == AFB_OK; i++)
    t->n_in += t->input_width[i];
  for (int i = 0; i < names->n_targets && status == AFB_OK; i++)
    t->n_out += t->target_width[i];
  t->width = t->n_in + t->n_out + (names->group != NULL) + (names->mask != NULL);
  if (status != AFB_OK)
    afb_data_table_close(t);
  return status;
}

void afb_data_table_close(afb_data_table *t)
{
  for (int f = 0; t->file && f < t->names.n_files; f++)
    afb_columns_close(&t->file[f].columns);
  free(t->file);
  free(t->input_width);
  free(t->target_width);
  *t = (afb_data_table){0};
}

/* Rows of one file, counted from its first. */
static afb_status read_part(afb_data_table *t, afb_columns *c, int64_t first, int64_t n, double *to)
{
  const afb_data_table_names *names = &t->names;
  int at = 0;
  for (int i = 0; i < names->n_inputs; at += t->input_width[i++])
    AFB_TRY(afb_columns_read(c, names->input[i], first, n, t->width, to + at));
  for (int i = 0; i < names->n_targets; at += t->target_width[i++])
    AFB_TRY(afb_columns_read(c, names->target[i], first, n, t->width, to + at));
  if (names->group)
    AFB_TRY(afb_columns_read(c, names->group, first, n, t->width, to + at++));
  return names->mask ? afb_columns_read(c, names->mask, first, n, t->width, to + at) : AFB_OK;
}

afb_status afb_data_table_read(afb_data_table *t, int64_t first, int64_t n, double *to)
{
  for (int f = 0; f < t->names.n_files; f++) {
    const struct afb_data_table_file *file = &t->file[f];
    int64_t begin = first > file->first ? first : file->first;
    int64_t end = first + n < file->first + file->n ? first + n : file->first + file->n;
    if (begin < end)
      AFB_TRY(read_part(t, file->columns, begin - file->first, end - begin, to + (begin - first) * t->width));
  }
  return AFB_OK;
}
