#include "config.h"
#include "campaign/level_files.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/run_table.h"
#include "core/units.h"

typedef struct {
  FILE *out;
  int64_t n, n_runs;
  int64_t run;                 /* the one that is wanted; -1: all */
} destination;

static afb_status written(FILE *out)
{
  return ferror(out) ? AFB_FAIL(AFB_E_IO, "writing levels failed: %s", strerror(errno)) : AFB_OK;
}

/* ---- Comma-separated values ---- */

static afb_status write_rows(void *context, const afb_run_levels *run)
{
  destination *d = context;
  for (int i = 0; i < run->n; i++, d->n++) {
    const afb_store_level *level = &run->level[i];
    char leading[AFB_STORE_CSF + 16];
    snprintf(leading, sizeof leading, "%.3f %s", level->leading_mixing[0] * level->leading_mixing[0], level->leading);
    afb_level_record record = {.ion = run->label, .configurations = run->configurations, .two_j = level->two_j,
      .parity = level->parity, .index = level->index, .energy = level->energy, .lowest = run->lowest,
      .leading = level->n_leading > 0 ? leading : NULL, .label = level->label, .label_weight = level->label_weight,
      .second_label = level->second_label, .second_weight = level->second_weight};
    AFB_TRY(afb_levels_write(d->out, &record));
  }
  return AFB_OK;
}

afb_status afb_export_levels(afb_store *store, FILE *out, int64_t *n)
{
  destination d = {.out = out, .run = -1};
  afb_status status = afb_levels_write_header(out);
  if (status == AFB_OK)
    status = afb_run_levels_visit(store, write_rows, &d);
  *n = d.n;
  return status;
}

/* ---- JSON ---- */

static void json_real(FILE *out, const char *name, double value)
{
  if (isfinite(value))
    fprintf(out, ", \"%s\": %.17g", name, value);
  else
    fprintf(out, ", \"%s\": null", name);
}

/* Labels and configurations hold no character that JSON writes in another way. */
static void json_label(FILE *out, const char *name, const char *label)
{
  if (label[0])
    fprintf(out, ", \"%s\": \"%s\"", name, label);
  else
    fprintf(out, ", \"%s\": null", name);
}

static void json_set(FILE *out, const char *configurations)
{
  fprintf(out, "[");
  for (const char *at = configurations; *at;) {
    size_t length = strcspn(at, ";");
    fprintf(out, "%s\"%.*s\"", at == configurations ? "" : ", ", (int)length, at);
    at += length + (at[length] == ';');
  }
  fprintf(out, "]");
}

static afb_status write_json(void *context, const afb_run_levels *run)
{
  destination *d = context;
  fprintf(d->out, "%s\n {\"run\": %lld, \"ion\": \"%s\", \"z\": %d, \"charge\": %d, \"configurations\": ", d->n_runs++ ? "," : "",
          (long long)run->number, run->label, run->ion.z, run->ion.charge);
  json_set(d->out, run->configurations);
  fprintf(d->out, ", \"levels\": [");
  for (int i = 0; i < run->n; i++, d->n++) {
    const afb_store_level *level = &run->level[i];
    fprintf(d->out, "%s\n  {\"two_j\": %d, \"parity\": %d, \"index\": %d", i ? "," : "", level->two_j, level->parity, level->index);
    json_real(d->out, "energy_hartree", level->energy);
    json_real(d->out, "energy_cm-1", (level->energy - run->lowest) * AFB_HARTREE_IN_INVERSE_CM);
    json_label(d->out, "label", level->label);
    json_real(d->out, "label_weight", level->label_weight);
    json_label(d->out, "second_label", level->second_label);
    json_real(d->out, "second_weight", level->second_weight);
    fprintf(d->out, "}");
  }
  fprintf(d->out, "]}");
  return written(d->out);
}

afb_status afb_export_levels_json(afb_store *store, FILE *out, int64_t *n)
{
  destination d = {.out = out, .run = -1};
  fprintf(out, "{\"runs\": [");
  afb_status status = afb_run_levels_visit(store, write_json, &d);
  fprintf(out, "]}\n");
  *n = d.n;
  return status == AFB_OK ? written(out) : status;
}

