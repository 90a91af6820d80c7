#include "engine/grasp_run.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "engine/grasp_files.h"

int afb_grasp_levels(const afb_mcdhf_request *request, int n_csf)
{
  int n = request->optimise == AFB_OPTIMISE_LEVELS ? request->n_levels : 0;
  return n > 0 && n < n_csf ? n : n_csf;
}

static void __attribute__((format(printf, 3, 4))) conclude(afb_mcdhf_result *result, afb_outcome outcome, const char *format, ...)
{
  va_list arguments;
  result->outcome = outcome;
  va_start(arguments, format);
  vsnprintf(result->reason, sizeof result->reason, format, arguments);
  va_end(arguments);
}

/* ---- what it printed ---- */

typedef struct {
  int complete, too_many, failed, not_finite;
  afb_orbital failing;       /* whose equation was last said to be unsolved */
  double energy;             /* weighted mean last printed, NaN: none */
} screen;

/* "3p-" or "3s " as GRASP prints it. */
static int read_label(const char *text, afb_orbital *out)
{
  static const char letters[] = "spdfghik";
  int n;
  const char *end = afb_number_int(text, &n);
  if (!end || n < 1 || n > AFB_MAX_N || !*end)
    return 0;
  const char *letter = strchr(letters, *end);
  if (!letter)
    return 0;
  int l = (int)(letter - letters);
  *out = (afb_orbital){n, end[1] == '-' ? l : -l - 1};
  return l < n && (l > 0 || end[1] != '-');
}

static afb_status add_trace(afb_mcdhf_result *result, int iteration)
{
  if (result->n_trace % 64 == 0) {
    afb_trace *more = realloc(result->trace, (size_t)(result->n_trace + 64) * sizeof *more);
    if (!more)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the trace of %d iterations", result->n_trace);
    result->trace = more;
  }
  result->trace[result->n_trace++] = (afb_trace){AFB_RUNG_NONE, iteration, NAN, NAN, NAN, NAN, AFB_OUTCOME_NONE};
  result->iterations = iteration;
  return AFB_OK;
}

/* A line of the table of an iteration: orbital, energy, method, P0, self-consistency ... */
static void read_orbital_line(const char *line, afb_trace *last)
{
  double value[4];           /* energy, method, P0, self-consistency */
  afb_orbital o;
  char text[128];
  snprintf(text, sizeof text, "%.120s", line);
  for (char *c = text; *c; c++)
    *c = (char)(*c == 'D' ? 'E' : *c);
  size_t start = strspn(text, " ");
  if (!read_label(text + start, &o) || strlen(text) < 45)
    return;
  char *at = text + 5, *end;
  for (int k = 0; k < 4; k++, at = end) {
    value[k] = strtod(at, &end);
    if (end == at)
      return;
  }
  last->residual = isnan(last->residual) ? value[3] : fmax(last->residual, value[3]);
}

static void read_mean(const char *text, screen *s)
{
  char number[64];
  snprintf(number, sizeof number, "%.40s", text);
  for (char *c = number; *c; c++)
    *c = (char)(*c == 'D' ? 'E' : *c);
  s->energy = strtod(number, NULL);
}

static afb_status read_line(const char *line, int n_levels, screen *s, afb_mcdhf_result *result)
{
  const char *mean = "Weighted average energy of these levels =", *failure = "Failure; equation for orbital", *found;
  const char *heading = "Iteration number ", *begin = line + strspn(line, " ");
  int iteration;
  if (strncmp(begin, heading, strlen(heading)) == 0 && afb_number_int(begin + strlen(heading), &iteration))
    return add_trace(result, iteration);
  s->complete |= strstr(line, "RMCDHF: Execution complete") != NULL;
  s->too_many |= strstr(line, "Maximum iterations in SCF Exceeded") != NULL;
  s->failed |= strstr(line, "Error in SUBROUTINE IMPROV") != NULL;
  s->not_finite |= strstr(line, "NaN") != NULL || strstr(line, "Infinity") != NULL;
  if ((found = strstr(line, failure)))
    read_label(found + strlen(failure), &s->failing);
  if ((found = strstr(line, mean)))
    read_mean(found + strlen(mean), s);
  else if (n_levels == 1 && strncmp(line, "Level ", 6) == 0 && (found = strstr(line, "Energy =")))
    read_mean(found + 8, s);
  else if (result->n_trace > 0)
    read_orbital_line(line, result->trace + result->n_trace - 1);
  if (result->n_trace > 0)
    result->trace[result->n_trace - 1].energy = s->energy;
  return AFB_OK;
}

