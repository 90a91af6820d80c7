/* Structures over ranks: every row arrives once and in its place, the same numbers on any number of ranks and however frames are
 * divided; bad frames are named or left out; a failure ends it on all ranks. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "materials/evaluate.h"

enum { FRAMES = 30, WIDTH = 3, POINTS = 3 * 4 * 5 };
static const double cutoff = 2.5, spacing = 2.0;
static const int32_t elements[2] = {1, 0};   /* of the species */

/* Edge of a frame in atoms; frame 7 was left out by who read it. */
static int edge_of(int f) { return f == 7 ? 0 : f == 20 ? 9 : 2 + f * 5 % 4; }
static int64_t atoms_of(int f) { return (int64_t)edge_of(f) * edge_of(f) * edge_of(f); }

/* Atoms near the sites of a lattice. */
static void place(int f, int64_t atom, double *x)
{
  int n = edge_of(f);
  int64_t site[3] = {atom % n, atom / n % n, atom / n / n};
  for (int k = 0; k < 3; k++)
    x[k] = spacing * (double)site[k] + 0.4 * afb_random_uniform(11, (uint64_t)f, (uint64_t)(3 * atom + k));
}

/* All frames, the atoms in uneven shares of the ranks, none on rank 1 of several. */
static void make(afb_structures *s)
{
  int rank, size;
  char file[] = "some.extxyz";
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  *s = (afb_structures){.n_files = 1, .n_frames = FRAMES, .n_species = 2, .species = {"Be", "W"}};
  s->file = calloc(1, sizeof *s->file);
  s->file[0] = malloc(sizeof file);
  memcpy(s->file[0], file, sizeof file);
  s->frame = calloc(FRAMES, sizeof *s->frame);
  for (int f = 0; f < FRAMES; f++) {
    afb_frame *frame = &s->frame[f];
    snprintf(frame->name, sizeof frame->name, "frame-%d", f);
    frame->line = 10 * f + 1;
    frame->n_atoms = atoms_of(f);
    frame->first_atom = s->n_atoms;
    frame->bad = frame->n_atoms == 0;
    for (int k = 0; k < 3; k++) {
      frame->cell[k][k] = spacing * edge_of(f);
      frame->periodic[k] = f % 4 != k;
    }
    s->n_atoms += frame->n_atoms;
  }
  int64_t cut[9] = {0};
  for (int r = 1; r <= size; r++)
    cut[r] = s->n_atoms * r * r / (size * size);
  if (size > 1)
    cut[1] = cut[2];
  s->first = cut[rank];
  s->n = cut[rank + 1] - cut[rank];
  s->position = calloc((size_t)s->n + 1, 3 * sizeof *s->position);
  s->kind = calloc((size_t)s->n + 1, sizeof *s->kind);
  for (int f = 0; f < FRAMES; f++)
    for (int64_t i = 0; i < s->frame[f].n_atoms; i++) {
      int64_t at = s->frame[f].first_atom + i - s->first;
      if (at >= 0 && at < s->n) {
        place(f, i, s->position + 3 * at);
        s->kind[at] = (int32_t)(i % 2);
      }
    }
}

/* ---- A visitor that knows its rows: number of neighbours, sum of their distances, sum of their elements ---- */

typedef struct {
  int scatters;                /* what a centre has from a pair goes to the neighbour */
  int64_t fails_at;            /* frame whose visit fails, with AFB_E_MEMORY; -1: none */
  int visits, domains;
} counter;

