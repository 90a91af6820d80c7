#include "report/bench.h"

#include <string.h>

#define LAMMPS_PEAK 58.6         /* GF/s where LAMMPS was measured */

void afb_report_bench_head(FILE *out, int markdown)
{
  fputs(markdown ? "| quantity | 2J | atoms | neighbours | µs | peak, GF/s | kflop at peak | LAMMPS, kflop at peak | ratio | wanted |\n"
                   "|---|---|---|---|---|---|---|---|---|---|\n"
                 : "quantity       2J    atoms  neighbours        us  peak GF/s  kflop at peak    LAMMPS   ratio  wanted\n", out);
}

static void cell(FILE *out, int markdown, int width, int digits, double value, int known)
{
  fputs(markdown ? " " : "", out);
  if (known)
    fprintf(out, "%*.*f", markdown ? 0 : width, digits, value);
  else
    fprintf(out, "%*s", markdown ? 0 : width, markdown ? "" : "-");
  fputs(markdown ? " |" : "", out);
}

void afb_report_bench_row(FILE *out, int markdown, const afb_bench_row *row)
{
  double work = row->microseconds * row->peak, lammps = row->lammps * LAMMPS_PEAK;
  fprintf(out, markdown ? "| %s |" : "%-12s", row->quantity);
  cell(out, markdown, 5, 0, row->two_jmax, row->two_jmax >= 0);
  cell(out, markdown, 9, 0, (double)row->atoms, 1);
  cell(out, markdown, 12, 1, row->neighbours, row->neighbours > 0);
  cell(out, markdown, 10, 2, row->microseconds, 1);
  cell(out, markdown, 11, 1, row->peak, 1);
  cell(out, markdown, 15, 0, work, 1);
  cell(out, markdown, 10, 0, lammps, lammps > 0);
  cell(out, markdown, 8, 1, lammps / work, lammps > 0);
  cell(out, markdown, 8, 0, row->target, row->target > 0);
  fputc('\n', out);
}

static const afb_bench_row *find(int n, const afb_bench_row *row, const char *quantity, int two_jmax)
{
  for (int i = 0; i < n; i++)
    if (strcmp(row[i].quantity, quantity) == 0 && row[i].two_jmax == two_jmax)
      return &row[i];
  return NULL;
}

void afb_report_bench_foot(FILE *out, int markdown, int n, const afb_bench_row *row)
{
  const afb_bench_row *b = find(n, row, "B", 8), *search = find(n, row, "neighbours", -1), *output = find(n, row, "output", 8),
                      *plain = find(n, row, "plain write", 8);
  fputc('\n', out);
  fprintf(out,
          "%s per atom (grid: per point, search included) on one core: CPU time, and elapsed time of all ranks for writing. The peak is the rate of\n"
          "fused multiply-adds measured beside each row; time times peak compares machines. LAMMPS: -O3 -march=native, measured\n"
          "where the peak was %.1f GF/s.\n", markdown ? "µs" : "us", LAMMPS_PEAK);
  if (b && search && output && plain)
    fprintf(out, "Search for neighbours and output take %.0f %% of the time of B at 2J = 8; search and plain writing of the same bytes, up to the\n"
                 "disk, %.0f %%.\n", 100 * (search->microseconds + output->microseconds) / b->microseconds,
            100 * (search->microseconds + plain->microseconds) / b->microseconds);
}
