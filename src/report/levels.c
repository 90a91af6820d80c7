#include "report/levels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/units.h"

static void half(int two, char *buffer, size_t size)
{
  snprintf(buffer, size, two % 2 ? "%d/2" : "%d", two % 2 ? two : two / 2);
}

static int full(const afb_csf_list *csfs, int orbital, int occupation)
{
  return occupation == afb_kappa_two_j(csfs->orbital[orbital].kappa) + 1;
}

char *afb_report_csf(const afb_csf_list *csfs, int csf, char *buffer, size_t size)
{
  const size_t row = (size_t)csf * (size_t)csfs->n_orbitals;
  int open = 0, last = -1, shown = 0;
  for (int p = 0; p < csfs->n_orbitals; p++) {
    int q = csfs->occupation[row + (size_t)p];
    open += q > 0 && !full(csfs, p, q);
    shown += q > 0 && !csfs->closed[p];
    if (q > 0)
      last = p;
  }
  size_t used = 0;
  buffer[0] = '\0';
  for (int p = 0; p < csfs->n_orbitals && used < size; p++) {
    int q = csfs->occupation[row + (size_t)p];
    char label[8], coupled[8] = "";
    if (q == 0 || (csfs->closed[p] && (shown > 0 || p != last)))
      continue;
    if (open > 1 && !full(csfs, p, q))
      half(csfs->two_x[row + (size_t)p], coupled, sizeof coupled);
    used += (size_t)snprintf(buffer + used, size - used, "%s%s(%d)%s", used ? " " : "",
                             afb_orbital_label(csfs->orbital[p], label), q, coupled);
  }
  if (used >= size)
    memcpy(buffer + size - 4, "...", 4);
  return buffer;
}

static int by_energy(const void *a, const void *b)
{
  const afb_level *x = *(const afb_level *const *)a, *y = *(const afb_level *const *)b;
  if (x->energy != y->energy)
    return x->energy < y->energy ? -1 : 1;
  return x < y ? -1 : x > y;
}

/* Schemes that were tried, when there was more than one. */
static void print_attempts(FILE *out, const afb_mcdhf_result *result)
{
  int n = 0, first = 0;
  double begin = 0;
  for (int i = 0; i < result->n_trace; i++)
    n += result->trace[i].outcome != AFB_OUTCOME_NONE;
  for (int i = 0; i < result->n_trace && n > 1; i++) {
    const afb_trace *last = &result->trace[i];
    if (last->outcome == AFB_OUTCOME_NONE)
      continue;
    fprintf(out, "%-13s%s: %s, %d iterations, %.2g s\n", first == 0 ? "attempts" : "", afb_rung_name((afb_rung)last->rung),
            afb_outcome_name((afb_outcome)last->outcome), i + 1 - first, last->seconds - begin);
    first = i + 1;
    begin = last->seconds;
  }
}

static void print_outcome(FILE *out, const afb_mcdhf_result *result)
{
  fprintf(out, "outcome      %s", afb_outcome_name(result->outcome));
  if (result->rung != AFB_RUNG_NONE)
    fprintf(out, ", scheme %d (%s)", result->rung, afb_rung_name((afb_rung)result->rung));
  fprintf(out, ", %d iterations, %.3g s CPU\n", result->iterations, result->cpu_seconds);
  if (result->reason[0])
    fprintf(out, "reason       %s\n", result->reason);
  print_attempts(out, result);
  fprintf(out, "CSFs         %d in %d blocks\n", result->csfs.n_csf, result->csfs.n_blocks);
  if (isfinite(result->energy))
    fprintf(out, "energy       %.10f hartree (weighted mean), largest orbital residual %.1e\n", result->energy,
            result->gradient);
}

static void print_level(FILE *out, const afb_csf_list *csfs, const afb_level *level, double lowest, int width)
{
  char j[16], text[AFB_CSF_TEXT];
  half(level->two_j, j, sizeof j);
  fprintf(out, "%5s   %c  %3d  %18.10f %13.2f ", j, level->parity < 0 ? '-' : '+', level->index, level->energy,
          (level->energy - lowest) * AFB_HARTREE_IN_INVERSE_CM);
  fprintf(out, "  %-*s", width, level->lsj.n > 0 ? level->lsj.label[0] : "");
  for (int i = 0; i < level->lsj.n; i++)
    if (i == 0 || level->lsj.weight[i] >= 0.01)
      fprintf(out, "%s%.1f%%%s%s", i ? " + " : "  ", 100 * level->lsj.weight[i], i ? " " : "", i ? level->lsj.label[i] : "");
  fprintf(out, "%s", level->lsj.n > 0 ? "; jj:" : "");
  /* Of the jj states all that matter where there is nothing else to tell, one beside an LS composition. */
  for (int i = 0; i < level->n_leading && (i == 0 || level->lsj.n == 0); i++) {
    double weight = 100 * level->leading_mixing[i] * level->leading_mixing[i];
    if (i == 0 || weight >= 1)
      fprintf(out, "%s%.1f%% %s", i ? " + " : "  ", weight, afb_report_csf(csfs, level->leading_csf[i], text, sizeof text));
  }
  fputc('\n', out);
}

