#include "report/bench_loop.h"

#include <math.h>

typedef struct {
  const char *name;
  int digits;
} quantity;

static const quantity quantities[AFB_LOOP_N_MEASURES] = {
  {"runs", 0}, {"converged sets", 0}, {"distinct levels", 0}, {"useful results", 0}, {"energy lowering, hartree", 1}};

static afb_loop_mean at(const afb_loop *loop, int strategy, int point, int measure, double factor)
{
  double value[AFB_LOOP_SEEDS];
  for (int s = 0; s < AFB_LOOP_SEEDS; s++)
    value[s] = factor * loop->value[strategy][s][point][measure];
  return afb_loop_mean_of(value);
}

void afb_report_bench_loop(FILE *out, int markdown, const afb_loop *loop)
{
  double per_hour = 3600.0 / loop->core_seconds;
  fprintf(out, "%d seeds, %.0f core-seconds each; per core-hour of all that a campaign does, with 95 %% intervals over the seeds.\n\n", AFB_LOOP_SEEDS,
          loop->core_seconds);
  fprintf(out, markdown ? "| |" : "%-26s", "");
  for (int k = 0; k < AFB_LOOP_STRATEGIES; k++)
    fprintf(out, markdown ? " %s |" : " %20s", afb_strategy_name(loop->strategy[k]));
  fprintf(out, "%s\n", markdown ? " the model's lead |" : "  the model's lead");
  if (markdown)
    fprintf(out, "|---|---|---|---|---|\n");
  for (int m = 0; m < AFB_LOOP_N_MEASURES; m++) {
    fprintf(out, markdown ? "| %s |" : "%-26s", quantities[m].name);
    for (int k = 0; k < AFB_LOOP_STRATEGIES; k++) {
      afb_loop_mean x = at(loop, k, AFB_LOOP_POINTS - 1, m, per_hour);
      fprintf(out, markdown ? " %.*f ± %.*f |" : " %10.*f ± %-7.*f", quantities[m].digits, x.mean, quantities[m].digits, x.half);
    }
    afb_loop_lead lead = afb_loop_lead_in(loop, (afb_loop_measure)m);
    fprintf(out, "%s %.2f (%.2f–%.2f) over %s%s\n", markdown ? "" : " ", lead.ratio, lead.low, lead.high,
            afb_strategy_name(loop->strategy[lead.best]), markdown ? " |" : "");
  }
  fprintf(out, "\nThe model's campaigns spent %.1f %% of their time on training and ranking.\n",
          100.0 * afb_loop_mean_of(loop->model_share[0]).mean);
}

enum { WIDTH = 720, HEIGHT = 420, LEFT = 64, RIGHT = 120, TOP = 28, BOTTOM = 52 };

typedef struct {
  double per_second, per_unit;   /* pixels */
} scale;

static double x_of(const scale *s, double seconds) { return LEFT + s->per_second * seconds; }
static double y_of(const scale *s, double value) { return HEIGHT - BOTTOM - s->per_unit * value; }

/* A round step that divides `most` into four to ten parts. */
static double step_of(double most)
{
  double power = pow(10.0, floor(log10(most)));
  double parts = most / power;
  return power * (parts >= 5.0 ? 1.0 : parts >= 2.5 ? 0.5 : 0.2);
}

static void axes(FILE *out, const scale *s, const afb_loop *loop, double most)
{
  double step = step_of(most), seconds = step_of(loop->core_seconds);
  for (double v = 0.0; v <= most * 1.0001; v += step)
    fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n", LEFT, y_of(s, v),
            WIDTH - RIGHT, LEFT - 8, y_of(s, v) + 4.0, v);
  for (double t = 0.0; t <= loop->core_seconds * 1.0001; t += seconds)
    fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n", x_of(s, t), HEIGHT - BOTTOM + 18, t);
  fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">core-seconds, training and ranking included</text>\n",
          (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12);
  fprintf(out, "<text x=\"%d\" y=\"16\">useful results of a campaign</text>\n", LEFT - 40);
}

