#include "atomic/configuration.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "spdfghik";

/* Shells that each noble gas closes beyond the one before it. */
static const struct {
  const char *symbol;
  int n_shells;
  afb_shell shell[4];
} noble[] = {
  {"He", 1, {{1, 0, 2}}},
  {"Ne", 2, {{2, 0, 2}, {2, 1, 6}}},
  {"Ar", 2, {{3, 0, 2}, {3, 1, 6}}},
  {"Kr", 3, {{3, 2, 10}, {4, 0, 2}, {4, 1, 6}}},
  {"Xe", 3, {{4, 2, 10}, {5, 0, 2}, {5, 1, 6}}},
  {"Rn", 4, {{4, 3, 14}, {5, 2, 10}, {6, 0, 2}, {6, 1, 6}}},
  {"Og", 4, {{5, 3, 14}, {6, 2, 10}, {7, 0, 2}, {7, 1, 6}}},
};
enum { N_NOBLE = (int)(sizeof noble / sizeof noble[0]) };

static int shell_order(int n, int l) { return n * (AFB_MAX_L + 1) + l; }

static int shell_find(const afb_configuration *configuration, int n, int l, int *found)
{
  int i = 0;
  while (i < configuration->n_shells &&
         shell_order(configuration->shell[i].n, configuration->shell[i].l) < shell_order(n, l))
    i++;
  *found = i < configuration->n_shells && configuration->shell[i].n == n && configuration->shell[i].l == l;
  return i;
}

int afb_configuration_occupation(const afb_configuration *configuration, int n, int l)
{
  int found, i = shell_find(configuration, n, l, &found);
  return found ? configuration->shell[i].q : 0;
}

afb_status afb_configuration_add(afb_configuration *configuration, int n, int l, int change)
{
  if (l < 0 || l > AFB_MAX_L || n <= l || n > AFB_MAX_N)
    return AFB_FAIL(AFB_E_LIMIT, "there is no shell n = %d, l = %d here (l < n, n <= %d, l <= %d)", n, l, AFB_MAX_N,
                    AFB_MAX_L);
  int found, i = shell_find(configuration, n, l, &found);
  int q = (found ? configuration->shell[i].q : 0) + change;
  if (q < 0 || q > 4 * l + 2)
    return AFB_FAIL(AFB_E_LIMIT, "shell %d%c cannot hold %d electrons (0 to %d)", n, letters[l], q, 4 * l + 2);
  size_t behind = (size_t)(configuration->n_shells - i) * sizeof(afb_shell);
  if (found && q == 0) {
    memmove(&configuration->shell[i], &configuration->shell[i + 1], behind - sizeof(afb_shell));
    configuration->n_shells--;
  } else if (found) {
    configuration->shell[i].q = q;
  } else if (q > 0) {
    if (configuration->n_shells == AFB_MAX_SHELLS)
      return AFB_FAIL(AFB_E_LIMIT, "more than %d shells in one configuration", AFB_MAX_SHELLS);
    memmove(&configuration->shell[i + 1], &configuration->shell[i], behind);
    configuration->shell[i] = (afb_shell){n, l, q};
    configuration->n_shells++;
  }
  return AFB_OK;
}

/* Reads "4d" at *text and moves *text behind it. NULL, or what is wrong. */
static const char *read_shell(const char **text, int *n, int *l)
{
  const char *at = *text;
  if (!isdigit((unsigned char)*at))
    return "a shell begins with its principal quantum number, as in 4d1";
  int number = 0;
  for (; isdigit((unsigned char)*at); at++)
    number = number > 999 ? number : 10 * number + (*at - '0');
  if (*at == '\0')
    return "the letter of the orbital is missing (s p d f g h i k)";
  const char *letter = strchr(letters, *at);
  if (!letter)
    return isupper((unsigned char)*at) && strchr(letters, tolower((unsigned char)*at))
             ? "orbital letters are lower case (s p d f g h i k)"
             : "unknown orbital letter (s p d f g h i k)";
  if (number < 1)
    return "the principal quantum number begins at 1";
  if (number > AFB_MAX_N)
    return "the principal quantum number is at most 15";
  *n = number;
  *l = (int)(letter - letters);
  if (*l >= *n)
    return "such an orbital does not exist (l must be smaller than n)";
  *text = at + 1;
  return NULL;
}

afb_status afb_shell_parse(const char *text, int *n, int *l)
{
  const char *at = text;
  int read_n = 0, read_l = 0;
  const char *wrong = read_shell(&at, &read_n, &read_l);
  if (!wrong && *at != '\0')
    wrong = "nothing may follow the letter";
  if (wrong)
    return AFB_FAIL(AFB_E_INPUT, "\"%.40s\" is not a shell such as 4d: %s", text, wrong);
  *n = read_n;
  *l = read_l;
  return AFB_OK;
}