static void print_levels(FILE *out, const afb_mcdhf_result *result)
{
  const afb_level **order = malloc((size_t)result->n_levels * sizeof *order + 1);
  for (int i = 0; order && i < result->n_levels; i++)
    order[i] = &result->level[i];
  if (order)
    qsort(order, (size_t)result->n_levels, sizeof *order, by_energy);
  int width = 0;
  for (int i = 0; i < result->n_levels; i++) {
    int length = result->level[i].lsj.n > 0 ? (int)strlen(result->level[i].lsj.label[0]) : 0;
    width = length > width ? length : width;
  }
  fprintf(out, "\n    J   P    #      energy/hartree          cm-1   %-*s  weights of LS and jj states\n", width, "label");
  for (int i = 0; i < result->n_levels; i++)
    print_level(out, &result->csfs, order ? order[i] : &result->level[i], order ? order[0]->energy : NAN, width);
  free(order);
}

static void print_orbitals(FILE *out, const afb_orbitals *orbitals)
{
  char label[8];
  fprintf(out, "\norbital      energy/hartree  occupation     <r>/bohr\n");
  for (int i = 0; i < orbitals->n_orbitals; i++)
    fprintf(out, "%-7s %19.10f %11.5f %12.6f\n", afb_orbital_label(orbitals->orbital[i], label), orbitals->energy[i],
            orbitals->occupation[i], orbitals->r_mean[i]);
}

void afb_report_levels(FILE *out, const afb_mcdhf_result *result)
{
  print_outcome(out, result);
  if (result->n_levels > 0)
    print_levels(out, result);
  if (result->orbitals.n_orbitals > 0)
    print_orbitals(out, &result->orbitals);
}

static void json_number(FILE *out, const char *name, double value)
{
  if (isfinite(value))
    fprintf(out, "\"%s\": %.17g", name, value);
  else
    fprintf(out, "\"%s\": null", name);
}

static void json_levels(FILE *out, const afb_mcdhf_result *result)
{
  fprintf(out, " \"levels\": [");
  for (int i = 0; i < result->n_levels; i++) {
    const afb_level *level = &result->level[i];
    fprintf(out, "%s\n  {\"two_j\": %d, \"parity\": %d, \"index\": %d, ", i ? "," : "", level->two_j, level->parity,
            level->index);
    json_number(out, "energy_hartree", level->energy);
    fprintf(out, ", \"lsj\": [");
    for (int k = 0; k < level->lsj.n; k++)
      fprintf(out, "%s{\"label\": \"%s\", \"weight\": %.10f}", k ? ", " : "", level->lsj.label[k], level->lsj.weight[k]);
    fprintf(out, "]}");
  }
  fprintf(out, "],\n");
}

static void json_orbitals(FILE *out, const afb_orbitals *orbitals)
{
  char label[8];
  fprintf(out, " \"orbitals\": [");
  for (int i = 0; i < orbitals->n_orbitals; i++) {
    fprintf(out, "%s\n  {\"label\": \"%s\", ", i ? "," : "", afb_orbital_label(orbitals->orbital[i], label));
    json_number(out, "energy_hartree", orbitals->energy[i]);
    fprintf(out, ", ");
    json_number(out, "r_mean", orbitals->r_mean[i]);
    fputc('}', out);
  }
  fprintf(out, "]");
}

void afb_report_json(FILE *out, const afb_mcdhf_result *result)
{
  fprintf(out, "{\"outcome\": \"%s\",\n \"iterations\": %d,\n ", afb_outcome_name(result->outcome), result->iterations);
  json_number(out, "cpu_seconds", result->cpu_seconds);
  fprintf(out, ",\n \"n_csf\": %d,\n \"blocks\": [", result->csfs.n_csf);
  for (int i = 0; i < result->csfs.n_blocks; i++)
    fprintf(out, "%s\n  {\"two_j\": %d, \"parity\": %d, \"n_csf\": %d}", i ? "," : "", result->csfs.block[i].two_j,
            result->csfs.block[i].parity, result->csfs.block[i].n_csf);
  fprintf(out, "],\n");
  json_levels(out, result);
  json_orbitals(out, &result->orbitals);
  fprintf(out, "}\n");
}
