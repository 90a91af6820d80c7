/* The graph of sets as a radial tree: the ground configuration in the middle, a ring for every size of the set. A node lies in the middle of the
 * sector of its subtree, which is as wide as the leaves in it need: those on inner rings, which are shorter, need more. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"

enum { LARGE = 720, SMALL = 280, MOST_NODES = 1500, MOST_SMALL = 40000, MOST_CROSS_EDGES = 3000 };
static const double TURN = 6.283185307179586, GAP = 0.12;   /* radians at the top, for the names of rings */

typedef struct {
  int64_t entry;
  int size, parent;            /* parent: -1 the middle */
  double leaves, from, width, taken;
  int inner;                   /* 1: it has children */
  int inner_children, leaf_children, inner_seen, leaf_seen;
  double turn;                 /* among its siblings, 0 ... 1 */
  double angle, radius;
} node;

typedef struct {
  int ion, n, deepest;         /* deepest: size of the largest set */
  int64_t runs;                /* of the ion; n of them are drawn */
  double ring[AFB_MAX_SET + 1];   /* radius by size: crowded rings keep farther from the one before */
  node *node;
} tree;

static int by_size(const void *a, const void *b)
{
  const node *x = a, *y = b;
  if (x->size != y->size)
    return x->size - y->size;
  return (x->entry > y->entry) - (x->entry < y->entry);
}

static int find_node(const tree *t, int64_t entry, int size)
{
  const node key = {.entry = entry, .size = size};
  const node *found = bsearch(&key, t->node, (size_t)t->n, sizeof key, by_size);
  return found ? (int)(found - t->node) : -1;
}

static int node_without(const afb_ledger *ledger, const tree *t, const afb_entry *entry, int member)
{
  afb_node parent;
  if (entry->node.n < 2 || afb_node_remove(&entry->node, member, &parent) != AFB_OK)
    return -1;
  int64_t e = afb_ledger_find(ledger, entry->ion, &parent);
  return e >= 0 ? find_node(t, e, parent.n) : -1;
}

/* The set without what was added last; where that was not run, or is not known, any set that is smaller by one. */
static int tree_parent(const afb_ledger *ledger, const tree *t, const afb_entry *entry)
{
  int parent = entry->added >= 0 ? node_without(ledger, t, entry, entry->added) : -1;
  for (int i = entry->node.n - 1; i >= 0 && parent < 0; i--)
    parent = node_without(ledger, t, entry, entry->node.member[i]);
  return parent;
}

/* Siblings with and without children alternate evenly, so that subtrees spread over the whole circle. */
static void take_turns(tree *t)
{
  for (int i = 0; i < t->n; i++)
    if (t->node[i].parent >= 0) {
      node *p = &t->node[t->node[i].parent];
      *(t->node[i].inner ? &p->inner_children : &p->leaf_children) += 1;
    }
  for (int i = 0; i < t->n; i++) {
    node *v = &t->node[i], *p = v->parent >= 0 ? &t->node[v->parent] : NULL;
    if (p)
      v->turn = v->inner ? (p->inner_seen++ + 0.5) / p->inner_children : (p->leaf_seen++ + 0.5) / p->leaf_children;
  }
}

typedef struct {
  int node, size;
  double turn;
} place;
static int by_turn(const void *a, const void *b)
{
  const place *x = a, *y = b;
  if (x->size != y->size)
    return x->size - y->size;
  return x->turn != y->turn ? (x->turn > y->turn) - (x->turn < y->turn) : (x->node > y->node) - (x->node < y->node);
}

static void place_rings(tree *t, double radius)
{
  int count[AFB_MAX_SET + 1] = {0}, most = 1;
  for (int i = 0; i < t->n; i++) {
    count[t->node[i].size]++;
    most = t->node[i].size > 1 && count[t->node[i].size] > most ? count[t->node[i].size] : most;
  }
  for (int size = 2; size <= t->deepest; size++)
    t->ring[size] = t->ring[size - 1] + 0.4 + (double)count[size] / most;
  for (int size = 2; size <= t->deepest; size++)
    t->ring[size] *= radius / t->ring[t->deepest];
}

