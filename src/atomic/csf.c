#include "atomic/csf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/subshell.h"
#include "numeric/racah.h"

char *afb_orbital_label(afb_orbital orbital, char *buffer)
{
  static const char letter[] = "spdfghik";
  int l = afb_kappa_l(orbital.kappa);
  snprintf(buffer, 8, "%d%c%s", orbital.n % 1000, l <= AFB_MAX_L ? letter[l] : '?', orbital.kappa > 0 ? "-" : "");
  return buffer;
}

/* ---- counting determinants ---- */

/* Number of determinants of a product of shells by 2M, M >= 0 and below alike: count[offset + two_m]. */
typedef struct {
  int largest;
  double *count;
} projections;

enum { MAX_SPIN_ORBITALS = 2 * (2 * AFB_MAX_L + 1) };

/* Of the shell l^q: both subshells j = l -+ 1/2 together. table[q][offset + two_m], offset = largest. */
static afb_status shell_projections(int l, int q, projections *out)
{
  int two_m[MAX_SPIN_ORBITALS], n = 0, reach = 0;
  for (int m = -(2 * l + 1); m <= 2 * l + 1; m += 2)
    two_m[n++] = m;
  for (int m = -(2 * l - 1); m <= 2 * l - 1; m += 2)
    two_m[n++] = m;
  for (int i = 0; i < n; i++)
    reach += abs(two_m[i]);
  int width = 2 * reach + 1;
  double *table = calloc((size_t)((q + 1) * width), sizeof *table);
  out->count = calloc((size_t)width, sizeof *out->count);
  if (!table || !out->count) {
    free(table);
    return AFB_FAIL(AFB_E_MEMORY, "no memory to count CSFs");
  }
  table[reach] = 1;
  for (int i = 0; i < n; i++)
    for (int k = q; k > 0; k--)
      for (int x = 0; x < width; x++) {
        int from = x - two_m[i];
        if (from >= 0 && from < width)
          table[k * width + x] += table[(k - 1) * width + from];
      }
  memcpy(out->count, table + q * width, sizeof *table * (size_t)width);
  out->largest = reach;
  free(table);
  return AFB_OK;
}

static void trim(projections *p)
{
  int keep = p->largest;
  while (keep > 0 && p->count[p->largest + keep] == 0)
    keep--;
  memmove(p->count, p->count + p->largest - keep, sizeof *p->count * (size_t)(2 * keep + 1));
  p->largest = keep;
}

static afb_status convolve(projections *p, const projections *q)
{
  int largest = p->largest + q->largest;
  double *count = calloc((size_t)(2 * largest + 1), sizeof *count);
  if (!count)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to count CSFs");
  for (int i = 0; i <= 2 * p->largest; i++)
    for (int k = 0; p->count[i] != 0 && k <= 2 * q->largest; k++)
      count[i + k] += p->count[i] * q->count[k];
  free(p->count);
  *p = (projections){largest, count};
  return AFB_OK;
}

static afb_status count_one(const afb_configuration *configuration, int two_j_min, int two_j_max, double *total)
{
  projections all = {0, calloc(1, sizeof(double))}, one = {0};
  afb_status status = AFB_OK;
  if (!all.count)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to count CSFs");
  all.count[0] = 1;
  for (int i = 0; i < configuration->n_shells && status == AFB_OK; i++) {
    const afb_shell *shell = &configuration->shell[i];
    if (shell->q == 0 || shell->q == 4 * shell->l + 2)
      continue;
    status = shell_projections(shell->l, shell->q, &one);
    if (status == AFB_OK) {
      trim(&one);
      status = convolve(&all, &one);
    }
    free(one.count);
    one = (projections){0};
  }
  int parity = afb_configuration_electrons(configuration) & 1;
  for (int two_j = parity; status == AFB_OK && two_j <= all.largest; two_j += 2)
    if (two_j_max < 0 || (two_j >= two_j_min && two_j <= two_j_max))
      *total += all.count[all.largest + two_j] - (two_j + 2 <= all.largest ? all.count[all.largest + two_j + 2] : 0);
  free(all.count);
  return status;
}

