/* What the ranks did, and when. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"
#include "report/plot.h"
#include "report/progress.h"

/* Rows of the drawing, of one rank or of several; runs beyond MOST_BARS are put into bins. */
enum { WIDTH = 720, LEFT = 40, MOST_ROWS = 48, MOST_BARS = 4000, BINS = 600, TOP = 22, BOTTOM = 30 };

typedef struct {
  const afb_page *page;
  int ranks, rows, guessed;    /* most ranks of a session; guessed: ranks of runs are not known */
  double *begin, all;          /* [n_sessions + 1] where sessions begin, one after the other, seconds */
  int *first_rank;             /* [n_runs] -1: not drawn */
} timeline;

static double seconds_x(const timeline *t, double s) { return LEFT + s / t->all * (WIDTH - LEFT); }

/* Which rank ran what is not known: each run goes to a rank that has been free for the shortest time. */
static void guess_rank(const timeline *t, int64_t r, double *free_at)
{
  const afb_store_run *run = &t->page->stored.run[r];
  int best = -1;
  for (int k = 0; k + run->ranks <= t->ranks; k++) {
    double busy = 0, best_busy = 0;
    for (int i = 0; i < run->ranks; i++) {
      busy = fmax(busy, free_at[k + i]);
      best_busy = best >= 0 ? fmax(best_busy, free_at[best + i]) : 0;
    }
    int fits = busy <= run->start + 1e-3, best_fits = best >= 0 && best_busy <= run->start + 1e-3;
    if (best < 0 || (fits && (!best_fits || busy > best_busy)) || (!fits && !best_fits && busy < best_busy))
      best = k;
  }
  t->first_rank[r] = best;
  for (int i = 0; best >= 0 && i < run->ranks; i++)
    free_at[best + i] = run->finish;
}

typedef struct { int64_t run; int session; double start; } order;
static int by_start(const void *a, const void *b)
{
  const order *x = a, *y = b;
  if (x->session != y->session)
    return x->session - y->session;
  return x->start != y->start ? (x->start > y->start) - (x->start < y->start) : (x->run > y->run) - (x->run < y->run);
}

static afb_status guess_ranks(timeline *t)
{
  const afb_stored *stored = &t->page->stored;
  int64_t n = 0;
  order *row = malloc((size_t)stored->n_runs * sizeof *row + 1);
  double *free_at = calloc((size_t)t->ranks + 1, sizeof *free_at);
  afb_status status = row && free_at ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a timeline of %lld runs", (long long)stored->n_runs);
  for (int64_t r = 0; r < stored->n_runs && status == AFB_OK; r++)
    if (stored->run[r].strategy != AFB_BY_IMPORT)
      row[n++] = (order){r, stored->run[r].session, stored->run[r].start};
  if (status == AFB_OK && n > 0)
    qsort(row, (size_t)n, sizeof *row, by_start);
  for (int64_t i = 0; i < n && status == AFB_OK; i++) {
    if (i > 0 && row[i].session != row[i - 1].session)
      memset(free_at, 0, (size_t)t->ranks * sizeof *free_at);
    guess_rank(t, row[i].run, free_at);
  }
  free(row);
  free(free_at);
  return status;
}

static afb_status prepare(timeline *t)
{
  const afb_page *page = t->page;
  t->begin = calloc((size_t)page->n_sessions + 1, sizeof *t->begin);
  t->first_rank = malloc((size_t)page->stored.n_runs * sizeof *t->first_rank + 1);
  if (!t->begin || !t->first_rank)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a timeline of %lld runs", (long long)page->stored.n_runs);
  for (int s = 0; s < page->n_sessions; s++) {
    t->begin[s + 1] = t->begin[s] + afb_page_session_seconds(page, s);
    t->ranks = page->session[s].ranks > t->ranks ? page->session[s].ranks : t->ranks;
  }
  t->all = t->begin[page->n_sessions];
  t->rows = t->ranks < MOST_ROWS ? t->ranks : MOST_ROWS;
  for (int64_t r = 0; r < page->stored.n_runs; r++)
    t->first_rank[r] = -1;
  t->guessed = 1;
  return guess_ranks(t);
}

/* ---- Bars ---- */

static int row_of(const timeline *t, int rank) { return (int)((int64_t)rank * t->rows / t->ranks); }

typedef struct { double y, height; } place;
static place place_of(int row, double height) { return (place){TOP + 16 + height * (row + 0.5), 0.84 * height}; }

