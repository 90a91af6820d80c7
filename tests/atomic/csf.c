#include "tests/check.h"

#include <string.h>

#include "atomic/csf.h"
#include "atomic/subshell.h"
#include "numeric/racah.h"

enum { MAX_LISTED = 4096 };

/* Splits in place at `separator`; returns the number of parts. */
static int split(char *text, char separator, char **part, int room)
{
  int n = 0;
  while (text && n < room) {
    part[n++] = text;
    text = strchr(text, separator);
    if (text)
      *text++ = 0;
  }
  return n;
}

static int shells(char *text, afb_shell *out)
{
  char *part[AFB_MAX_SHELLS];
  int n = *text ? split(text, ' ', part, AFB_MAX_SHELLS) : 0;
  for (int i = 0; i < n; i++)
    if (afb_shell_parse(part[i], &out[i].n, &out[i].l) != AFB_OK)
      return -1;
  return n;
}

/* The configurations of one line, excitations included; those of the first one's parity, as rcsfgenerate does. */
static int configurations_of(char **field, afb_configuration *out)
{
  char *text[32];
  afb_configuration given[32], *expanded;
  afb_shell from[AFB_MAX_SHELLS], into[AFB_MAX_SHELLS];
  int n = split(field[1], ';', text, 32), electrons = atoi(field[3]), n_expanded;
  for (int i = 0; i < n; i++)
    if (afb_configuration_parse(text[i], &given[i]) != AFB_OK)
      return -1;
  if (electrons == 0) {
    memcpy(out, given, sizeof *out * (size_t)n);
    return n;
  }
  int n_from = shells(field[4], from), n_into = shells(field[5], into);
  if (afb_configuration_expand(n, given, electrons, n_from, from, n_into, into, &n_expanded, &expanded) != AFB_OK)
    return -1;
  n = 0;
  for (int i = 0; i < n_expanded && n < MAX_LISTED; i++)
    if (afb_configuration_parity(&expanded[i]) == afb_configuration_parity(&given[0]))
      out[n++] = expanded[i];
  free(expanded);
  return n;
}

static int blocks_agree(const afb_csf_list *list, char *text)
{
  char *part[64];
  int n = split(text, ' ', part, 64), ok = n == list->n_blocks, first = 0;
  for (int i = 0; ok && i < n; i++) {
    int two_j, n_csf;
    char parity;
    if (sscanf(part[i], "%d%c%d", &two_j, &parity, &n_csf) != 3)
      return 0;
    const afb_block *b = &list->block[i];
    ok = b->two_j == two_j && b->parity == (parity == '+' ? 1 : -1) && b->n_csf == n_csf && b->first == first;
    first += n_csf;
  }
  return ok && first == list->n_csf;
}

static void blocks_are_those_of_grasp(void **state)
{
  (void)state;
  char path[1024], line[4096], *field[8];
  const char *source = getenv("AUFBAU_SOURCE");
  static afb_configuration configuration[MAX_LISTED];
  snprintf(path, sizeof path, "%s/tests/atomic/data/csf_blocks.txt", source ? source : ".");
  FILE *file = fopen(path, "r");
  check_true(file != NULL);
  int n_cases = 0, n_good = 0;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    if (line[0] == '#' || split(line, '|', field, 8) != 7)
      continue;
    int two_j_min = 0, two_j_max = 0, n = configurations_of(field, configuration);
    afb_csf_list list;
    int64_t count = 0;
    n_cases++;
    int ok = n > 0 && sscanf(field[2], "%d %d", &two_j_min, &two_j_max) == 2 &&
             afb_csf_list_create(n, configuration, two_j_min, two_j_max, 0, &list) == AFB_OK;
    if (ok) {
      ok = afb_csf_count(n, configuration, two_j_min, two_j_max, &count) == AFB_OK && count == list.n_csf &&
           blocks_agree(&list, field[6]);
      afb_csf_list_clear(&list);
    }
    if (!ok)
      fprintf(stderr, "# %s: CSFs do not agree\n", field[0]);
    n_good += ok;
  }
  fclose(file);
  check_true(n_cases > 50);
  check_true(n_good == n_cases);
}

