#include "tests/atomic/robust.h"

#include "tests/check.h"

#include <string.h>

void put(page *p, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  int n = vsnprintf(p->text + p->used, TEXT - p->used, format, list);
  va_end(list);
  if (n > 0)
    p->used = p->used + (size_t)n < TEXT ? p->used + (size_t)n : TEXT - 1;
}

int is_ok(const run_end *l) { return afb_outcome_ok(l->outcome); }

void table_by_size(page *p, int n, const job *jobs, const result *results, double *cold, double *warm)
{
  int total[3] = {0};
  put(p, "\n| configurations | sets | GRASP cold | GRASP warm | cold | warm | iterations | CPU s |\n|---|---|---|---|---|---|---|---|\n");
  for (int k = 1; k <= GRASP_SETS; k++) {
    int sets = 0, grasp = 0, labelled = 0, grasp_warm = 0, labelled_warm = 0, ours = 0, ours_warm = 0, iterations = 0;
    double cpu = 0;
    for (int i = 0; i < n; i++) {
      if (jobs[i].n != k || !results[i].cold.done)
        continue;
      sets++;
      labelled += jobs[i].label_cold >= 0;
      grasp += jobs[i].label_cold == 1;
      labelled_warm += jobs[i].label_warm >= 0;
      grasp_warm += jobs[i].label_warm == 1;
      ours += is_ok(&results[i].cold);
      ours_warm += is_ok(&results[i].warm);
      iterations += results[i].cold.iterations;
      cpu += results[i].cold.cpu;
    }
    if (sets == 0)
      continue;
    total[0] += sets;
    total[1] += ours;
    total[2] += ours_warm;
    put(p, "| %d | %d | %d of %d | %d of %d | %d | %d | %.0f | %.2f |\n", k, sets, grasp, labelled, grasp_warm, labelled_warm, ours, ours_warm,
        (double)iterations / sets, cpu / sets);
  }
  put(p, "| all | %d | | | %d (%.1f %%) | %d (%.1f %%) | | |\n", total[0], total[1], 100.0 * total[1] / total[0], total[2], 100.0 * total[2] / total[0]);
  *cold = (double)total[1] / total[0];
  *warm = (double)total[2] / total[0];
}

void list_failures(page *p, int n, const job *jobs, const result *results)
{
  char text[EVIDENCE_TEXT];
  int some = 0;
  for (int i = 0; i < n; i++)
    for (int warm = 0; warm < 2; warm++) {
      const run_end *l = warm ? &results[i].warm : &results[i].cold;
      int label = warm ? jobs[i].label_warm : jobs[i].label_cold;
      if (!l->done || is_ok(l) || warm > l->warm_run)
        continue;
      if (some++ == 0)
        put(p, "\n| not converged | start | GRASP | outcome | what it says | the orbital at the end | average of all CSFs |\n|---|---|---|---|---|---|---|\n");
      put(p, "| %s | %s | %s | %s | %s | %s | %s |\n", jobs[i].name, warm ? "warm" : "cold", label < 0 ? "–" : label ? "converged" : "failed",
          afb_outcome_name(l->outcome), l->reason, evidence_of_failure(l, text),
          results[i].average == 1 ? "converges" : "fails");
    }
}

/* A calculation that both codes converged. */
typedef struct {
  int job, warm;
  disagreement kind;
  double difference;          /* relative, negative: ours is lower */
} pairing;

static int same_list(const job *j, const run_end *l) { return j->n_csf == 0 || j->n_csf == l->n_csf; }

static int pair_up(int n, const job *jobs, const result *results, pairing *out)
{
  int count = 0;
  for (int i = 0; i < n; i++)
    for (int warm = 0; warm < 2; warm++) {
      const run_end *mine = warm ? &results[i].warm : &results[i].cold, *other = warm ? &results[i].cold : &results[i].warm;
      double grasp = warm ? jobs[i].energy_warm : jobs[i].energy_cold, grasp_other = warm ? jobs[i].energy_cold : jobs[i].energy_warm;
      if (!mine->done || !is_ok(mine) || !isfinite(grasp))
        continue;
      disagreement kind = evidence_compare(mine, results[i].warm.warm_run ? other : NULL, grasp, grasp_other, same_list(jobs + i, mine));
      out[count++] = (pairing){i, warm, kind, (mine->energy - grasp) / fabs(grasp)};
    }
  return count;
}

static void put_pairing(page *p, const pairing *q, const job *jobs, const result *results)
{
  const result *r = results + q->job;
  const job *j = jobs + q->job;
  char text[EVIDENCE_TEXT];
  put(p, "| %s | %s | %.8f | %.8f | %.1e | %s |\n", j->name, q->warm ? "warm" : "cold", q->warm ? j->energy_warm : j->energy_cold,
      q->warm ? r->warm.energy : r->cold.energy, q->difference,
      evidence_of_state(q->warm ? &r->warm : &r->cold, r->warm.warm_run ? q->warm ? &r->cold : &r->warm : NULL, j->charge, text));
}