static afb_status visit(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames)
{
  static const double radii[4] = {2.5, 2.5, 2.5, 2.5};
  counter *c = owner;
  afb_neighbours list = {0};
  int64_t n = piece->n_grid > 0 ? piece->n_grid : piece->n_own;
  c->visits++;
  c->domains += comm != MPI_COMM_SELF;
  if (c->fails_at >= frame && c->fails_at < frame + piece->n_frames)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for frame %d", (int)c->fails_at);
  afb_status status = afb_neighbours_find(piece, 2, radii, radii, 0, n, &list);
  for (int64_t i = 0; status == AFB_OK && i < n; i++)
    for (int64_t p = list.first[i]; p < list.first[i + 1]; p++) {
      int64_t point = list.point[p], row = !c->scatters ? i : piece->owner[point] >= 0 ? piece->owner[point] : point;
      double r = sqrt(list.x[p] * list.x[p] + list.y[p] * list.y[p] + list.z[p] * list.z[p]);
      own[WIDTH * row] += 1;
      own[WIDTH * row + 1] += r;
      own[WIDTH * row + 2] += c->scatters ? piece->element[i] : list.element[p];
    }
  for (int f = 0, begin = 0; status == AFB_OK && f < piece->n_frames; f++) {
    int64_t end = piece->n_grid > 0 ? n : piece->frame_own[f + 1];
    for (int64_t i = begin; i < end; i++)
      frames[f] += (double)(list.first[i + 1] - list.first[i]);
    begin = (int)end;
  }
  afb_neighbours_clear(&list);
  if (comm == MPI_COMM_SELF)
    return status;
  status = afb_agree(comm, status);
  return status == AFB_OK && c->scatters ? afb_piece_fold(piece, WIDTH, own) : status;
}

/* ---- A sink that keeps everything ---- */

typedef struct {
  int64_t n_rows;
  double *row;                 /* [n_rows][WIDTH], NaN as -1 */
  double *times;               /* [n_rows] */
  double frame[FRAMES], frame_times[FRAMES];
} store;

static afb_status keep_rows(void *owner, int64_t first, int64_t n, const double *own)
{
  store *s = owner;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (first < 0 || n < 0 || first + n > s->n_rows)
    return AFB_FAIL(AFB_E_INTERNAL, "rows %lld ... on rank %d", (long long)first, rank);
  for (int64_t i = 0; i < n; i++) {
    s->times[first + i]++;
    for (int k = 0; k < WIDTH; k++)
      s->row[WIDTH * (first + i) + k] = isnan(own[WIDTH * i + k]) ? -1 : own[WIDTH * i + k];
  }
  return AFB_OK;
}

static afb_status keep_frames(void *owner, int64_t first, int64_t n, const double *frames)
{
  store *s = owner;
  for (int64_t f = first; f < first + n; f++) {
    s->frame[f] = isnan(frames[f - first]) ? -1 : frames[f - first];
    s->frame_times[f]++;
  }
  return AFB_OK;
}

static void store_begin(store *s, int64_t n_rows)
{
  *s = (store){.n_rows = n_rows};
  s->row = calloc((size_t)n_rows * WIDTH + 1, sizeof *s->row);
  s->times = calloc((size_t)n_rows + 1, sizeof *s->times);
}