static afb_status read_screen(const char *directory, int n_levels, screen *s, afb_mcdhf_result *result)
{
  char path[1200], line[512];
  *s = (screen){.energy = NAN};
  snprintf(path, sizeof path, "%s/rmcdhf.screen", directory);
  FILE *stream = fopen(path, "r");
  afb_status status = AFB_OK;
  while (stream && status == AFB_OK && fgets(line, sizeof line, stream))
    status = read_line(line, n_levels, s, result);
  if (stream)
    fclose(stream);
  if (result->n_trace > 0)
    result->gradient = result->trace[result->n_trace - 1].residual;
  result->energy = s->energy;
  return status;
}

/* ---- what it wrote ---- */

/* Whether the mixing coefficients are those of this list and these levels. */
static int fits(const afb_grasp_mixing *m, const afb_mcdhf_request *request, const afb_csf_list *list)
{
  int fit = m->n_blocks == list->n_blocks && m->n_csf == list->n_csf && m->n_electrons == afb_grasp_electrons(list);
  for (int b = 0; fit && b < list->n_blocks; b++) {
    const afb_grasp_mixing_block *found = m->block + b;
    fit = found->n_csf == list->block[b].n_csf && found->two_j == list->block[b].two_j && found->parity == list->block[b].parity &&
          found->n_levels == afb_grasp_levels(request, found->n_csf);
    for (int i = 0; fit && i < found->n_levels; i++)
      fit = found->index[i] == i + 1;
  }
  return fit;
}

/* Levels with vectors in our signs; occupations of the orbitals in them. */
static afb_status take_levels(const afb_grasp_mixing *m, afb_mcdhf_result *result, double *occupation)
{
  const afb_csf_list *list = &result->csfs;
  size_t n = 0, length = 0, at = 0;
  double total = 0;
  for (int b = 0; b < m->n_blocks; b++) {
    n += (size_t)m->block[b].n_levels;
    length += (size_t)m->block[b].n_levels * (size_t)m->block[b].n_csf;
    total += m->block[b].n_levels * (m->block[b].two_j + 1.0);
  }
  result->level = calloc(n + 1, sizeof *result->level);
  result->mixing = malloc((length + 1) * sizeof *result->mixing);
  if (!result->level || !result->mixing)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %zu levels", n);
  result->energy = 0;
  for (int b = 0; b < m->n_blocks; b++)
    for (int i = 0; i < m->block[b].n_levels; i++) {
      const afb_grasp_mixing_block *block = m->block + b;
      afb_level *level = result->level + result->n_levels++;
      double *vector = result->mixing + at, weight = (block->two_j + 1) / total;
      *level = (afb_level){.two_j = block->two_j, .parity = block->parity, .index = i + 1, .energy = block->energy[i], .weight = weight};
      for (int k = 0; k < block->n_csf; k++) {
        int csf = list->block[b].first + k;
        vector[k] = afb_grasp_csf_sign(list, csf) * block->vector[(size_t)i * (size_t)block->n_csf + (size_t)k];
        for (int p = 0; p < list->n_orbitals; p++)
          occupation[p] += weight * vector[k] * vector[k] * list->occupation[(size_t)csf * (size_t)list->n_orbitals + (size_t)p];
      }
      afb_level_lead(level, block->n_csf, vector, list->block[b].first);
      result->energy += weight * level->energy;
      at += (size_t)block->n_csf;
    }
  return AFB_OK;
}

