#include "report/simulate.h"

#include "campaign/loads.h"
#include "report/figure.h"

static double single(const afb_service *s) { return s->pack_order + s->send + s->receive + s->unpack_result + s->plan + s->store; }

void afb_report_service(FILE *out, const afb_service *s, int ranks)
{
  fprintf(out, "| of one run | us |\n|---|---|\n");
  fprintf(out, "| order, %.1f kB: packing, unpacking | %.1f, %.1f |\n", 1e-3 * s->order_bytes, 1e6 * s->pack_order, 1e6 * s->unpack_order);
  fprintf(out, "| result, %.1f kB: packing, unpacking | %.1f, %.1f |\n", 1e-3 * s->result_bytes, 1e6 * s->pack_result, 1e6 * s->unpack_result);
  fprintf(out, "| a message: sending, receiving | %.1f, %.1f |\n", 1e6 * s->send, 1e6 * s->receive);
  if (ranks > 1)
    fprintf(out, "| the way between two ranks: latency, and 10 kB beyond it | %.1f, %.1f |\n", 1e6 * s->latency, 1e10 * s->byte);
  fprintf(out, "| storing a result, committed | %.1f |\n", 1e6 * s->store);
  fprintf(out, "| planning (measured by hand, or from the file that is given) | %.1f |\n", 1e6 * s->plan);
  fprintf(out, "| in all, on a rank 0 that does everything | %.1f |\n\n", 1e6 * single(s));
}

void afb_report_trials_of_service_head(FILE *out)
{
  fprintf(out, "| ranks | runs | mean, ms | rank 0 for each, ms | efficiency | simulated | difference |\n|---|---|---|---|---|---|---|\n");
}

void afb_report_trial_of_service(FILE *out, const afb_simulation *s, const afb_service_trial *trial)
{
  fprintf(out, "| %d | %lld | %.0f | %.1f | %.3f | %.3f | %+.3f |\n", s->ranks, (long long)trial->runs, 1e3 * s->lengths.mean, 1e3 * s->service.store,
          trial->real, trial->simulated, trial->simulated - trial->real);
}

void afb_report_simulation(FILE *out, const afb_service *service, const afb_simulation_grid *grid)
{
  fprintf(out, "\n| mean, s | ranks |");
  for (int l = 0; l < AFB_N_LAYOUTS; l++)
    fprintf(out, " %s |", afb_layout_name((afb_layout)l));
  fprintf(out, " rank 0 serves | longest run, s | as it is, to the end |\n|---|---|---|---|---|---|---|---|---|\n");
  for (int m = 0; m < AFB_GRID_MEANS; m++)
    for (int r = 0; r < AFB_GRID_RANKS; r += 2) {
      fprintf(out, "| %g | %d |", grid->mean[m], grid->ranks[r]);
      for (int l = 0; l < AFB_N_LAYOUTS; l++)
        fprintf(out, " %.3f |", grid->of[m][l][r].steady);
      afb_layout present = grid->ranks[r] < AFB_ONLY_SERVES_FROM ? AFB_LAYOUT_SHARED : AFB_LAYOUT_DEDICATED;
      const afb_simulated *now = &grid->of[m][present][r];
      fprintf(out, " %.1f %% | %.1f | %.3f |\n", 100.0 * now->busy, now->longest, now->whole);
    }
  fprintf(out, "\nOne rank 0 is busy all the time from about");
  for (int m = 0; m < AFB_GRID_MEANS; m++)
    fprintf(out, " %.2g ranks on at %g s%s", grid->mean[m] / single(service), grid->mean[m], m + 1 < AFB_GRID_MEANS ? "," : ".\n");
}

void afb_report_simulation_figure(FILE *out, const afb_simulation_grid *grid)
{
  static char title[AFB_GRID_MEANS][48];
  static afb_chart chart[AFB_GRID_MEANS];
  for (int m = 0; m < AFB_GRID_MEANS; m++) {
    snprintf(title[m], sizeof title[m], "runs of %g s on average", grid->mean[m]);
    chart[m] = (afb_chart){.title = title[m], .x_title = "ranks", .y_title = "efficiency", .x = {1.0, 1e5}, .y = {0.0, 1.0}, .y_step = 0.2, .x_step = 10, .log_x = 1, .legend_low = 1,
                           .n = AFB_N_LAYOUTS};
    for (int l = 0; l < AFB_N_LAYOUTS; l++) {
      afb_series *series = &chart[m].series[l];
      *series = (afb_series){.name = afb_layout_name((afb_layout)l), .colour = l, .dashed = l == AFB_LAYOUT_DEDICATED, .n = AFB_GRID_RANKS};
      for (int r = 0; r < AFB_GRID_RANKS; r++) {
        series->x[r] = grid->ranks[r];
        series->y[r] = grid->of[m][l][r].steady;
      }
    }
  }
  afb_figure_write(out, AFB_GRID_MEANS, chart);
}
