#include "report/bench_train.h"

#include <math.h>

void afb_report_bench_train_head(FILE *out, int markdown, int ranks)
{
  if (markdown)
    fprintf(out, "| case | samples a CPU second | sgemm, GF/s | share of sgemm | loss after | steps |%s\n|---|---|---|---|---|---|%s\n",
            ranks > 1 ? " one rank | CPU efficiency |" : "", ranks > 1 ? "---|---|" : "");
  else
    fprintf(out, "%-15s %12s %11s %8s %12s %6s%s\n", "case", "samples/CPU-s", "sgemm GF/s", "share", "loss after", "steps",
            ranks > 1 ? "     one rank  efficiency" : "");
}

void afb_report_bench_train_row(FILE *out, int markdown, int ranks, const afb_bench_case *c, const afb_bench_result *r,
                                const afb_bench_result *alone)
{
  double share = 1e-9 * r->flops * r->rate / r->sgemm;
  fprintf(out, markdown ? "| %s | %.0f | %.0f | %.2f | %.4f | %lld |" : "%-15s %12.0f %11.1f %8.2f %12.4f %6lld",
          markdown ? c->description : c->name, r->rate, r->sgemm, share, r->loss[r->n_loss - 1], (long long)r->steps);
  if (ranks > 1)
    fprintf(out, markdown ? " %.0f | %.2f |" : " %12.0f %11.2f", alone->rate, r->rate / alone->rate);
  fputc('\n', out);
}

void afb_report_bench_batch_head(FILE *out, int markdown)
{
  if (markdown)
    fprintf(out, "| optimiser | batch | rate | warm-up | steps of constants | steps | log loss | more than the first, seed by seed | AUC | CPU s |\n|---|---|---|---|---|---|---|---|---|---|\n");
  else
    fprintf(out, "%-9s %6s %8s %8s %8s %6s %20s %20s %20s %7s\n", "optimiser", "batch", "rate", "warm-up", "const.", "steps", "log loss", "more, seed by seed", "AUC", "CPU s");
}

void afb_report_bench_batch_row(FILE *out, int markdown, const afb_batch_recipe *recipe, const afb_batch_result *r,
                                const afb_batch_result *first)
{
  double more = 0, square = 0;
  for (int s = 0; s < AFB_BATCH_SEEDS; s++)
    more += (r->seed_loss[s] - first->seed_loss[s]) / AFB_BATCH_SEEDS;
  for (int s = 0; s < AFB_BATCH_SEEDS; s++)
    square += pow(r->seed_loss[s] - first->seed_loss[s] - more, 2);
  if (recipe)
    fprintf(out, markdown ? "| %s | %lld | %g | %.0f %% | × %g | %lld |" : "%-9s %6lld %8g %6.0f %% %8g %6lld", recipe->optimiser, (long long)recipe->batch,
            recipe->rate, 100 * recipe->warmup, recipe->constants, (long long)(AFB_BATCH_SEEN / recipe->batch));
  else
    fprintf(out, markdown ? "| the probabilities themselves | | | | | |" : "%-50s", "the probabilities themselves");
  fprintf(out, markdown ? " %.4f ± %.4f | %+.4f ± %.4f | %.4f ± %.4f | %.0f |\n" : "    %.4f +- %.4f   %+.4f +- %.4f    %.4f +- %.4f %7.0f\n",
          r->log_loss[0], r->log_loss[1], more, sqrt(square / (AFB_BATCH_SEEDS - 1)), r->auc[0], r->auc[1], r->seconds);
}