/* Nodes and energies of the varied orbitals. */
static void judge_orbitals(const afb_grasp_orbitals *orbitals, const afb_mcdhf_request *request, const double *occupation,
                           afb_mcdhf_result *result)
{
  const afb_csf_list *list = &result->csfs;
  char label[8];
  for (int p = 0; p < list->n_orbitals; p++) {
    const afb_grasp_orbital *o = orbitals->orbital;
    while (o->orbital.n != list->orbital[p].n || o->orbital.kappa != list->orbital[p].kappa)
      o++;
    int l = afb_kappa_l(o->orbital.kappa), nodes = afb_grasp_nodes(o), wanted = o->orbital.n - l - 1, varied = request->n_vary < 0;
    for (int i = 0; i < request->n_vary; i++)
      varied |= request->vary[i].n == o->orbital.n && request->vary[i].l == l;
    if (!varied)
      continue;
    afb_orbital_label(o->orbital, label);
    if (!(o->energy < 0))
      conclude(result, AFB_OUTCOME_UNBOUND, "%s has the energy %.4g hartree", label, o->energy);
    else if (nodes != wanted && occupation[p] > 0.05)
      conclude(result, AFB_OUTCOME_ORBITAL_COLLAPSE, "%s has %d nodes in place of %d, which GRASP let pass", label, nodes, wanted);
    else
      continue;
    result->blamed = o->orbital;
    return;
  }
}

static int has_all(const afb_grasp_orbitals *orbitals, const afb_csf_list *list)
{
  int found = 0;
  for (int i = 0; i < orbitals->n_orbitals; i++)
    for (int p = 0; p < list->n_orbitals; p++)
      found += orbitals->orbital[i].orbital.n == list->orbital[p].n && orbitals->orbital[i].orbital.kappa == list->orbital[p].kappa;
  return found == list->n_orbitals;
}

static afb_status take_orbitals(const afb_grasp_orbitals *from, const afb_mcdhf_request *request, const double *occupation,
                                afb_mcdhf_result *result)
{
  afb_nucleus nucleus;
  AFB_TRY(afb_nucleus_create(request->z, request->mass_number, request->nucleus, request->nucleus_c_fm, request->nucleus_a_fm, &nucleus));
  AFB_TRY(afb_grasp_to_splines(from, &nucleus, &result->orbitals));
  for (int i = 0; i < result->orbitals.n_orbitals; i++)
    for (int p = 0; p < result->csfs.n_orbitals; p++)
      if (result->orbitals.orbital[i].n == result->csfs.orbital[p].n && result->orbitals.orbital[i].kappa == result->csfs.orbital[p].kappa)
        result->orbitals.occupation[i] = occupation[p];
  return AFB_OK;
}

/* A file that cannot be read is an outcome; a lack of memory is not. */
static afb_status unreadable(afb_status status, afb_mcdhf_result *result)
{
  const char *text = afb_error_text(), *name = strrchr(text, '/');
  if (status == AFB_E_MEMORY)
    return status;
  conclude(result, AFB_OUTCOME_ENGINE_FAILED, "rmcdhf left no result: %.100s", name ? name + 1 : text);
  return AFB_OK;
}

/* LS compositions of the levels; those of shells that have none stay empty. */
static afb_status take_labels(const afb_grasp_mixing *m, afb_mcdhf_result *result)
{
  const afb_orbitals *o = &result->orbitals;
  int8_t read[AFB_MAX_ORBITALS], sign[AFB_MAX_ORBITALS];   /* in the order of the file, and of the CSF list */
  afb_level *level = result->level;
  const double *vector = result->mixing;
  afb_lsj_signs(o->n_orbitals, o->orbital, o->n_breakpoints, o->breakpoint, o->n_p + o->n_q, o->coefficient, read);
  for (int p = 0; p < result->csfs.n_orbitals; p++)
    for (int i = 0; i < o->n_orbitals; i++)
      if (o->orbital[i].n == result->csfs.orbital[p].n && o->orbital[i].kappa == result->csfs.orbital[p].kappa)
        sign[p] = read[i];
  for (int b = 0; b < m->n_blocks; b++) {
    int n = m->block[b].n_levels;
    AFB_TRY(afb_levels_compose(&result->csfs, b, sign, n, vector, level));
    level += n;
    vector += (size_t)n * (size_t)m->block[b].n_csf;
  }
  return AFB_OK;
}

/* Printed to eleven digits. */
#define PRINTED 1e-9