static afb_status check_configurations(int n, const afb_configuration *configurations)
{
  char one[AFB_CONFIGURATION_LENGTH];
  if (n < 1)
    return AFB_FAIL(AFB_E_INPUT, "no configuration given");
  for (int i = 0; i < n; i++) {
    if (afb_configuration_electrons(&configurations[i]) != afb_configuration_electrons(&configurations[0]))
      return AFB_FAIL(AFB_E_INPUT, "configuration %s has %d electrons, the first one has %d",
                      afb_configuration_format(&configurations[i], 1, one, sizeof one),
                      afb_configuration_electrons(&configurations[i]), afb_configuration_electrons(&configurations[0]));
    for (int s = 0; s < configurations[i].n_shells; s++) {
      const afb_shell *shell = &configurations[i].shell[s];
      if (shell->l < 0 || shell->l > AFB_MAX_L || shell->q < 0 || shell->q > 4 * shell->l + 2)
        return AFB_FAIL(AFB_E_INPUT, "configuration %d has a shell with n = %d, l = %d and %d electrons", i + 1,
                        shell->n, shell->l, shell->q);
    }
    for (int k = 0; k < i; k++)
      if (afb_configuration_compare(&configurations[i], &configurations[k]) == 0)
        return AFB_FAIL(AFB_E_INPUT, "configuration %s is given twice",
                        afb_configuration_format(&configurations[i], 1, one, sizeof one));
  }
  return AFB_OK;
}

afb_status afb_csf_count(int n_configurations, const afb_configuration *configurations, int two_j_min, int two_j_max,
                         int64_t *count)
{
  double total = 0;
  AFB_TRY(check_configurations(n_configurations, configurations));
  for (int i = 0; i < n_configurations; i++)
    AFB_TRY(count_one(&configurations[i], two_j_min, two_j_max, &total));
  /* Beyond 2^53 the count is no longer exact, nor of use. */
  *count = total < 9007199254740992.0 ? (int64_t)total : INT64_C(9007199254740992);
  return AFB_OK;
}

/* ---- making the list ---- */

typedef struct {
  int n_orbitals;
  afb_orbital orbital[AFB_MAX_ORBITALS];
  int two_j_min, two_j_max;
  /* the CSF that is being built */
  uint8_t occupation[AFB_MAX_ORBITALS], term[AFB_MAX_ORBITALS], two_x[AFB_MAX_ORBITALS];
  int configuration, parity;
  /* what is finished, in the order of generation */
  int64_t n, room;
  uint8_t *row;              /* [room][3][n_orbitals] */
  int32_t *from;             /* [room] configuration */
  int8_t *row_parity;        /* [room] */
} builder;

static int orbital_index(const builder *b, int n, int kappa)
{
  for (int i = 0; i < b->n_orbitals; i++)
    if (b->orbital[i].n == n && b->orbital[i].kappa == kappa)
      return i;
  return -1;
}

/* Position in the standard order: n, l, l- before l+. */
static int orbital_rank(afb_orbital o) { return (o.n * (AFB_MAX_L + 1) + afb_kappa_l(o.kappa)) * 2 + (o.kappa < 0); }

static afb_status add_orbital(builder *b, int n, int kappa)
{
  if (kappa == 0 || orbital_index(b, n, kappa) >= 0)
    return AFB_OK;
  if (b->n_orbitals == AFB_MAX_ORBITALS)
    return AFB_FAIL(AFB_E_LIMIT, "more than %d relativistic subshells", AFB_MAX_ORBITALS);
  afb_orbital new = {n, kappa};
  int i = b->n_orbitals++;
  for (; i > 0 && orbital_rank(b->orbital[i - 1]) > orbital_rank(new); i--)
    b->orbital[i] = b->orbital[i - 1];
  b->orbital[i] = new;
  return AFB_OK;
}

static afb_status finish_csf(builder *b)
{
  if (b->n == b->room)
    return AFB_FAIL(AFB_E_INTERNAL, "more CSFs than were counted");
  size_t width = (size_t)b->n_orbitals;
  uint8_t *row = b->row + (size_t)b->n * 3 * width;
  memcpy(row, b->occupation, width);
  memcpy(row + width, b->term, width);
  memcpy(row + 2 * width, b->two_x, width);
  b->from[b->n] = b->configuration;
  b->row_parity[b->n++] = (int8_t)b->parity;
  return AFB_OK;
}

/* Chooses terms and couplings from orbital p on; two_x is what the orbitals before it are coupled to. `reach[p]` bounds
 * what orbitals p ... can still add to or take from it. */
static afb_status couple(builder *b, int p, int two_x, const int *reach)
{
  if (p == b->n_orbitals)
    return two_x >= b->two_j_min && (b->two_j_max < 0 || two_x <= b->two_j_max) ? finish_csf(b) : AFB_OK;
  if (b->two_j_max >= 0 && (two_x - reach[p] > b->two_j_max || two_x + reach[p] < b->two_j_min))
    return AFB_OK;
  int n_terms;
  const afb_term *term;
  AFB_TRY(afb_subshell_terms(afb_kappa_two_j(b->orbital[p].kappa), b->occupation[p], &n_terms, &term));
  for (int t = 0; t < n_terms; t++) {
    int low = two_x > term[t].two_j ? two_x - term[t].two_j : term[t].two_j - two_x;
    b->term[p] = (uint8_t)t;
    for (int x = low; x <= two_x + term[t].two_j; x += 2) {
      b->two_x[p] = (uint8_t)x;
      AFB_TRY(couple(b, p + 1, x, reach));
    }
  }
  return AFB_OK;
}