/* Ranks keep zeros for what the others have. */
static void store_share(store *s)
{
  MPI_Allreduce(MPI_IN_PLACE, s->row, (int)s->n_rows * WIDTH, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, s->times, (int)s->n_rows, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, s->frame, FRAMES, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, s->frame_times, FRAMES, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void store_clear(store *s)
{
  free(s->row);
  free(s->times);
}

static int once(const store *s)
{
  for (int64_t i = 0; i < s->n_rows; i++)
    if (s->times[i] != 1)
      return 0;
  for (int f = 0; f < FRAMES; f++)
    if (s->frame_times[f] != 1)
      return 0;
  return 1;
}

/* Evaluates all that make() makes; the store holds it on all ranks. */
static afb_status evaluate(const int *grid, int64_t whole, int skip_bad, counter *c, afb_structures *s, store *out)
{
  afb_visitor visitor = {.owner = c, .width = WIDTH, .frame_width = 1, .cutoff = cutoff, .cost_atom = 10, .cost_pair = 1,
                         .visit = visit};
  for (int k = 0; grid && k < 3; k++)
    visitor.grid[k] = grid[k];
  store_begin(out, afb_evaluate_rows(s, &visitor));
  const afb_sink sink = {.owner = out, .rows = keep_rows, .frames = keep_frames};
  afb_status status = afb_evaluate(MPI_COMM_WORLD, s, elements, whole, skip_bad, &visitor, &sink);
  store_share(out);
  return status;
}

/* Every frame alone on this rank, with nothing of the traversal. */
static void expect(const int *grid, store *out)
{
  int64_t row = 0, n_rows = grid ? FRAMES * POINTS : 0;
  for (int f = 0; f < FRAMES && !grid; f++)
    n_rows += atoms_of(f);
  store_begin(out, n_rows);
  for (int f = 0; f < FRAMES; f++) {
    int64_t n = atoms_of(f);
    double *position = calloc((size_t)n + 1, 3 * sizeof *position);
    int32_t *element = calloc((size_t)n + 1, sizeof *element);
    afb_structure structure = {.n_atoms = n, .position = position, .element = element};
    afb_piece piece;
    int bad;
    counter c = {.fails_at = -1};
    for (int k = 0; k < 3; k++) {
      structure.cell[k][k] = spacing * edge_of(f);
      structure.periodic[k] = f % 4 != k;
    }
    for (int64_t i = 0; i < n; i++) {
      place(f, i, position + 3 * i);
      element[i] = elements[i % 2];
    }
    if (n > 0 && (grid ? afb_piece_grid(&structure, grid, 0, POINTS, cutoff, &piece)
                       : afb_piece_frames(1, &structure, cutoff, &piece, &bad)) == AFB_OK) {
      visit(&c, MPI_COMM_SELF, &piece, f, out->row + WIDTH * row, &out->frame[f]);
      afb_piece_clear(&piece);
    } else {
      out->frame[f] = -1;
      for (int i = 0; grid && i < POINTS * WIDTH; i++)
        out->row[WIDTH * row + i] = -1;
    }
    row += grid ? POINTS : n;
    free(position);
    free(element);
  }
}

static int same(const store *a, const store *b)
{
  return a->n_rows == b->n_rows && memcmp(a->row, b->row, (size_t)a->n_rows * WIDTH * sizeof *a->row) == 0
         && memcmp(a->frame, b->frame, sizeof a->frame) == 0;
}

/* ---- Tests ---- */

static void rows_arrive(const int *grid, int64_t whole, int divided)
{
  afb_structures s;
  store found, wanted;
  counter c = {.fails_at = -1};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  make(&s);
  int64_t n_atoms = s.n_atoms, all = 0;
  expect(grid, &wanted);
  check_ok(evaluate(grid, whole, 0, &c, &s, &found));
  check_true(once(&found));
  check_true(same(&found, &wanted));
  check_true(!divided || grid || c.domains > 0);
  check_true(grid || divided || c.domains == 0);
  MPI_Allreduce(&s.n, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  check_true(all == n_atoms && (s.n > 0 || size > 1));
  store_clear(&found);
  store_clear(&wanted);
  afb_structures_clear(&s);
}

static void atoms(void **state)
{
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  (void)state;
  rows_arrive(NULL, 100000, 0);   /* none is large enough to be divided for balance */
  rows_arrive(NULL, 100, 1);
  rows_arrive(NULL, 1, 1);
}

static void grids(void **state)
{
  const int grid[3] = {3, 4, 5};
  (void)state;
  rows_arrive(grid, 100000, 0);
  rows_arrive(grid, 100, 1);   /* some by their atoms */
  rows_arrive(grid, 10, 1);    /* all by their points */
}

/* What visitors send to neighbours is complete, also across ranks and periodic images: pairs are symmetric. */
static void folding(void **state)
{
  afb_structures s;
  store gathered, found;
  (void)state;
  expect(NULL, &gathered);
  for (int turn = 0; turn < 2; turn++) {
    counter c = {.scatters = 1, .fails_at = -1};
    double worst = 0;
    make(&s);
    check_ok(evaluate(NULL, turn ? 1 : 0, 0, &c, &s, &found));
    for (int64_t i = 0; i < found.n_rows * WIDTH; i++)
      worst = fmax(worst, fabs(found.row[i] - gathered.row[i]));
    check_true(worst < 1e-12);
    store_clear(&found);
    afb_structures_clear(&s);
  }
  store_clear(&gathered);
}

/* Two atoms of frame 20 on top of each other, frame 3 in a flat cell. */
static void spoil(afb_structures *s)
{
  int64_t at = s->frame[20].first_atom + 1 - s->first;
  if (at >= 0 && at < s->n)
    place(20, 2, s->position + 3 * at);
  s->frame[3].cell[1][1] = 0;
  s->frame[3].periodic[1] = 1;
}

static void bad_frames(void **state)
{
  afb_structures s;
  store found, wanted;
  (void)state;
  expect(NULL, &wanted);
  for (int turn = 0; turn < 2; turn++) {
    int64_t whole = turn ? 100 : 100000;
    counter c = {.fails_at = -1};
    make(&s);
    spoil(&s);
    check_true(evaluate(NULL, whole, 0, &c, &s, &found) == AFB_E_INPUT);
    check_true(strstr(afb_error_text(), "some.extxyz:") && strstr(afb_error_text(), ": frame frame-"));
    store_clear(&found);
    afb_structures_clear(&s);
    make(&s);
    spoil(&s);
    check_ok(evaluate(NULL, whole, 1, &c, &s, &found));
    check_true(once(&found));
    check_true(s.frame[3].bad && strstr(s.frame[3].reason, "some.extxyz:31: frame frame-3: "));
    check_true(s.frame[20].bad && strstr(s.frame[20].reason, "some.extxyz:201: frame frame-20: atoms 2 and 3 "));
    int others = 1, empty = 1;
    for (int f = 0; f < FRAMES; f++)
      for (int64_t i = WIDTH * s.frame[f].first_atom; i < WIDTH * (s.frame[f].first_atom + s.frame[f].n_atoms); i++) {
        int bad = f == 3 || f == 20;
        others &= bad || found.row[i] == wanted.row[i];
        empty &= !bad || found.row[i] == -1;
      }
    check_true(others && empty && found.frame[3] == -1 && found.frame[20] == -1 && found.frame[4] == wanted.frame[4]);
    check_true(!s.frame[0].bad && s.frame[7].bad && s.frame[7].reason[0] == '\0');
    store_clear(&found);
    afb_structures_clear(&s);
  }
  store_clear(&wanted);
}

static void failures_end_it(void **state)
{
  afb_structures s;
  store found;
  (void)state;
  for (int skip_bad = 0; skip_bad < 2; skip_bad++)
    for (int64_t f = 0; f < FRAMES; f += 20) {
      counter c = {.fails_at = f};
      make(&s);
      check_true(evaluate(NULL, 200, skip_bad, &c, &s, &found) == AFB_E_MEMORY);
      check_true(strstr(afb_error_text(), "no memory for frame") != NULL);
      store_clear(&found);
      afb_structures_clear(&s);
    }
}

static afb_status visit_in_vain(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames)
{
  (void)owner, (void)comm, (void)piece, (void)frame, (void)own, (void)frames;
  return AFB_OK;
}

typedef struct {
  int64_t fails_at, rows;      /* row that is not taken, -1: none; rows that were */
} taker;

static afb_status take(void *owner, int64_t first, int64_t n, const double *own)
{
  taker *t = owner;
  (void)own;
  if (t->fails_at >= first && t->fails_at < first + n)
    return AFB_FAIL(AFB_E_IO, "no room for row %lld", (long long)t->fails_at);
  t->rows += n;
  return AFB_OK;
}

/* Rows of a MiB, so that every rank has many slabs of them; where one rank cannot hand on its own, all end. */
static void a_sink_that_fails_ends_it(void **state)
{
  afb_structures s;
  (void)state;
  for (int64_t f = -1; f < FRAMES; f += 20) {
    make(&s);
    int64_t all = s.n_atoms;
    taker t = {.fails_at = f < 0 ? -1 : s.frame[f].first_atom};
    afb_visitor visitor = {.owner = &t, .width = 1 << 17, .cutoff = cutoff, .cost_atom = 10, .cost_pair = 1, .visit = visit_in_vain};
    const afb_sink sink = {.owner = &t, .rows = take};
    afb_status status = afb_evaluate(MPI_COMM_WORLD, &s, elements, INT64_MAX, 0, &visitor, &sink);
    MPI_Allreduce(MPI_IN_PLACE, &t.rows, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    check_true(f >= 0 || (status == AFB_OK && t.rows == all));
    check_true(f < 0 || (status == AFB_E_IO && strstr(afb_error_text(), "no room for row") != NULL && t.rows < all));
    afb_structures_clear(&s);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(atoms),      cmocka_unit_test(grids),           cmocka_unit_test(folding),
  cmocka_unit_test(bad_frames), cmocka_unit_test(failures_end_it), cmocka_unit_test(a_sink_that_fails_ends_it),
};

CHECK_MAIN(tests)
