#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "campaign/learner_parts.h"

/* null where a number is not known. */
static void print_number(FILE *out, const char *name, double value, const char *end)
{
  if (isfinite(value))
    fprintf(out, "\"%s\": %.6g%s", name, value, end);
  else
    fprintf(out, "\"%s\": null%s", name, end);
}

static int occurs(const afb_set_table *t, afb_ion ion)
{
  for (int64_t i = 0; i < t->n; i++)
    if (t->group[i] == afb_feature_group(ion.z, ion.charge))
      return 1;
  return 0;
}

static void print_data(FILE *out, const afb_learner *l)
{
  const afb_set_table *t = &l->table;
  int ions = 0, largest = 0;
  for (int i = 0; i < l->n_ions; i++)
    ions += occurs(t, l->ion[i].ion);
  for (int64_t i = 0; i < t->n; i++)
    largest = t->size[i] > largest ? t->size[i] : largest;
  fprintf(out, "  \"data\": {\"sets\": %lld, \"ions\": %d, \"largest set\": %d, \"source\": \"runs of this file\"},\n", (long long)t->n, ions, largest);
}

/* What is known of one target, and what a constant would reach on it. */
static void print_target(FILE *out, const afb_learner *l, const afb_head *head, int target)
{
  static const char *const name[AFB_N_LABELS] = {"converges at the cheapest rung", "converges", "ln(core-seconds / estimate from the input)",
    "log10(lowering / hartree)", "lowering of at least 1e-4 hartree", "a level led by the added configuration", "outcome class"};
  static const char *const kind[] = {"probability (product of survivals)", "probability", "Gaussian", "classes"};
  const afb_set_table *t = &l->table;
  double mean = 0, square = 0, count[AFB_MOST_CLASSES] = {0}, entropy = 0, most = 0;
  int64_t n = 0;
  for (int64_t i = 0; i < t->n; i++) {
    double y = t->label[i * t->n_target + target], step = y - mean;
    if (isnan(y))
      continue;
    mean += step / (double)++n;
    square += step * (y - mean);
    if (head->kind != AFB_HEAD_NUMBER)
      count[(int)y] += 1;
  }
  fprintf(out, "    {\"name\": \"%s\", \"kind\": \"%s\", \"known\": %lld, ", name[target], kind[head->kind], (long long)n);
  if (head->kind == AFB_HEAD_NUMBER) {
    print_number(out, "mean", n > 0 ? mean : NAN, ", ");
    print_number(out, "baseline: deviation from the mean", n > 0 ? sqrt(square / (double)n) : NAN, "}");
    return;
  }
  for (int k = 0; k < AFB_MOST_CLASSES && n > 0; k++) {
    entropy -= count[k] > 0 ? count[k] / (double)n * log(count[k] / (double)n) : 0;
    most = fmax(most, count[k] / (double)n);
  }
  print_number(out, "baseline: accuracy of the majority", n > 0 ? most : NAN, ", ");
  print_number(out, "baseline: log loss of the frequencies", n > 0 ? entropy : NAN, "}");
}

afb_status afb_learner_card(const afb_learner *l, int n_metrics, const afb_store_metric *metric, char **text)
{
  char spec[AFB_MODEL_SPEC_LENGTH];
  size_t size = 0;
  afb_heads heads;
  AFB_TRY(afb_heads_parse(AFB_TARGET_KINDS, AFB_N_LABELS, &heads));
  *text = NULL;
  FILE *out = open_memstream(text, &size);
  if (!out)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the card of a model");
  fprintf(out, "%s\n{\n  \"model\": \"%s, ensemble of %d\",\n", afb_model_spec_format(&l->model->spec, spec, sizeof spec), l->model->spec.kind,
          l->model->spec.members);
  fprintf(out, "  \"inputs\": \"%d numbers of each configuration and open orbital, %d of the set; known before the run (campaign/feature_columns.h)\",\n",
          l->table.n_token, l->table.n_global);
  print_data(out, l);
  fputs("  \"splits\": \"one fold of five of the ions, by a hash, stops the training and calibrates and is not trained on; where no ion falls into it, each member leaves a part of the ions "
        "out for that. Honest tests on unseen ions and on "
        "larger sets, with networks trained for the purpose, are metrics of the last round (.../ions/..., .../size/...)\",\n  \"targets\": [\n", out);
  for (int t = 0; t < heads.n; t++) {
    print_target(out, l, &heads.head[t], t);
    fputs(t + 1 < heads.n ? ",\n" : "\n  ],\n", out);
  }
  fputs("  \"metrics\": {", out);
  for (int i = 0; i < n_metrics; i++)
    print_number(out, metric[i].name, metric[i].value, i + 1 < n_metrics ? ", " : "");
  fputs("}\n}\n", out);
  int failed = ferror(out);
  if (fclose(out) != 0 || failed || !*text) {
    free(*text);
    *text = NULL;
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the card of a model");
  }
  return AFB_OK;
}
