#include "report/bench_large.h"

void afb_report_bench_large_head(FILE *out, int markdown)
{
  fputs(markdown ? "| expansion | CSFs | ranks | angular, s | iteration, s | Y^k | orbitals | CI | other | in MPI | peak of memory, GB |\n"
                   "|---|---|---|---|---|---|---|---|---|---|---|\n"
                 : "expansion                      CSFs ranks angular, s iteration, s     Y^k orbitals      CI   other  in MPI  peak, GB\n", out);
}

void afb_report_bench_large_row(FILE *out, int markdown, const afb_bench_large *r)
{
  fprintf(out, markdown ? "| %s | %d | %d | %.2f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.2f |\n"
                        : "%-28s %6d %5d %10.2f %12.3f %7.3f %8.3f %7.3f %7.3f %7.3f %9.2f\n",
          r->name, r->n_csf, r->n_ranks, r->phase[AFB_PHASE_ANGULAR], r->iteration, r->phase[AFB_PHASE_COULOMB], r->phase[AFB_PHASE_ORBITAL],
          r->phase[AFB_PHASE_CI], r->phase[AFB_PHASE_OTHER], r->phase[AFB_PHASE_WAIT], 1e-9 * r->peak);
}
