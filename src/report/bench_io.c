#include "report/bench_io.h"

void afb_report_io_head(FILE *out, const char *hints)
{
  fprintf(out, "Hints: %s.\n\n", hints);
  fprintf(out, "| file | ranks | MB | MB/s | raw MPI-IO, MB/s | one process, MB/s | of raw MPI-IO | files |\n|---|---|---|---|---|---|---|---|\n");
}

void afb_report_io_row(FILE *out, int ranks, const afb_io_row *row)
{
  static const char *const kind[AFB_IO_N_KINDS] = {"descriptors", "campaign, folded"};
  fprintf(out, "| %s | %d | %.0f | %.0f | %.0f | %.0f | %.2f | %d |\n", kind[row->kind], ranks, 1e-6 * (double)row->bytes, 1e-6 * row->ours, 1e-6 * row->raw,
          1e-6 * row->one, row->ratio, row->files);
}
