#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/units.h"
#include "report/page_parts.h"
#include "report/plot.h"

enum { WIDTH = 260, HEIGHT = 250, LEFT = 34, TOP = 8, BOTTOM = 24, LISTED = 12, MANY_IONS = 24 };

static void half(int two, char buffer[16]) { snprintf(buffer, 16, two % 2 ? "%d/2" : "%d", two % 2 ? two : two / 2); }

static double above(const afb_page_levels *b, int i) { return (b->level[i].energy - b->level[0].energy) * AFB_HARTREE_IN_INVERSE_CM / 1000; }

/* Energy over J, even and odd levels side by side. */
static void diagram(FILE *out, const afb_page_levels *b, const char *label)
{
  int two_j[2] = {b->level[0].two_j, b->level[0].two_j};
  double highest = 0;
  for (int i = 0; i < b->n; i++) {
    two_j[0] = b->level[i].two_j < two_j[0] ? b->level[i].two_j : two_j[0];
    two_j[1] = b->level[i].two_j > two_j[1] ? b->level[i].two_j : two_j[1];
    highest = fmax(highest, above(b, i));
  }
  highest = highest > 0 ? highest : 1;
  const int columns = (two_j[1] - two_j[0]) / 2 + 1;
  const double column = (double)(WIDTH - LEFT) / columns, bar = fmin(0.42 * column, 30), scale = (HEIGHT - TOP - BOTTOM) / (1.03 * highest);
  afb_html_svg(out, WIDTH, HEIGHT, label);
  for (double e = 0, step = afb_plot_step(highest, 5); e <= highest; e += step)
    fprintf(out, "<path class=\"g\" d=\"M%d %.1fH%d\"/><text class=\"m z\" x=\"%d\" y=\"%.1f\">%g</text>\n", LEFT, HEIGHT - BOTTOM - scale * e, WIDTH,
            LEFT - 4, HEIGHT - BOTTOM - scale * e + 4, e);
  for (int c = 0; c < columns; c += column < 24 ? 2 : 1) {
    char j[16];
    half(two_j[0] + 2 * c, j);
    fprintf(out, "<text class=\"m x\" x=\"%.1f\" y=\"%d\">%s</text>\n", LEFT + column * (c + 0.5), HEIGHT - 6, j);
  }
  for (int odd = 0; odd < 2; odd++) {
    int n = 0;
    for (int i = 0; i < b->n; i++)
      if ((b->level[i].parity < 0) == odd)
        fprintf(out, "%sM%.1f %.1fh%.1f", n++ ? "" : "<path d=\"", LEFT + column * 0.5 * (b->level[i].two_j - two_j[0] + 1) + (odd ? 1 : -1 - bar),
                HEIGHT - BOTTOM - scale * above(b, i), bar);
    if (n)
      fprintf(out, "\" class=\"k level %s\"/>\n", odd ? "odd" : "even");
  }
  fputs("</svg>", out);
}

static void list(FILE *out, const afb_page_levels *b)
{
  char j[16];
  fputs("<div class=\"wide\"><table><thead><tr><th>J</th><th class=\"l\">level</th><th></th><th>cm<sup>\xe2\x88\x92" "1</sup></th></tr></thead><tbody>\n", out);
  for (int i = 0; i < b->n && i < LISTED; i++) {
    const afb_store_level *level = &b->level[i];
    half(level->two_j, j);
    fprintf(out, "<tr><td>%s<span class=\"%s\">%s</span></td><td class=\"l\">", j, level->parity < 0 ? "po" : "pe", level->parity < 0 ? "\xe2\x88\x92" : "+");
    afb_html_text(out, level->label[0] ? level->label : level->leading);
    if (level->label[0] && isfinite(level->label_weight))
      fprintf(out, "</td><td>%.0f\xe2\x80\xaf%%</td>", 100 * level->label_weight);
    else
      fputs("</td><td></td>", out);
    fprintf(out, "<td>%.1f</td></tr>\n", 1000 * above(b, i));
  }
  fputs("</tbody></table></div>", out);
}

static void one_ion(FILE *out, const afb_page *page, const afb_page_levels *b, int many)
{
  char label[AFB_ION_LENGTH];
  const afb_store_run *run = &page->stored.run[b->run];
  const afb_store_set *set = &page->stored.set[run->set];
  afb_ion_format(b->ion, label);
  fputs("<figure>", out);
  diagram(out, b, label);
  if (many)
    fprintf(out, "<figcaption><b>%s</b> %d levels</figcaption>", label, b->n);
  else
    fprintf(out, "<figcaption><b>%s</b> %d levels of %d configuration%s (run %lld)</figcaption>", label, b->n, set->count,
            set->count == 1 ? "" : "s", (long long)b->run);
  if (!many) {
    fprintf(out, "<details%s><summary>%s</summary><p class=\"about\">", page->is_campaign ? "" : " open=\"open\"",
            b->n > LISTED ? "Lowest levels" : "Levels");
    afb_page_set(out, &page->stored, run->set, AFB_MAX_SET);
    fputs("</p>", out);
    list(out, b);
    fputs("</details>", out);
  }
  fputs("</figure>\n", out);
}

void afb_page_levels_section(FILE *out, const afb_page *page)
{
  int ions = 0;
  for (int i = 0; i < page->n_ions; i++)
    ions += page->best[i].run >= 0;
  if (ions == 0)
    return;
  afb_html_section(out, "levels", "Levels",
                   page->is_campaign
                     ? "For each ion the run with most levels, and of several the one with the lowest: energy above the lowest level in "
                       "10<sup>3</sup> cm<sup>\xe2\x88\x92" "1</sup> over J."
                     : "Energy above the lowest level in 10<sup>3</sup> cm<sup>\xe2\x88\x92" "1</sup> over J.");
  fputs("<ul class=\"key\"><li><i class=\"b even\"></i>even parity</li><li><i class=\"b odd\"></i>odd parity</li></ul>\n", out);
  fprintf(out, "<div class=\"%s\">\n", ions > MANY_IONS ? "small" : "middle");
  for (int i = 0; i < page->n_ions; i++)
    if (page->best[i].run >= 0)
      one_ion(out, page, &page->best[i], ions > MANY_IONS);
  fputs("</div>\n", out);
  if (ions > MANY_IONS)
    fputs("<p class=\"about\">All levels with their labels: <code>aufbau export levels</code>.</p>\n", out);
  afb_html_section_end(out);
}