static void lay_out(const afb_ledger *ledger, tree *t, double radius)
{
  double leaves = 0, taken = 0;
  place order[MOST_NODES];
  qsort(t->node, (size_t)t->n, sizeof *t->node, by_size);
  t->deepest = t->n > 0 ? t->node[t->n - 1].size : 1;
  for (int i = 0; i < t->n; i++)
    t->node[i].parent = tree_parent(ledger, t, &ledger->entry[t->node[i].entry]);
  for (int i = t->n - 1; i >= 0; i--) {
    node *v = &t->node[i];
    v->leaves = fmax(v->leaves, 1.0 / (v->size > 1 ? v->size - 1 : 1));
    *(v->parent < 0 ? &leaves : &t->node[v->parent].leaves) += v->leaves;
    if (v->parent >= 0)
      t->node[v->parent].inner = 1;
  }
  place_rings(t, radius);
  take_turns(t);
  for (int i = 0; i < t->n; i++)
    order[i] = (place){i, t->node[i].size, t->node[i].turn};
  qsort(order, (size_t)t->n, sizeof *order, by_turn);
  for (int i = 0; i < t->n; i++) {
    node *v = &t->node[order[i].node], *p = v->parent < 0 ? NULL : &t->node[v->parent];
    double *begin = p ? &p->taken : &taken;
    v->from = (p ? p->from : -TURN / 4 + GAP) + *begin;
    v->width = p ? p->width * v->leaves / p->leaves : (TURN - 2 * GAP) * v->leaves / leaves;
    *begin += v->width;
    v->angle = v->from + v->width / 2;
    v->radius = t->ring[v->size];
  }
}

static void gather(const afb_ledger *ledger, int ion, int most, node *room, tree *t)
{
  *t = (tree){.ion = ion, .node = room};
  for (int64_t e = 0; e < ledger->n; e++) {
    if (ledger->entry[e].ion != ion)
      continue;
    t->runs++;
    if (t->n < most)
      room[t->n++] = (node){.entry = e, .size = ledger->entry[e].node.n};
  }
}

static double x_of(const node *v, double centre) { return centre + v->radius * cos(v->angle); }
static double y_of(const node *v, double centre) { return centre + v->radius * sin(v->angle); }
static afb_run_class class_of(const afb_ledger *ledger, const node *v)
{
  const afb_entry *entry = &ledger->entry[v->entry];
  return afb_run_class_of((int)entry->outcome, entry->rung);
}

/* ---- The large one ---- */

static void rings(FILE *out, const tree *t)
{
  const double centre = LARGE / 2.0;
  for (int size = 2; size <= t->deepest; size++)
    fprintf(out, "<circle class=\"g\" cx=\"%g\" cy=\"%g\" r=\"%.1f\"/>\n", centre, centre, t->ring[size]);
}

static void ring_names(FILE *out, const tree *t)
{
  for (int size = 2; size <= t->deepest; size++)
    fprintf(out, "<text class=\"m x h\" x=\"%d\" y=\"%.1f\">%d</text>\n", LARGE / 2, LARGE / 2.0 - t->ring[size] + 4, size);
}

static void edge(FILE *out, const node *from, const node *to)
{
  const double centre = LARGE / 2.0, middle = (from->radius + to->radius) / 2, a = from->radius > 0 ? from->angle : to->angle;
  fprintf(out, "M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", x_of(from, centre), y_of(from, centre), centre + middle * cos(a), centre + middle * sin(a),
          centre + middle * cos(to->angle), centre + middle * sin(to->angle), x_of(to, centre), y_of(to, centre));
}

/* Returns how many edges were left out. */
static int64_t cross_edges(FILE *out, const afb_ledger *ledger, const tree *t)
{
  int64_t n = 0;
  fputs("<path class=\"g thin\" d=\"M0 0", out);
  for (int i = 0; i < t->n; i++) {
    const afb_entry *entry = &ledger->entry[t->node[i].entry];
    for (int k = 0; k < entry->node.n; k++) {
      int from = node_without(ledger, t, entry, entry->node.member[k]);
      if (from >= 0 && from != t->node[i].parent && n++ < MOST_CROSS_EDGES)
        fprintf(out, "M%.0f %.0fL%.0f %.0f", x_of(&t->node[from], LARGE / 2.0), y_of(&t->node[from], LARGE / 2.0), x_of(&t->node[i], LARGE / 2.0),
                y_of(&t->node[i], LARGE / 2.0));
    }
  }
  fputs("\"/>\n", out);
  return n > MOST_CROSS_EDGES ? n - MOST_CROSS_EDGES : 0;
}