/* Shells of the noble gas whose symbol is text[0 ... length-1]; 0 when it is none. */
static int add_noble(const char *text, size_t length, afb_configuration *out)
{
  int which = 0;
  while (which < N_NOBLE && (strlen(noble[which].symbol) != length || memcmp(noble[which].symbol, text, length)))
    which++;
  if (which == N_NOBLE)
    return 0;
  for (int g = 0; g <= which; g++)
    for (int i = 0; i < noble[g].n_shells; i++) {
      int found, at = shell_find(out, noble[g].shell[i].n, noble[g].shell[i].l, &found);
      memmove(&out->shell[at + 1], &out->shell[at], (size_t)(out->n_shells - at) * sizeof(afb_shell));
      out->shell[at] = noble[g].shell[i];
      out->n_shells++;
    }
  return 1;
}

/* One shell "4d10", text[0 ... length-1]. NULL, or what is wrong. */
static const char *add_token(const char *text, size_t length, const afb_configuration *core, uint32_t *seen,
                             afb_configuration *out)
{
  const char *at = text;
  int n, l, q = 0;
  const char *wrong = read_shell(&at, &n, &l);
  if (wrong)
    return wrong;
  if (at == text + length)
    return "the number of electrons is missing, as in 4d1";
  for (; at < text + length && isdigit((unsigned char)*at); at++)
    q = q > 999 ? q : 10 * q + (*at - '0');
  if (at != text + length)
    return "only the number of electrons may follow the letter, and a blank goes between shells";
  if (q > 4 * l + 2)
    return "more electrons than the shell holds (s 2, p 6, d 10, f 14, g 18, h 22, i 26, k 30)";
  if (afb_configuration_occupation(core, n, l) > 0)
    return "the shell is already closed in the core";
  if (seen[n] & (UINT32_C(1) << l))
    return "the shell occurs twice";
  seen[n] |= UINT32_C(1) << l;
  if (q > 0 && afb_configuration_add(out, n, l, q) != AFB_OK)
    return "too many shells";
  return NULL;
}

afb_status afb_configuration_parse(const char *text, afb_configuration *out)
{
  afb_configuration result = {0}, core = {0};
  uint32_t seen[AFB_MAX_N + 1] = {0};
  const char *at = text + strspn(text, " \t");
  if (*at == '\0')
    return AFB_FAIL(AFB_E_INPUT, "empty configuration: give its shells, as in \"[He] 2s2 2p1\"");
  if (*at == '[') {
    size_t length = strcspn(at + 1, "]");
    if (at[1 + length] != ']')
      return AFB_FAIL(AFB_E_INPUT, "configuration \"%.160s\": the bracket of the core is not closed", text);
    if (!add_noble(at + 1, length, &core))
      return AFB_FAIL(AFB_E_INPUT,
                      "configuration \"%.160s\": core \"[%.*s]\" is not one of [He] [Ne] [Ar] [Kr] [Xe] [Rn] [Og]",
                      text, (int)(length < 20 ? length : 20), at + 1);
    result = core;
    at += length + 2;
  }
  for (at += strspn(at, " \t"); *at != '\0'; at += strspn(at, " \t")) {
    size_t length = strcspn(at, " \t");
    const char *wrong = at[0] == '[' ? "a core in brackets stands once and first"
                                     : add_token(at, length, &core, seen, &result);
    if (wrong)
      return AFB_FAIL(AFB_E_INPUT, "configuration \"%.160s\": shell \"%.*s\": %s", text,
                      (int)(length < 40 ? length : 40), at, wrong);
    at += length;
  }
  if (result.n_shells == 0)
    return AFB_FAIL(AFB_E_INPUT, "configuration \"%.160s\" has no electrons", text);
  *out = result;
  return AFB_OK;
}

/* Number of noble gases, from He on, whose shells are all closed in the configuration. */
static int closed_nobles(const afb_configuration *configuration)
{
  int g = 0;
  for (; g < N_NOBLE; g++)
    for (int i = 0; i < noble[g].n_shells; i++)
      if (afb_configuration_occupation(configuration, noble[g].shell[i].n, noble[g].shell[i].l) !=
          noble[g].shell[i].q)
        return g;
  return g;
}

char *afb_configuration_format(const afb_configuration *configuration, int noble_core, char *buffer, size_t size)
{
  afb_configuration core = {0};
  size_t used = 0;
  int g = noble_core ? closed_nobles(configuration) : 0;
  buffer[0] = '\0';
  if (g > 0) {
    add_noble(noble[g - 1].symbol, 2, &core);
    used = (size_t)snprintf(buffer, size, "[%s]", noble[g - 1].symbol);
  }
  for (int i = 0; i < configuration->n_shells && used < size; i++) {
    const afb_shell *s = &configuration->shell[i];
    if (afb_configuration_occupation(&core, s->n, s->l) == 0)
      used += (size_t)snprintf(buffer + used, size - used, "%s%d%c%d", used ? " " : "", s->n, letters[s->l], s->q);
  }
  return buffer;
}