/* ---- Japan-Lithuania Opacity Database for Kilonova ---- */

typedef struct {
  afb_ion ion;
  int64_t run;
  int n;
  double lowest;
} choice;

static afb_status consider(void *context, const afb_run_levels *run)
{
  choice *c = context;
  if (run->ion.z != c->ion.z || run->ion.charge != c->ion.charge ||
      (c->run >= 0 && (run->n < c->n || (run->n == c->n && run->lowest >= c->lowest))))
    return AFB_OK;
  c->run = run->number;
  c->n = run->n;
  c->lowest = run->lowest;
  return AFB_OK;
}

afb_status afb_levels_choose(afb_store *store, afb_ion ion, int64_t *run)
{
  choice c = {.ion = ion, .run = -1};
  afb_status status = afb_run_levels_visit(store, consider, &c);
  *run = c.run;
  return status;
}

static int by_energy(const void *a, const void *b)
{
  const afb_store_level *x = *(const afb_store_level *const *)a, *y = *(const afb_store_level *const *)b;
  if (x->energy != y->energy)
    return x->energy < y->energy ? -1 : 1;
  return x < y ? -1 : x > y;
}

/* "4d2_5s" of "4d2(3F).5s_4F.5p 5G": shells without terms, joined by underscores. */
static void put_configuration(FILE *out, const char *label)
{
  int hidden = 0;
  for (const char *at = label; *at && *at != ' '; at++) {
    if (*at == '(' || *at == '_')
      hidden = 1;
    else if (*at == '.')
      hidden = 0;
    if (!hidden)
      fputc(*at == '.' ? '_' : *at, out);
    if (*at == ')')
      hidden = 0;
  }
}

static void put_name(FILE *out, const afb_store_level *level)
{
  if (level->label[0] == '\0') {
    fprintf(out, "{ %s }", level->leading);
    return;
  }
  put_configuration(out, level->label);
  fputc(' ', out);
  for (const char *at = level->label; *at; at++)
    fputc(*at == ' ' ? '_' : *at, out);
}

static afb_status write_jlodk(void *context, const afb_run_levels *run)
{
  destination *d = context;
  if (run->number != d->run)
    return AFB_OK;
  const afb_store_level **order = malloc((size_t)run->n * sizeof *order);
  if (!order)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", run->n);
  for (int i = 0; i < run->n; i++)
    order[i] = &run->level[i];
  qsort(order, (size_t)run->n, sizeof *order, by_energy);
  size_t core = run->configurations[0] == '[' ? strcspn(run->configurations, "]") + 1 : 0;
  fprintf(d->out, "# %s\n# " PACKAGE_STRING ", MCDHF of %s\n# %d %d\n# %d 0\n# %.*s\n# IP = nan\n# Energy levels\n", run->label,
          run->configurations, run->ion.z, run->ion.charge + 1, run->n, (int)core, run->configurations);
  fprintf(d->out, "# num  weight parity      E(eV)      configuration\n");
  for (int i = 0; i < run->n; i++, d->n++) {
    fprintf(d->out, "%6d %7d %-4s%15.7f  ", i + 1, order[i]->two_j + 1, order[i]->parity < 0 ? "odd" : "even",
            (order[i]->energy - run->lowest) * AFB_HARTREE_IN_EV);
    put_name(d->out, order[i]);
    fputc('\n', d->out);
  }
  fprintf(d->out, "# Transitions\n# num_u   num_l   wavelength(nm)     g_u*A      log(g_l*f)\n");
  free(order);
  return written(d->out);
}

afb_status afb_export_levels_jlodk(afb_store *store, int64_t run, FILE *out, int64_t *n)
{
  destination d = {.out = out, .run = run};
  afb_status status = afb_run_levels_visit(store, write_jlodk, &d);
  *n = d.n;
  return status;
}