static void mark(FILE *out, const afb_page *page, const node *v, double largest, double most_levels)
{
  const afb_entry *entry = &page->result.ledger.entry[v->entry];
  const afb_store_run *run = &page->stored.run[entry->run];
  afb_run_class class = class_of(&page->result.ledger, v);
  double x = x_of(v, LARGE / 2.0), y = y_of(v, LARGE / 2.0);
  int ok = afb_outcome_ok(entry->outcome);
  double r = ok ? fmax(largest * sqrt(fmax((double)entry->n_levels, 1) / fmax(most_levels, 1)), 0.3 * largest) : 0.62 * largest;
  r = v->size == 1 ? fmax(r, 5) : r;
  if (ok)
    fprintf(out, "<circle class=\"f o%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", class, x, y, r);
  else
    fprintf(out, "<path class=\"k o%d bold\" d=\"M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f\">", class, x - r, y - r, 2 * r, 2 * r, -2 * r, -2 * r, 2 * r);
  fprintf(out, "<title>run %lld: ", (long long)entry->run);
  afb_page_set(out, &page->stored, run->set, AFB_MAX_SET);
  fprintf(out, " \xe2\x80\x93 %s", afb_outcome_name(entry->outcome));
  if (ok)
    fprintf(out, " (%s), %lld levels", afb_rung_name((afb_rung)entry->rung), (long long)entry->n_levels);
  fprintf(out, ", %.2g core-s</title>%s\n", entry->core_seconds, ok ? "</circle>" : "</path>");
}

static afb_status draw_large(FILE *out, const afb_page *page, tree *t)
{
  const afb_ledger *ledger = &page->result.ledger;
  const double radius = LARGE / 2.0 - 20;
  char label[AFB_ION_LENGTH], about[128];
  double most_levels = 1, crowd = 0;
  lay_out(ledger, t, radius);
  int *in_ring = calloc((size_t)t->deepest + 1, sizeof *in_ring);
  if (!in_ring)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the graph of sets");
  for (int i = 0; i < t->n; i++) {
    const afb_entry *entry = &ledger->entry[t->node[i].entry];
    most_levels = afb_outcome_ok(entry->outcome) ? fmax(most_levels, (double)entry->n_levels) : most_levels;
    if (t->node[i].radius > 0)
      crowd = fmax(crowd, ++in_ring[t->node[i].size] / t->node[i].radius);
  }
  free(in_ring);
  double largest = crowd > 0 ? fmin(fmax(0.42 * TURN / crowd, 3.0), 9.0) : 9.0;
  snprintf(about, sizeof about, "Graph of the sets of %s", afb_ion_format(ledger->ion[t->ion].ion, label));
  fputs("<figure class=\"graph\">", out);
  afb_html_svg(out, LARGE, LARGE, about);
  rings(out, t);
  int64_t left_out = cross_edges(out, ledger, t);
  fputs("<path class=\"e\" d=\"M0 0", out);
  for (int i = 0; i < t->n; i++)
    if (t->node[i].parent >= 0)
      edge(out, &t->node[t->node[i].parent], &t->node[i]);
  fputs("\"/>\n", out);
  for (int failed = 0; failed < 2; failed++)
    for (int i = 0; i < t->n; i++)
      if (failed == !afb_outcome_ok(ledger->entry[t->node[i].entry].outcome))
        mark(out, page, &t->node[i], largest, most_levels);
  ring_names(out, t);
  fprintf(out, "</svg><figcaption><b>%s</b>: ", label);
  if (t->n > 0 && t->node[0].size == 1) {
    fputs("in the middle ", out);
    afb_page_set(out, &page->stored, page->stored.run[ledger->entry[t->node[0].entry].run].set, 1);
    fputs(", on the rings sets of 2, 3 \xe2\x80\xa6 configurations. ", out);
  }
  fprintf(out, "Most levels of a run: %.0f.", most_levels);
  if (t->n < t->runs)
    fprintf(out, " The first %d of %lld runs are drawn.", t->n, (long long)t->runs);
  if (left_out > 0)
    fprintf(out, " %lld thin lines are left out.", (long long)left_out);
  fputs("</figcaption></figure>\n", out);
  return AFB_OK;
}