static afb_status couple_all(builder *b)
{
  int reach[AFB_MAX_ORBITALS + 1];
  reach[b->n_orbitals] = 0;
  for (int p = b->n_orbitals - 1; p >= 0; p--) {
    int two_j = afb_kappa_two_j(b->orbital[p].kappa), w = b->occupation[p];
    if (two_j >= 9 && w > 2 && w < two_j - 1) {
      char label[8];
      return AFB_FAIL(AFB_E_LIMIT, "subshell %s (j = %d/2) with %d electrons: above j = 7/2 at most two electrons or two "
                      "holes are supported", afb_orbital_label(b->orbital[p], label), two_j, w);
    }
    reach[p] = reach[p + 1] + w * (two_j + 1 - w);
  }
  if (reach[0] > AFB_LARGEST_TWO_J)
    return AFB_FAIL(AFB_E_LIMIT, "a configuration reaches 2J = %d, more than %d", reach[0], AFB_LARGEST_TWO_J);
  return couple(b, 0, 0, reach);
}

/* Shares the electrons of shell s and later ones out over l- and l+. */
static afb_status distribute(builder *b, const afb_configuration *configuration, int s)
{
  if (s == configuration->n_shells)
    return couple_all(b);
  const afb_shell *shell = &configuration->shell[s];
  int minus = shell->l > 0 ? orbital_index(b, shell->n, shell->l) : -1;
  int plus = orbital_index(b, shell->n, -shell->l - 1);
  for (int q = shell->q < 2 * shell->l ? shell->q : 2 * shell->l; q >= 0 && shell->q - q <= 2 * shell->l + 2; q--) {
    if (minus >= 0)
      b->occupation[minus] = (uint8_t)q;
    b->occupation[plus] = (uint8_t)(shell->q - q);
    AFB_TRY(distribute(b, configuration, s + 1));
  }
  if (minus >= 0)
    b->occupation[minus] = 0;
  b->occupation[plus] = 0;
  return AFB_OK;
}

static afb_status generate(builder *b, int n_configurations, const afb_configuration *configurations)
{
  for (int c = 0; c < n_configurations; c++)
    for (int s = 0; s < configurations[c].n_shells; s++)
      if (configurations[c].shell[s].q > 0) {
        AFB_TRY(add_orbital(b, configurations[c].shell[s].n, configurations[c].shell[s].l));
        AFB_TRY(add_orbital(b, configurations[c].shell[s].n, -configurations[c].shell[s].l - 1));
      }
  b->row = malloc((size_t)b->room * 3 * (size_t)b->n_orbitals + 1);
  b->from = malloc((size_t)b->room * sizeof *b->from);
  b->row_parity = malloc((size_t)b->room);
  if (!b->row || !b->from || !b->row_parity)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld CSFs", (long long)b->room);
  for (int c = 0; c < n_configurations; c++) {
    b->configuration = c;
    b->parity = afb_configuration_parity(&configurations[c]);
    AFB_TRY(distribute(b, &configurations[c], 0));
  }
  if (b->n != b->room)
    return AFB_FAIL(AFB_E_INTERNAL, "%lld CSFs where determinants count %lld", (long long)b->n, (long long)b->room);
  return AFB_OK;
}

/* Orbitals that no CSF occupies are left out: new_index[p] = -1. Marks the closed ones. */
static void choose_orbitals(const builder *b, afb_csf_list *out, int *new_index)
{
  size_t width = (size_t)b->n_orbitals;
  for (int p = 0; p < b->n_orbitals; p++) {
    int full = afb_kappa_two_j(b->orbital[p].kappa) + 1, occupied = 0, closed = 1;
    for (int64_t r = 0; r < b->n; r++) {
      int w = b->row[(size_t)r * 3 * width + (size_t)p];
      occupied |= w > 0;
      closed &= w == full;
    }
    new_index[p] = -1;
    if (occupied) {
      new_index[p] = out->n_orbitals;
      out->orbital[out->n_orbitals] = b->orbital[p];
      out->closed[out->n_orbitals++] = (uint8_t)closed;
    }
  }
}