static afb_status read_files(const char *directory, const afb_mcdhf_request *request, const screen *s, afb_grasp_mixing *mixing,
                             afb_grasp_orbitals *orbitals, afb_mcdhf_result *result)
{
  char path[1200];
  double occupation[AFB_MAX_ORBITALS] = {0};
  snprintf(path, sizeof path, "%s/rmix.out", directory);
  afb_status status = afb_grasp_read_mixing(path, mixing);
  if (status != AFB_OK)
    return unreadable(status, result);
  snprintf(path, sizeof path, "%s/rwfn.out", directory);
  status = afb_grasp_read_orbitals(path, orbitals);
  if (status != AFB_OK)
    return unreadable(status, result);
  if (!fits(mixing, request, &result->csfs) || !has_all(orbitals, &result->csfs)) {
    conclude(result, AFB_OUTCOME_ENGINE_FAILED, "rmcdhf left no result: rmix.out or rwfn.out are of another calculation");
    return AFB_OK;
  }
  AFB_TRY(take_levels(mixing, result, occupation));
  if (!(fabs(result->energy - s->energy) <= PRINTED * fabs(s->energy))) {
    conclude(result, AFB_OUTCOME_ENGINE_FAILED, "rmix.out holds the mean energy %.9f, rmcdhf printed %.9f: not of this run",
             result->energy, s->energy);
    result->n_levels = 0;
    result->energy = NAN;
    return AFB_OK;
  }
  if (afb_outcome_ok(result->outcome))
    judge_orbitals(orbitals, request, occupation, result);
  AFB_TRY(take_orbitals(orbitals, request, occupation, result));
  return take_labels(mixing, result);
}

/* The outcome as far as the end and the screen tell; CONVERGED when nothing speaks against it. */
static void judge_end(afb_process_end end, int number, const screen *s, afb_mcdhf_result *result)
{
  char label[8];
  if (end == AFB_PROCESS_TIMED_OUT)
    conclude(result, AFB_OUTCOME_RESOURCE_LIMIT, "rmcdhf reached the time limit");
  else if (end == AFB_PROCESS_STOPPED)
    conclude(result, AFB_OUTCOME_RESOURCE_LIMIT, "stopped");
  else if (end == AFB_PROCESS_SIGNALLED)
    conclude(result, AFB_OUTCOME_RESOURCE_LIMIT, "rmcdhf was killed by signal %d", number);
  else if (s->failed) {
    result->blamed = s->failing;
    conclude(result, AFB_OUTCOME_ORBITAL_COLLAPSE, "GRASP could not solve the equation of %s",
             s->failing.n ? afb_orbital_label(s->failing, label) : "an orbital");
  } else if (s->not_finite)
    conclude(result, AFB_OUTCOME_NOT_FINITE, "rmcdhf printed numbers that are not finite");
  else if (number != 0 || !s->complete)
    conclude(result, AFB_OUTCOME_ENGINE_FAILED, "rmcdhf ended early with exit status %d", number);
  else if (s->too_many)
    conclude(result, AFB_OUTCOME_MAX_ITERATIONS, "%d iterations of rmcdhf did not suffice", result->iterations);
  else
    result->outcome = AFB_OUTCOME_CONVERGED;
}

afb_status afb_grasp_read_run(const char *directory, const afb_mcdhf_request *request, afb_process_end end, int number,
                              afb_mcdhf_result *result)
{
  screen s;
  int n_levels = 0;
  for (int b = 0; b < result->csfs.n_blocks; b++)
    n_levels += afb_grasp_levels(request, result->csfs.block[b].n_csf);
  AFB_TRY(read_screen(directory, n_levels, &s, result));
  judge_end(end, number, &s, result);
  if (!afb_outcome_ok(result->outcome) && result->outcome != AFB_OUTCOME_MAX_ITERATIONS)
    return AFB_OK;
  afb_grasp_mixing mixing = {0};
  afb_grasp_orbitals orbitals = {0};
  afb_status status = read_files(directory, request, &s, &mixing, &orbitals, result);
  afb_grasp_mixing_clear(&mixing);
  afb_grasp_orbitals_clear(&orbitals);
  if (!request->keep_mixing || result->n_levels == 0) {
    free(result->mixing);
    result->mixing = NULL;
  }
  return status;
}