static void curve(FILE *out, const scale *s, const afb_loop *loop, int strategy)
{
  double step = loop->core_seconds / AFB_LOOP_POINTS;
  fprintf(out, "<path class=\"band s%d\" d=\"M%.1f %.1f", strategy, x_of(s, 0.0), y_of(s, 0.0));
  for (int k = 0; k < AFB_LOOP_POINTS; k++) {
    afb_loop_mean x = at(loop, strategy, k, AFB_LOOP_USEFUL, 1.0);
    fprintf(out, "L%.1f %.1f", x_of(s, (k + 1) * step), y_of(s, x.mean + x.half));
  }
  for (int k = AFB_LOOP_POINTS - 1; k >= 0; k--) {
    afb_loop_mean x = at(loop, strategy, k, AFB_LOOP_USEFUL, 1.0);
    fprintf(out, "L%.1f %.1f", x_of(s, (k + 1) * step), y_of(s, fmax(0.0, x.mean - x.half)));
  }
  fprintf(out, "Z\"/>\n<path class=\"line s%d\" d=\"M%.1f %.1f", strategy, x_of(s, 0.0), y_of(s, 0.0));
  for (int k = 0; k < AFB_LOOP_POINTS; k++)
    fprintf(out, "L%.1f %.1f", x_of(s, (k + 1) * step), y_of(s, at(loop, strategy, k, AFB_LOOP_USEFUL, 1.0).mean));
  fprintf(out, "\"/>\n<text class=\"s%d\" x=\"%d\" y=\"%.1f\">%s</text>\n", strategy, WIDTH - RIGHT + 10,
          y_of(s, at(loop, strategy, AFB_LOOP_POINTS - 1, AFB_LOOP_USEFUL, 1.0).mean) + 4.0, afb_strategy_name(loop->strategy[strategy]));
}

void afb_report_loop_figure(FILE *out, const afb_loop *loop)
{
  double most = 1.0;
  for (int k = 0; k < AFB_LOOP_STRATEGIES; k++) {
    afb_loop_mean x = at(loop, k, AFB_LOOP_POINTS - 1, AFB_LOOP_USEFUL, 1.0);
    most = fmax(most, x.mean + x.half);
  }
  scale s = {(WIDTH - LEFT - RIGHT) / loop->core_seconds, (HEIGHT - TOP - BOTTOM) / most};
  fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n"
          "<style>\n"
          "svg { background: #ffffff } text { font: 13px sans-serif; fill: #222222 } .grid { stroke: #dddddd; fill: none }\n"
          ".line { fill: none; stroke-width: 2 } .band { opacity: 0.18 }\n"
          ".line.s0 { stroke: #0072b2 } .line.s1 { stroke: #d55e00 } .line.s2 { stroke: #007d5a }\n"
          ".band.s0, text.s0 { fill: #0072b2 } .band.s1, text.s1 { fill: #d55e00 } .band.s2, text.s2 { fill: #007d5a }\n"
          "@media (prefers-color-scheme: dark) {\n"
          "svg { background: #14171a } text { fill: #dddddd } .grid { stroke: #3a3f44 }\n"
          ".line.s0 { stroke: #56b4e9 } .line.s1 { stroke: #ff9e4a } .line.s2 { stroke: #3fd0a4 }\n"
          ".band.s0, text.s0 { fill: #56b4e9 } .band.s1, text.s1 { fill: #ff9e4a } .band.s2, text.s2 { fill: #3fd0a4 }\n"
          "}\n</style>\n", WIDTH, HEIGHT, WIDTH, HEIGHT);
  axes(out, &s, loop, most);
  for (int k = AFB_LOOP_STRATEGIES - 1; k >= 0; k--)
    curve(out, &s, loop, k);
  fprintf(out, "</svg>\n");
}