void list_disagreements(page *p, int n, const job *jobs, const result *results)
{
  enum { SHOWN = 8 };
  pairing *all = malloc((2 * (size_t)n + 1) * sizeof *all);
  assert_non_null(all);
  int count = pair_up(n, jobs, results, all), of_kind[N_DISAGREE] = {0};
  for (int i = 0; i < count; i++)
    of_kind[all[i].kind]++;
  put(p, "\nBoth converged in %d calculations; in %d of them the weighted energies agree to 1e-8.\n", count, of_kind[DISAGREE_NOT]);
  for (int kind = DISAGREE_NOT + 1; kind < N_DISAGREE; kind++) {
    int higher = kind == DISAGREE_HIGHER || kind == DISAGREE_HIGHER_OTHER;
    if (of_kind[kind] == 0)
      continue;
    put(p, "\n**%d calculations: %s**%s\n\n| set | start | GRASP / hartree | here / hartree | relative | an orbital |\n|---|---|---|---|---|---|\n",
        of_kind[kind], disagreement_text((disagreement)kind), of_kind[kind] > SHOWN && !higher ? "; those that differ most:" : "");
    for (int shown = 0; shown < (higher ? count : SHOWN); shown++) {
      pairing *most = NULL;
      for (int i = 0; i < count; i++)
        if ((int)all[i].kind == kind && (!most || fabs(all[i].difference) > fabs(most->difference)))
          most = all + i;
      if (!most)
        break;
      put_pairing(p, most, jobs, results);
      most->kind = DISAGREE_NOT;
    }
  }
  free(all);
}

void put_unasked(page *p, int n, const result *results)
{
  int converged = 0, runs = 0, orbitals = 0;
  for (int i = 0; i < n; i++)
    for (int w = 0; w <= results[i].warm.warm_run; w++) {
      const run_end *l = w ? &results[i].warm : &results[i].cold;
      int unasked = l->done && is_ok(l) ? evidence_unasked(l) : 0;
      converged += l->done && is_ok(l);
      runs += unasked > 0;
      orbitals += unasked;
    }
  put(p, "\nIn %d of %d converged runs some orbitals (%d in all), which correlate, have other nodes than their names say, or a positive multiplier.\n", runs,
      converged, orbitals);
}

static double gap(const result *r)
{
  return r->warm.warm_run && is_ok(&r->cold) && is_ok(&r->warm) ? (r->warm.energy - r->cold.energy) / fabs(r->cold.energy) : 0;
}

void list_two_states(page *p, int n, const job *jobs, const result *results)
{
  enum { SHOWN = 8 };
  int both = 0, two = 0, other_levels = 0;
  double last = INFINITY;
  char text[EVIDENCE_TEXT];
  for (int i = 0; i < n; i++) {
    int differ = fabs(gap(results + i)) > 1e-8;
    both += results[i].warm.warm_run && is_ok(&results[i].cold) && is_ok(&results[i].warm);
    two += differ;
    other_levels += differ && evidence_other_levels(&results[i].cold, &results[i].warm) > 0;
  }
  put(p, "\nCold and warm both converged in %d sets, in %d of them to different states; in %d of these the two are stationary for other levels.\n", both, two,
      other_levels);
  if (two > 0)
    put(p, "\n| two states%s | cold / hartree | warm / hartree | relative | an orbital from the cold start, and levels |\n|---|---|---|---|---|\n",
        two > SHOWN ? ", those that differ most" : "");
  for (int shown = 0; shown < SHOWN && shown < two; shown++) {
    int most = -1;
    for (int i = 0; i < n; i++)
      if (fabs(gap(results + i)) < last && (most < 0 || fabs(gap(results + i)) > fabs(gap(results + most))))
        most = i;
    last = fabs(gap(results + most));
    put(p, "| %s | %.8f | %.8f | %.1e | %s |\n", jobs[most].name, results[most].cold.energy, results[most].warm.energy, gap(results + most),
        evidence_of_state(&results[most].cold, &results[most].warm, jobs[most].charge, text));
  }
}

int is_right(const run_end *l) { return is_ok(l) && fabs(l->level_difference) <= 1e-8; }

