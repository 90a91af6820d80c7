#include "report/plot.h"

#include <math.h>

#include "report/html.h"

enum { LEFT = 46, RIGHT = 10, TOP = 40, BOTTOM = 38, WIDTH = 350, HEIGHT = 270 };

static double part(double v, const double range[2], int logarithmic)
{
  double at = logarithmic ? log(v / range[0]) / log(range[1] / range[0]) : (v - range[0]) / (range[1] - range[0]);
  return fmin(fmax(at, 0), 1);
}

double afb_plot_x(const afb_plot *p, double x) { return LEFT + part(x, p->x, p->log_x) * (p->width - LEFT - RIGHT); }

double afb_plot_y(const afb_plot *p, double y) { return p->height - BOTTOM - part(y, p->y, p->log_y) * (p->height - TOP - BOTTOM); }

static void widen(double range[2], int logarithmic)
{
  if (range[1] > range[0] * (1 + 1e-9 * (range[0] > 0 ? 1 : -1)))
    return;
  range[0] = logarithmic ? range[0] / 2 : range[0] - 1;
  range[1] = logarithmic ? range[0] * 4 : range[0] + 2;
}

double afb_plot_step(double range, int most)
{
  double raw = range / most, ten = pow(10, floor(log10(raw)));
  return ten * (raw <= ten ? 1 : raw <= 2 * ten ? 2 : raw <= 5 * ten ? 5 : 10);
}

static void x_mark(FILE *out, const afb_plot *p, double x, const char *text)
{
  double at = afb_plot_x(p, x);
  fprintf(out, "<path class=\"a\" d=\"M%.1f %dv4\"/><text class=\"m x\" x=\"%.1f\" y=\"%d\">%s</text>\n", at, p->height - BOTTOM, at,
          p->height - BOTTOM + 16, text);
}

static void y_mark(FILE *out, const afb_plot *p, double y, const char *text)
{
  double at = afb_plot_y(p, y);
  fprintf(out, "<path class=\"g\" d=\"M%d %.1fH%d\"/><text class=\"m z\" x=\"%d\" y=\"%.1f\">%s</text>\n", LEFT, at, p->width - RIGHT, LEFT - 5, at + 4,
          text);
}

static void marks(FILE *out, const afb_plot *p, const double range[2], int logarithmic, int most,
                  void (*mark)(FILE *, const afb_plot *, double, const char *))
{
  char text[64];
  if (!logarithmic) {
    double step = afb_plot_step(range[1] - range[0], most);
    for (double v = step * ceil(range[0] / step - 1e-9); v <= range[1] + 1e-9 * step; v += step) {
      snprintf(text, sizeof text, "%.6g", fabs(v) < 1e-9 * step ? 0.0 : v);
      mark(out, p, v, text);
    }
    return;
  }
  int first = (int)ceil(log10(range[0]) - 1e-9), last = (int)floor(log10(range[1]) + 1e-9), every = (last - first) / most + 1;
  for (int e = first; e <= last; e += every) {
    if (e >= -3 && e <= 3)
      snprintf(text, sizeof text, "%g", pow(10, e));
    else
      snprintf(text, sizeof text, "10<tspan dy=\"-4\" font-size=\"8\">%d</tspan>", e);
    mark(out, p, pow(10, e), text);
  }
}

void afb_plot_begin(FILE *out, afb_plot *p)
{
  p->width = p->width ? p->width : WIDTH;
  p->height = p->height ? p->height : HEIGHT;
  widen(p->x, p->log_x);
  widen(p->y, p->log_y);
  fputs("<figure>", out);
  afb_html_svg(out, p->width, p->height, p->title);
  fprintf(out, "<text class=\"t\" x=\"0\" y=\"14\">%s</text>\n<text class=\"m\" x=\"0\" y=\"30\">%s</text>\n", p->title, p->y_title);
  marks(out, p, p->y, p->log_y, 5, y_mark);
  marks(out, p, p->x, p->log_x, p->width / 65, x_mark);
  fprintf(out, "<path class=\"a\" d=\"M%d %dH%d\"/>\n", LEFT, p->height - BOTTOM, p->width - RIGHT);
  fprintf(out, "<text class=\"m x\" x=\"%d\" y=\"%d\">%s</text>\n", (LEFT + p->width - RIGHT) / 2, p->height - 4, p->x_title);
}

void afb_plot_end(FILE *out, const char *caption)
{
  fputs("</svg>", out);
  if (caption)
    fprintf(out, "<figcaption>%s</figcaption>", caption);
  fputs("</figure>\n", out);
}

void afb_plot_line(FILE *out, const afb_plot *p, int n, const double *x, const double *y, const char *class, int dashed)
{
  int drawn = 0;
  for (int i = 0; i < n; i++)
    if (isfinite(x[i]) && isfinite(y[i]))
      fprintf(out, "%s%.1f %.1f", drawn++ ? "L" : "<path d=\"M", afb_plot_x(p, x[i]), afb_plot_y(p, y[i]));
  if (drawn)
    fprintf(out, "\" class=\"k line %s%s\"/>\n", class, dashed ? " dashed" : "");
  for (int i = 0; i < n && n <= 60; i++)
    if (isfinite(x[i]) && isfinite(y[i]))
      fprintf(out, "<circle class=\"f %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.4\"/>\n", class, afb_plot_x(p, x[i]), afb_plot_y(p, y[i]));
}