static afb_status create(const char *const *text, int n, int two_j_min, int two_j_max, int64_t max_csf, afb_csf_list *list)
{
  afb_configuration c[8];
  for (int i = 0; i < n; i++)
    AFB_TRY(afb_configuration_parse(text[i], &c[i]));
  return afb_csf_list_create(n, c, two_j_min, two_j_max, max_csf, list);
}

static void couplings_obey_triangles_and_differ(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ar] 3d6 4s1 4p1", "[Ar] 3d7 4p1"};
  afb_csf_list list;
  check_ok(create(text, 2, 0, -1, 0, &list));
  int n = list.n_orbitals, ok = 1;
  for (int b = 0; b < list.n_blocks; b++)
    for (int r = list.block[b].first; r < list.block[b].first + list.block[b].n_csf; r++) {
      int before = 0, electrons = 0;
      for (int p = 0; p < n; p++) {
        int n_terms, at = r * n + p, two_j = afb_kappa_two_j(list.orbital[p].kappa);
        const afb_term *term;
        ok &= afb_subshell_terms(two_j, list.occupation[at], &n_terms, &term) == AFB_OK && list.term[at] < n_terms;
        ok &= afb_triangle(before, term[list.term[at]].two_j, list.two_x[at]);
        ok &= !list.closed[p] || list.occupation[at] == two_j + 1;
        before = list.two_x[at];
        electrons += list.occupation[at];
      }
      ok &= before == list.block[b].two_j && electrons == 26 && list.block[b].parity == -1;
    }
  check_true(ok);
  for (int r = 1; r < list.n_csf; r++)
    for (int s = r > 40 ? r - 40 : 0; s < r; s++)
      ok &= memcmp(list.two_x + r * n, list.two_x + s * n, (size_t)n) != 0 ||
            memcmp(list.term + r * n, list.term + s * n, (size_t)n) != 0 ||
            memcmp(list.occupation + r * n, list.occupation + s * n, (size_t)n) != 0;
  check_true(ok);
  char label[8];
  check_true(strcmp(afb_orbital_label(list.orbital[0], label), "1s") == 0 && list.closed[0]);
  check_true(strcmp(afb_orbital_label(list.orbital[2], label), "2p-") == 0 && list.orbital[2].kappa == 1);
  check_true(strcmp(afb_orbital_label(list.orbital[6], label), "3p") == 0 && !list.closed[7]);
  afb_csf_list_clear(&list);
}

static void orbitals_without_electrons_are_left_out(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ne] 3d1"};
  afb_csf_list list;
  check_ok(create(text, 1, 3, 3, 0, &list));
  check_true(list.n_csf == 1 && list.n_orbitals == 5 && list.orbital[4].kappa == 2);
  afb_csf_list_clear(&list);
  check_ok(create(text, 1, 0, -1, 0, &list));
  check_true(list.n_csf == 2 && list.n_orbitals == 6);
  afb_csf_list_clear(&list);
}

static void wrong_requests_are_refused(void **state)
{
  (void)state;
  static const char *const twice[] = {"1s2 2s1", "[He] 2s1"}, *const uneven[] = {"1s2 2s1", "1s2 2s2"};
  static const char *const one[] = {"1s2 2s1"}, *const g3[] = {"[Xe] 5g3"}, *const big[] = {"[Xe] 4f7 5d5 6p3"};
  afb_csf_list list;
  assert_true(create(twice, 2, 0, -1, 0, &list) == AFB_E_INPUT);
  assert_true(create(uneven, 2, 0, -1, 0, &list) == AFB_E_INPUT);
  assert_true(create(one, 1, 3, 9, 0, &list) == AFB_E_INPUT && list.n_csf == 0);
  assert_true(create(g3, 1, 0, -1, 0, &list) == AFB_E_LIMIT);
  assert_true(create(big, 1, 0, -1, 100000, &list) == AFB_E_LIMIT);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(blocks_are_those_of_grasp),
  cmocka_unit_test(couplings_obey_triangles_and_differ),
  cmocka_unit_test(orbitals_without_electrons_are_left_out),
  cmocka_unit_test(wrong_requests_are_refused),
};
CHECK_MAIN(tests)