static void single_bars(FILE *out, const timeline *t, double height)
{
  for (int class = 0; class < AFB_N_RUN_CLASSES; class++) {
    int drawn = 0;
    for (int64_t r = 0; r < t->page->stored.n_runs; r++) {
      const afb_store_run *run = &t->page->stored.run[r];
      if (t->first_rank[r] < 0 || (int)afb_run_class_of(run->outcome, run->rung) != class)
        continue;
      for (int k = 0; k < run->ranks; k++) {
        double x = seconds_x(t, t->begin[run->session] + run->start), width = seconds_x(t, t->begin[run->session] + run->finish) - x;
        fprintf(out, "%sM%.1f %.1fh%.2g", drawn++ ? "" : "<path d=\"", x, place_of(row_of(t, t->first_rank[r] + k), height).y, fmax(width, 0.15));
      }
    }
    if (drawn)
      fprintf(out, "\" class=\"k o%d\" style=\"stroke-width:%.1f\"/>\n", class, place_of(0, height).height);
  }
}

/* A bin has the colour of the outcome on which most of its time went; it is empty when its ranks were idle for most of it. */
static afb_status binned_bars(FILE *out, const timeline *t, double height)
{
  const double bin = t->all / BINS;
  double *busy = calloc((size_t)t->rows * BINS * AFB_N_RUN_CLASSES, sizeof *busy);
  if (!busy)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a timeline of %d ranks", t->ranks);
  for (int64_t r = 0; r < t->page->stored.n_runs; r++) {
    const afb_store_run *run = &t->page->stored.run[r];
    double from = t->begin[run->session] + run->start, to = t->begin[run->session] + run->finish;
    for (int k = 0; k < run->ranks && t->first_rank[r] >= 0; k++)
      for (int b = (int)(from / bin); b < BINS && b * bin < to; b++)
        busy[((size_t)row_of(t, t->first_rank[r] + k) * BINS + (size_t)b) * AFB_N_RUN_CLASSES + afb_run_class_of(run->outcome, run->rung)]
          += fmin(to, (b + 1) * bin) - fmax(from, b * bin);
  }
  const double full = bin * t->ranks / t->rows;
  for (int class = 0; class < AFB_N_RUN_CLASSES; class++) {
    int drawn = 0;
    for (int row = 0; row < t->rows; row++)
      for (int b = 0, length = 0; b <= BINS; b++) {
        const double *share = busy + ((size_t)row * BINS + (size_t)b) * AFB_N_RUN_CLASSES;
        double sum = 0;
        int most = 0;
        for (int c = 0; c < AFB_N_RUN_CLASSES && b < BINS; c++) {
          sum += share[c];
          most = share[c] > share[most] ? c : most;
        }
        if (b < BINS && sum > 0.5 * full && most == class) {
          length++;
          continue;
        }
        if (length > 0)
          fprintf(out, "%sM%.1f %.1fh%.1f", drawn++ ? "" : "<path d=\"", seconds_x(t, (b - length) * bin), place_of(row, height).y,
                  (double)length * (WIDTH - LEFT) / BINS);
        length = 0;
      }
    if (drawn)
      fprintf(out, "\" class=\"k o%d\" style=\"stroke-width:%.1f\"/>\n", class, place_of(0, height).height);
  }
  free(busy);
  return AFB_OK;
}

static void round_bars(FILE *out, const timeline *t)
{
  const afb_page *page = t->page;
  if (page->n_rounds == 0)
    return;
  for (int trained = 0; trained < 2; trained++) {
    int drawn = 0;
    for (int64_t r = 0; r < page->n_rounds; r++) {
      const afb_store_round *round = &page->round[r];
      if ((round->n_training > 0) != trained)
        continue;
      double x = seconds_x(t, t->begin[round->session] + round->start), width = seconds_x(t, t->begin[round->session] + round->finish) - x;
      fprintf(out, "%sM%.1f %dh%.2g", drawn++ ? "" : "<path d=\"", x, TOP, fmax(width, 0.3));
    }
    if (drawn)
      fprintf(out, "\" class=\"k %s\"/>\n", trained ? "train" : "validate");
  }
}

static void axis(FILE *out, const timeline *t, double bottom)
{
  const double unit = t->all > 7200 ? 3600 : t->all > 120 ? 60 : 1, step = afb_plot_step(t->all / unit, 8);
  for (double v = 0; v <= t->all / unit * (1 + 1e-9); v += step)
    fprintf(out, "<path class=\"a\" d=\"M%.1f %.1fv4\"/><text class=\"m x\" x=\"%.1f\" y=\"%.1f\">%g%s</text>\n", seconds_x(t, v * unit), bottom,
            seconds_x(t, v * unit), bottom + 17, v, v > 0 ? "" : unit > 60 ? " h" : unit > 1 ? " min" : " s");
  fprintf(out, "<path class=\"a\" d=\"M%d %.1fH%d\"/>\n", LEFT, bottom, WIDTH);
  for (int s = 1; s < t->page->n_sessions; s++)
    fprintf(out, "<path class=\"a dashed\" d=\"M%.1f %dV%.1f\"/>\n", seconds_x(t, t->begin[s]), TOP - 10, bottom);
}