int afb_configuration_electrons(const afb_configuration *configuration)
{
  int electrons = 0;
  for (int i = 0; i < configuration->n_shells; i++)
    electrons += configuration->shell[i].q;
  return electrons;
}

int afb_configuration_parity(const afb_configuration *configuration)
{
  int odd = 0;
  for (int i = 0; i < configuration->n_shells; i++)
    odd ^= configuration->shell[i].q & configuration->shell[i].l & 1;
  return odd ? -1 : 1;
}

/* At the first shell in which they differ, the one with more electrons there comes first: a ground configuration
 * before its excitations. */
int afb_configuration_compare(const afb_configuration *a, const afb_configuration *b)
{
  int n = a->n_shells < b->n_shells ? a->n_shells : b->n_shells;
  for (int i = 0; i < n; i++) {
    const afb_shell *s = &a->shell[i], *t = &b->shell[i];
    int order = shell_order(s->n, s->l) - shell_order(t->n, t->l);
    if (order != 0)
      return order < 0 ? -1 : 1;
    if (s->q != t->q)
      return s->q > t->q ? -1 : 1;
  }
  return a->n_shells == b->n_shells ? 0 : a->n_shells > b->n_shells ? -1 : 1;
}

static int compare_void(const void *a, const void *b) { return afb_configuration_compare(a, b); }

static int sort_unique(int n, afb_configuration *list)
{
  int kept = 0;
  if (n > 1)
    qsort(list, (size_t)n, sizeof *list, compare_void);
  for (int i = 0; i < n; i++)
    if (kept == 0 || afb_configuration_compare(&list[kept - 1], &list[i]) != 0)
      list[kept++] = list[i];
  return kept;
}

/* Appends to list[0 ... *n-1] what arises from list[0 ... *n-1] by moving one electron out of `from` into `to`. */
static afb_status move_one(int n_from, const afb_shell *from, int n_to, const afb_shell *to, int *n,
                           afb_configuration **list)
{
  int before = *n, capacity = *n;
  for (int i = 0; i < before; i++)
    for (int f = 0; f < n_from; f++)
      for (int t = 0; t < n_to; t++) {
        afb_configuration moved = (*list)[i];
        if ((from[f].n == to[t].n && from[f].l == to[t].l) ||
            afb_configuration_occupation(&moved, from[f].n, from[f].l) == 0 ||
            afb_configuration_occupation(&moved, to[t].n, to[t].l) == 4 * to[t].l + 2)
          continue;
        AFB_TRY(afb_configuration_add(&moved, from[f].n, from[f].l, -1));
        AFB_TRY(afb_configuration_add(&moved, to[t].n, to[t].l, 1));
        if (*n == capacity) {
          capacity = 2 * capacity + 16;
          afb_configuration *grown = realloc(*list, (size_t)capacity * sizeof *grown);
          if (!grown)
            return AFB_FAIL(AFB_E_MEMORY, "no memory for %d configurations", capacity);
          *list = grown;
        }
        (*list)[(*n)++] = moved;
      }
  return AFB_OK;
}

afb_status afb_configuration_expand(int n_in, const afb_configuration *in, int electrons, int n_from,
                                    const afb_shell *from, int n_active, const afb_shell *active, int *n_out,
                                    afb_configuration **out)
{
  *n_out = 0;
  *out = NULL;
  int n = n_in, n_to = n_from + n_active;
  afb_configuration *list = malloc((size_t)(n_in > 0 ? n_in : 1) * sizeof *list);
  afb_shell *to = malloc((size_t)(n_to > 0 ? n_to : 1) * sizeof *to);
  afb_status status = AFB_OK;
  if (!list || !to) {
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %d configurations", n_in);
  } else {
    for (int i = 0; i < n_in; i++)
      list[i] = in[i];
    for (int i = 0; i < n_to; i++)
      to[i] = i < n_from ? from[i] : active[i - n_from];
    n = sort_unique(n, list);
  }
  /* d single moves reach exactly the configurations whose `from` shells lose d electrons or fewer: a net change can
   * be made one electron at a time without passing a forbidden occupation. */
  for (int moved = 0; moved < electrons && status == AFB_OK; moved++) {
    status = move_one(n_from, from, n_to, to, &n, &list);
    int kept = status == AFB_OK ? sort_unique(n, list) : n;
    n = kept;
  }
  free(to);
  if (status != AFB_OK) {
    free(list);
    return status;
  }
  *n_out = n;
  *out = list;
  return AFB_OK;
}