/* Sorts the CSFs into blocks (J, + before -), keeping the order of generation within a block. */
static afb_status sort_into_blocks(const builder *b, afb_csf_list *out)
{
  int new_index[AFB_MAX_ORBITALS];
  int64_t count[2 * (AFB_LARGEST_TWO_J + 1)] = {0}, next[2 * (AFB_LARGEST_TWO_J + 1)];
  size_t width = (size_t)b->n_orbitals;
  choose_orbitals(b, out, new_index);
  size_t columns = (size_t)out->n_orbitals, n = (size_t)b->n;
  for (size_t r = 0; r < n; r++)
    count[2 * b->row[(r * 3 + 2) * width + width - 1] + (b->row_parity[r] < 0)]++;
  int n_blocks = 0, first = 0;
  for (int key = 0; key < 2 * (AFB_LARGEST_TWO_J + 1); key++)
    n_blocks += count[key] > 0;
  out->block = calloc((size_t)n_blocks, sizeof *out->block);
  out->occupation = malloc(n * columns);
  out->term = malloc(n * columns);
  out->two_x = malloc(n * columns);
  out->configuration = malloc(n * sizeof *out->configuration);
  if (!out->block || !out->occupation || !out->term || !out->two_x || !out->configuration)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld CSFs", (long long)b->n);
  for (int key = 0; key < 2 * (AFB_LARGEST_TWO_J + 1); key++) {
    next[key] = first;
    if (count[key] > 0)
      out->block[out->n_blocks++] = (afb_block){key / 2, key & 1 ? -1 : 1, first, (int)count[key]};
    first += (int)count[key];
  }
  for (size_t r = 0; r < n; r++) {
    const uint8_t *row = b->row + r * 3 * width;
    int key = 2 * row[3 * width - 1] + (b->row_parity[r] < 0);
    size_t to = (size_t)next[key]++;
    for (size_t p = 0; p < width; p++) {
      if (new_index[p] < 0)
        continue;
      size_t at = to * columns + (size_t)new_index[p];
      out->occupation[at] = row[p];
      out->term[at] = row[width + p];
      out->two_x[at] = row[2 * width + p];
    }
    out->configuration[to] = b->from[r];
  }
  out->n_csf = (int)b->n;
  return AFB_OK;
}

afb_status afb_csf_list_create(int n_configurations, const afb_configuration *configurations, int two_j_min,
                               int two_j_max, int64_t max_csf, afb_csf_list *out)
{
  int64_t count;
  memset(out, 0, sizeof *out);
  AFB_TRY(afb_csf_count(n_configurations, configurations, two_j_min, two_j_max, &count));
  if (max_csf <= 0)
    max_csf = 10000000;
  if (count > max_csf)
    return AFB_FAIL(AFB_E_LIMIT, "%lld CSFs, more than the limit of %lld", (long long)count, (long long)max_csf);
  if (count == 0)
    return AFB_FAIL(AFB_E_INPUT, "the configurations have no CSF with J from %d/2 to %d/2", two_j_min, two_j_max);
  builder *b = calloc(1, sizeof *b);
  if (!b)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the CSF list");
  b->two_j_min = two_j_max < 0 ? 0 : two_j_min;
  b->two_j_max = two_j_max;
  b->room = count;
  afb_status status = generate(b, n_configurations, configurations);
  if (status == AFB_OK)
    status = sort_into_blocks(b, out);
  free(b->row);
  free(b->from);
  free(b->row_parity);
  free(b);
  if (status != AFB_OK)
    afb_csf_list_clear(out);
  return status;
}

void afb_csf_list_clear(afb_csf_list *list)
{
  free(list->block);
  free(list->occupation);
  free(list->term);
  free(list->two_x);
  free(list->configuration);
  memset(list, 0, sizeof *list);
}

static void *copy_of(const void *from, size_t size)
{
  void *to = malloc(size + 1);
  return to ? memcpy(to, from, size) : NULL;
}

afb_status afb_csf_list_copy(const afb_csf_list *from, afb_csf_list *to)
{
  size_t n = (size_t)from->n_csf, columns = (size_t)from->n_orbitals;
  *to = *from;
  to->block = copy_of(from->block, (size_t)from->n_blocks * sizeof *to->block);
  to->occupation = copy_of(from->occupation, n * columns);
  to->term = copy_of(from->term, n * columns);
  to->two_x = copy_of(from->two_x, n * columns);
  to->configuration = copy_of(from->configuration, n * sizeof *to->configuration);
  if (to->block && to->occupation && to->term && to->two_x && to->configuration)
    return AFB_OK;
  afb_csf_list_clear(to);
  return AFB_FAIL(AFB_E_MEMORY, "no memory for %d CSFs", from->n_csf);
}
