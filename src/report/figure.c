#include "report/figure.h"

#include <math.h>

enum { WIDTH = 400, HEIGHT = 300, LEFT = 52, RIGHT = 12, TOP = 30, BOTTOM = 42, ROW = 14 };

static double clamp(double v, const double range[2]) { return fmin(fmax(v, range[0]), range[1]); }

/* Part of the axis that lies before a value. */
static double part(double v, const double range[2], int logarithmic)
{
  v = clamp(v, range);
  return logarithmic ? log(v / range[0]) / log(range[1] / range[0]) : (v - range[0]) / (range[1] - range[0]);
}

static double place_x(const afb_chart *c, double x) { return LEFT + part(x, c->x, c->log_x) * (WIDTH - LEFT - RIGHT); }

static double place_y(const afb_chart *c, double y) { return HEIGHT - BOTTOM - part(y, c->y, c->log_y) * (HEIGHT - TOP - BOTTOM); }

static double next_mark(double v, double step, int logarithmic) { return logarithmic ? v * step : v + step; }

/* The text of a mark: of large and small numbers of a logarithmic axis a power of ten. */
static const char *mark(double v, int logarithmic, char text[64])
{
  if (logarithmic && (v > 1e3 || v < 1e-3))
    snprintf(text, 64, "10<tspan dy=\"-4\" font-size=\"8\">%.0f</tspan>", log10(v));
  else
    snprintf(text, 64, "%.4g", v);
  return text;
}

static void axes(FILE *out, const afb_chart *c)
{
  char text[64];
  fprintf(out, "<text class=\"t\" x=\"%d\" y=\"18\">%s</text>\n", LEFT, c->title);
  for (double x = c->x[0]; x <= c->x[1] * (1 + 1e-9) + 1e-9; x = next_mark(x, c->x_step, c->log_x))
    fprintf(out, "<text class=\"m\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", place_x(c, x), HEIGHT - BOTTOM + 14,
            mark(x, c->log_x, text));
  double last = c->y_most > 0 ? c->y_most : c->y[1];
  for (double y = c->y[0]; y <= last * (1 + 1e-9) + (c->log_y ? 0 : 1e-9); y = next_mark(y, c->y_step, c->log_y))
    fprintf(out, "<path class=\"g\" d=\"M%d %.1fH%d\"/><text class=\"m\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT,
            place_y(c, y), WIDTH - RIGHT, LEFT - 5, place_y(c, y) + 4, mark(y, c->log_y, text));
  fprintf(out, "<text class=\"m\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, c->x_title);
  fprintf(out, "<text class=\"m\" transform=\"translate(13 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", (TOP + HEIGHT - BOTTOM) / 2,
          c->y_title);
  if (c->diagonal)
    fprintf(out, "<path class=\"g\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", place_x(c, c->x[0]), place_y(c, c->x[0]), place_x(c, c->x[1]),
            place_y(c, c->x[1]));
}

static void line(FILE *out, const afb_chart *c, const afb_series *s, int number)
{
  fprintf(out, "<path class=\"s c%d%s\" d=\"", s->colour, s->dashed ? " d" : "");
  for (int i = 0; i < s->n; i++)
    fprintf(out, "%c%.1f %.1f", i ? 'L' : 'M', place_x(c, s->x[i]), place_y(c, s->y[i]));
  fprintf(out, "\"/>\n");
  for (int i = 0; i < s->n; i++)
    fprintf(out, "<circle class=\"f%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n", s->colour, place_x(c, s->x[i]), place_y(c, s->y[i]));
  for (int i = 0; s->bars && i < s->n; i++)
    fprintf(out, "<path class=\"s c%d\" d=\"M%.1f %.1fV%.1f\"/>\n", s->colour, place_x(c, s->x[i]), place_y(c, s->low[i]), place_y(c, s->high[i]));
  if (s->name[0] == '\0')
    return;
  int x = c->legend_right ? WIDTH - RIGHT - 150 : LEFT + 8, y = (c->legend_low ? HEIGHT - BOTTOM - 10 - ROW * (c->n - 1) : TOP + 8) + ROW * number;
  fprintf(out, "<path class=\"s c%d%s\" d=\"M%d %dh22\"/><text class=\"m\" x=\"%d\" y=\"%d\">%s</text>\n", s->colour, s->dashed ? " d" : "",
          x, y, x + 27, y + 4, s->name);
}

void afb_figure_write(FILE *out, int n, const afb_chart *chart)
{
  int rows = (n + 1) / 2;
  fprintf(out, "<svg class=\"fig\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n", n > 1 ? 2 * WIDTH : WIDTH, rows * HEIGHT);
  fputs("<style>.fig .t{font-size:13px;font-weight:bold;fill:#222}.fig .m{font-size:11px;fill:#333}.fig .g{stroke:#999;stroke-opacity:.4;fill:none}"
        ".fig .s{fill:none;stroke-width:2}.fig .d{stroke-dasharray:5 4}.fig .c0{stroke:#1668b0}.fig .c1{stroke:#c75c00}.fig .c2{stroke:#777}.fig .c3{stroke:#2a8a3c}"
        ".fig .f0{fill:#1668b0}.fig .f1{fill:#c75c00}.fig .f2{fill:#777}.fig .f3{fill:#2a8a3c}"
        "@media(prefers-color-scheme:dark){.fig .t,.fig .m{fill:#ddd}.fig .c0{stroke:#6cb4f0}.fig .c1{stroke:#ffa24d}.fig .c2{stroke:#aaa}.fig .c3{stroke:#71d083}"
        ".fig .f0{fill:#6cb4f0}.fig .f1{fill:#ffa24d}.fig .f2{fill:#aaa}.fig .f3{fill:#71d083}}</style>\n", out);
  for (int i = 0; i < n; i++) {
    fprintf(out, "<g transform=\"translate(%d %d)\">\n", i % 2 * WIDTH, i / 2 * HEIGHT);
    axes(out, &chart[i]);
    for (int k = 0, named = 0; k < chart[i].n; k++) {
      line(out, &chart[i], &chart[i].series[k], named);
      named += chart[i].series[k].name[0] != '\0';
    }
    fputs("</g>\n", out);
  }
  fputs("</svg>\n", out);
}