/* One line of the table of heavy cases: those whose name begins with `prefix` and holds `part`. */
static void put_heavy_line(page *p, const char *title, const char *prefix, const char *part, int n, const job *jobs, const result *results)
{
  int cases = 0, grasp = 0, good = 0, right = 0, first = 0, iterations = 0;
  double cpu = 0, largest = 0;
  for (int i = 0; i < n; i++) {
    const run_end *l = &results[i].cold;
    if (!l->done || strncmp(jobs[i].name, prefix, strlen(prefix)) != 0 || !strstr(jobs[i].name, part))
      continue;
    cases++;
    grasp += jobs[i].label_cold;
    good += is_ok(l);
    right += is_right(l);
    first += is_ok(l) && l->rung == AFB_RUNG_DIIS;
    iterations += l->iterations;
    cpu += l->cpu;
    largest = fmax(largest, fabs(l->level_difference));
  }
  if (cases > 0)
    put(p, "| %s | %d | %d | %d | %d | %d | %.1e | %.0f | %.2f |\n", title, cases, grasp, good, first, right, largest,
        (double)iterations / cases, cpu / cases);
}

void put_heavy_table(page *p, int n, const job *jobs, const result *results)
{
  put(p, "\n| cases | number | GRASP, default start, right state | converged | on the first rung | levels to 1e-8 | largest difference | iterations | CPU s |\n"
         "|---|---|---|---|---|---|---|---|---|\n");
  put_heavy_line(p, "Z = 57-103, neutral", "HV_", "_I_", n, jobs, results);
  put_heavy_line(p, "Z = 57-103, II", "HV_", "_II_", n, jobs, results);
  put_heavy_line(p, "Z = 57-103, III", "HV_", "_III_", n, jobs, results);
  put_heavy_line(p, "Z = 57-103, IV", "HV_", "_IV_", n, jobs, results);
  put_heavy_line(p, "Z = 3-56", "GC_", "", n, jobs, results);
  put_heavy_line(p, "two to four configurations", "MR_", "", n, jobs, results);
  put_heavy_line(p, "all", "", "", n, jobs, results);
  for (int i = 0, wrong = 0; i < n; i++) {
    const run_end *l = &results[i].cold;
    if (!l->done || is_right(l))
      continue;
    if (wrong++ == 0)
      put(p, "\n| not right | outcome | what it says | largest difference of a level |\n|---|---|---|---|\n");
    put(p, "| %s | %s | %s | %.1e |\n", jobs[i].name, afb_outcome_name(l->outcome), l->reason, l->level_difference);
  }
}

static int is_same_twice(const result *r)
{
  return is_ok(&r->cold) && is_ok(&r->warm) && fabs(r->cold.energy - r->warm.energy) <= 1e-8 * fabs(r->cold.energy);
}

static void put_excitation_line(page *p, const char *title, int charge, int n, const job *jobs, const result *results)
{
  int cases = 0, good = 0, first = 0, same = 0, nodes = 0, iterations = 0;
  double cpu = 0, least = INFINITY, most = -INFINITY;
  for (int i = 0; i < n; i++) {
    const run_end *l = &results[i].cold;
    if (!l->done || (charge >= 0 && jobs[i].charge != charge))
      continue;
    cases++;
    good += is_ok(l);
    first += is_ok(l) && l->rung == AFB_RUNG_DIIS;
    same += is_same_twice(results + i);
    nodes += is_ok(l) && evidence_unasked(l) == 0;
    least = fmin(least, results[i].excess);
    most = fmax(most, results[i].excess);
    iterations += l->iterations;
    cpu += l->cpu;
  }
  if (cases > 0)
    put(p, "| %s | %d | %d | %d | %d | %d | %.1e | %.1e | %.0f | %.2f |\n", title, cases, good, first, same, nodes, least, most,
        (double)iterations / cases, cpu / cases);
}

void put_excitation_table(page *p, int n, const job *jobs, const result *results)
{
  int listed = 0;
  put(p, "\n| ions | number | converged | on the first rung | same state from the ground configuration's orbitals | all nodes right | least excess | "
         "largest excess / hartree | iterations | CPU s |\n|---|---|---|---|---|---|---|---|---|---|\n");
  put_excitation_line(p, "neutral", 0, n, jobs, results);
  put_excitation_line(p, "II", 1, n, jobs, results);
  put_excitation_line(p, "III", 2, n, jobs, results);
  put_excitation_line(p, "IV", 3, n, jobs, results);
  put_excitation_line(p, "all", -1, n, jobs, results);
  for (int i = 0; i < n; i++) {
    const run_end *cold = &results[i].cold, *warm = &results[i].warm;
    char text[EVIDENCE_TEXT];
    if (!cold->done || is_same_twice(results + i))
      continue;
    if (listed++ == 0)
      put(p, "\n| not the same twice | cold | warm | warm - cold / hartree | an orbital |\n|---|---|---|---|---|\n");
    put(p, "| %s | %s | %s | %.1e | %s |\n", jobs[i].name, is_ok(cold) ? "converged" : cold->reason, is_ok(warm) ? "converged" : warm->reason,
        warm->energy - cold->energy, is_ok(cold) ? evidence_of_state(cold, warm, jobs[i].charge, text) : evidence_of_failure(cold, text));
  }
}