static afb_status draw(FILE *out, const timeline *t)
{
  const double height = t->rows <= 4 ? 22 : t->rows <= 16 ? 14 : 9, bottom = TOP + 18 + height * t->rows;
  int64_t bars = 0;
  for (int64_t r = 0; r < t->page->stored.n_runs; r++)
    bars += t->first_rank[r] >= 0 ? t->page->stored.run[r].ranks : 0;
  int single = bars <= MOST_BARS && t->rows == t->ranks;
  fputs("<figure class=\"graph timeline\">", out);
  afb_html_svg(out, WIDTH, (int)bottom + BOTTOM, "Timeline of ranks");
  for (int row = 0; row < t->rows; row++) {
    place at = place_of(row, height);
    fprintf(out, "<path class=\"idle\" d=\"M%d %.1fH%d\" style=\"stroke-width:%.1f\"/>", LEFT, at.y, WIDTH, at.height);
    if (row == 0 || height > 12 || row % 8 == 0)
      fprintf(out, "<text class=\"m z\" x=\"%d\" y=\"%.1f\">%lld</text>\n", LEFT - 6, at.y + 4, (long long)row * t->ranks / t->rows);
  }
  round_bars(out, t);
  fprintf(out, "<text class=\"m z\" x=\"%d\" y=\"%d\">rank</text>\n", LEFT - 6, TOP + 4);
  if (single)
    single_bars(out, t, height);
  else
    AFB_TRY(binned_bars(out, t, height));
  axis(out, t, bottom);
  fputs("</svg><figcaption>", out);
  if (!single)
    fputs("In bins, coloured by what took most of their time. ", out);
  if (t->rows < t->ranks)
    fprintf(out, "A row stands for %d ranks or more. ", t->ranks / t->rows);
  if (t->guessed)
    fputs("The file does not say which rank ran what: runs are put where there is room. ", out);
  fputs("</figcaption></figure>\n", out);
  return AFB_OK;
}

static void sessions_table(FILE *out, const afb_page *page)
{
  fputs("<div class=\"wide\"><table><thead><tr><th>session</th><th>ranks</th><th>runs</th><th>wall time</th><th>core-s in runs</th><th>efficiency</th>"
        "<th>in failed runs</th><th>training</th></tr></thead><tbody>\n", out);
  for (int s = 0; s < page->n_sessions; s++) {
    double wall = afb_page_session_seconds(page, s), run = 0, failed = 0, training = 0;
    int64_t n = 0;
    char text[AFB_HTML_NUMBER], share[AFB_HTML_NUMBER], lost[AFB_HTML_NUMBER];
    for (int64_t r = 0; r < page->stored.n_runs; r++) {
      const afb_store_run *of = &page->stored.run[r];
      if (of->session != s || of->strategy == AFB_BY_IMPORT)
        continue;
      n++;
      run += of->core_seconds;
      failed += afb_outcome_ok((afb_outcome)of->outcome) ? 0 : of->core_seconds;
    }
    for (int64_t r = 0; r < page->n_rounds; r++)
      training += page->round[r].session == s && page->round[r].n_training > 0 ? page->round[r].training_seconds : 0;
    fprintf(out, "<tr><td>%.16s</td><td>%d</td><td>%lld</td><td>%s</td><td>%.1f</td><td>%s</td><td>%s</td><td>%.1f s</td></tr>\n", page->session[s].started,
            page->session[s].ranks, (long long)n, afb_duration(wall, text), run, afb_html_percent(run, wall * page->session[s].ranks, share),
            afb_html_percent(failed, run, lost), training);
  }
  fputs("</tbody></table></div>\n", out);
}

afb_status afb_page_time(FILE *out, const afb_page *page)
{
  timeline t = {.page = page};
  int64_t count[AFB_N_RUN_CLASSES] = {0};
  afb_status status = prepare(&t);
  if (status == AFB_OK && t.all > 0 && t.ranks > 0) {
    for (int64_t r = 0; r < page->stored.n_runs; r++)
      count[afb_run_class_of(page->stored.run[r].outcome, page->stored.run[r].rung)] += t.first_rank[r] >= 0;
    afb_html_section(out, "time", "Time", "What each rank did. Above the ranks: training with ranking, and validation.");
    afb_page_key(out, count);
    status = draw(out, &t);
    sessions_table(out, page);
    afb_html_section_end(out);
  }
  free(t.begin);
  free(t.first_rank);
  return status;
}