/* ---- The small ones: dots are strokes without length and with round ends, one path for each class ---- */

static void draw_small(FILE *out, const afb_ledger *ledger, tree *t)
{
  const double centre = SMALL / 2.0;
  char label[AFB_ION_LENGTH], text[AFB_HTML_NUMBER];
  int64_t converged = 0;
  lay_out(ledger, t, centre - 12);
  afb_ion_format(ledger->ion[t->ion].ion, label);
  fputs("<figure>", out);
  afb_html_svg(out, SMALL, SMALL, label);
  for (int size = 2; size <= t->deepest; size++)
    fprintf(out, "<circle class=\"g\" cx=\"%g\" cy=\"%g\" r=\"%.0f\"/>", centre, centre, t->ring[size]);
  fputs("<path class=\"e\" d=\"M0 0", out);
  for (int i = 0; i < t->n; i++) {
    const node *v = &t->node[i], *p = v->parent >= 0 ? &t->node[v->parent] : NULL;
    if (p)
      fprintf(out, "M%.0f %.0fL%.0f %.0f", x_of(p, centre), y_of(p, centre), x_of(v, centre), y_of(v, centre));
  }
  fputs("\"/>", out);
  for (int class = 0; class < AFB_N_RUN_CLASSES; class++) {
    int n = 0;
    for (int i = 0; i < t->n; i++)
      if ((int)class_of(ledger, &t->node[i]) == class)
        fprintf(out, "%sM%.0f %.0fh0", n++ ? "" : class <= AFB_RUN_HIGHER ? "<path class=\"dots\" d=\"" : "<path class=\"dots large\" d=\"",
                x_of(&t->node[i], centre), y_of(&t->node[i], centre));
    if (n)
      fprintf(out, "\" style=\"stroke:var(--o%d)\"/>", class);
    converged += class <= AFB_RUN_HIGHER ? n : 0;
  }
  fprintf(out, "</svg><figcaption><b>%s</b> %lld, %s</figcaption></figure>\n", label, (long long)t->runs,
          afb_html_percent((double)converged, t->n, text));
}

static void draw_others(FILE *out, const afb_page *page, int main_ion, node *room)
{
  const afb_ledger *ledger = &page->result.ledger;
  int64_t drawn = 0;
  int left_out = 0;
  fputs("<h3>The other ions</h3>\n<p class=\"about\">With the number of runs and the part of them that converged. Larger dots did not converge.</p>\n<div class=\"small\">\n", out);
  for (int i = 0; i < ledger->n_ions; i++) {
    tree t;
    if (i == main_ion)
      continue;
    gather(ledger, i, MOST_NODES, room, &t);
    if (t.n == 0)
      continue;
    if (drawn + t.n > MOST_SMALL) {
      left_out++;
      continue;
    }
    drawn += t.n;
    draw_small(out, ledger, &t);
  }
  fputs("</div>\n", out);
  if (left_out > 0)
    fprintf(out, "<p class=\"about\">%d ions are left out: the page draws %d nodes at most.</p>\n", left_out, MOST_SMALL);
}

afb_status afb_page_graph(FILE *out, const afb_page *page)
{
  const afb_ledger *ledger = &page->result.ledger;
  tree t, best = {0};
  int ions = 0;
  if (ledger->n == 0)
    return AFB_OK;
  node *room = malloc(MOST_NODES * sizeof *room);
  if (!room)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the graph of sets");
  for (int i = 0; i < ledger->n_ions; i++) {
    gather(ledger, i, MOST_NODES, room, &t);
    ions += t.runs > 0;
    if (t.runs > best.runs)
      best = t;
  }
  gather(ledger, best.ion, MOST_NODES, room, &t);
  afb_tally all = afb_tally_all(&page->result);
  afb_html_section(out, "graph", "Graph of sets",
                   "A node is a set of configurations that was run; a line adds one configuration: the stronger line the one by which the set "
                   "was grown, thin lines all others between sets that were run. Discs converged, their area is the number of levels; crosses "
                   "did not. Point at a node to read its configurations.");
  afb_page_key(out, all.of);
  afb_status status = draw_large(out, page, &t);
  if (status == AFB_OK && ions > 1)
    draw_others(out, page, best.ion, room);
  free(room);
  afb_html_section_end(out);
  return status;
}
