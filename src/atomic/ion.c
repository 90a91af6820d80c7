#include "atomic/ion.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/element.h"

/* One row an element from H on; I, II, III, IV. */
static const char *const ground[AFB_GROUND_MAX_Z][AFB_GROUND_MAX_CHARGE + 1] = {
  {"1s1"},
  {"1s2", "1s1"},
  {"[He] 2s1", "1s2", "1s1"},
  {"[He] 2s2", "[He] 2s1", "1s2", "1s1"},
  {"[He] 2s2 2p1", "[He] 2s2", "[He] 2s1", "1s2"},
  {"[He] 2s2 2p2", "[He] 2s2 2p1", "[He] 2s2", "[He] 2s1"},
  {"[He] 2s2 2p3", "[He] 2s2 2p2", "[He] 2s2 2p1", "[He] 2s2"},
  {"[He] 2s2 2p4", "[He] 2s2 2p3", "[He] 2s2 2p2", "[He] 2s2 2p1"},
  {"[He] 2s2 2p5", "[He] 2s2 2p4", "[He] 2s2 2p3", "[He] 2s2 2p2"},
  {"[Ne]", "[He] 2s2 2p5", "[He] 2s2 2p4", "[He] 2s2 2p3"},
  {"[Ne] 3s1", "[Ne]", "[He] 2s2 2p5", "[He] 2s2 2p4"},
  {"[Ne] 3s2", "[Ne] 3s1", "[Ne]", "[He] 2s2 2p5"},
  {"[Ne] 3s2 3p1", "[Ne] 3s2", "[Ne] 3s1", "[Ne]"},
  {"[Ne] 3s2 3p2", "[Ne] 3s2 3p1", "[Ne] 3s2", "[Ne] 3s1"},
  {"[Ne] 3s2 3p3", "[Ne] 3s2 3p2", "[Ne] 3s2 3p1", "[Ne] 3s2"},
  {"[Ne] 3s2 3p4", "[Ne] 3s2 3p3", "[Ne] 3s2 3p2", "[Ne] 3s2 3p1"},
  {"[Ne] 3s2 3p5", "[Ne] 3s2 3p4", "[Ne] 3s2 3p3", "[Ne] 3s2 3p2"},
  {"[Ar]", "[Ne] 3s2 3p5", "[Ne] 3s2 3p4", "[Ne] 3s2 3p3"},
  {"[Ar] 4s1", "[Ar]", "[Ne] 3s2 3p5", "[Ne] 3s2 3p4"},
  {"[Ar] 4s2", "[Ar] 4s1", "[Ar]", "[Ne] 3s2 3p5"},
  {"[Ar] 3d1 4s2", "[Ar] 3d1 4s1", "[Ar] 3d1", "[Ar]"},
  {"[Ar] 3d2 4s2", "[Ar] 3d2 4s1", "[Ar] 3d2", "[Ar] 3d1"},
  {"[Ar] 3d3 4s2", "[Ar] 3d4", "[Ar] 3d3", "[Ar] 3d2"},
  {"[Ar] 3d5 4s1", "[Ar] 3d5", "[Ar] 3d4", "[Ar] 3d3"},
  {"[Ar] 3d5 4s2", "[Ar] 3d5 4s1", "[Ar] 3d5", "[Ar] 3d4"},
  {"[Ar] 3d6 4s2", "[Ar] 3d6 4s1", "[Ar] 3d6", "[Ar] 3d5"},
  {"[Ar] 3d7 4s2", "[Ar] 3d8", "[Ar] 3d7", "[Ar] 3d6"},
  {"[Ar] 3d8 4s2", "[Ar] 3d9", "[Ar] 3d8", "[Ar] 3d7"},
  {"[Ar] 3d10 4s1", "[Ar] 3d10", "[Ar] 3d9", "[Ar] 3d8"},
  {"[Ar] 3d10 4s2", "[Ar] 3d10 4s1", "[Ar] 3d10", "[Ar] 3d9"},
  {"[Ar] 3d10 4s2 4p1", "[Ar] 3d10 4s2", "[Ar] 3d10 4s1", "[Ar] 3d10"},
  {"[Ar] 3d10 4s2 4p2", "[Ar] 3d10 4s2 4p1", "[Ar] 3d10 4s2", "[Ar] 3d10 4s1"},
  {"[Ar] 3d10 4s2 4p3", "[Ar] 3d10 4s2 4p2", "[Ar] 3d10 4s2 4p1", "[Ar] 3d10 4s2"},
  {"[Ar] 3d10 4s2 4p4", "[Ar] 3d10 4s2 4p3", "[Ar] 3d10 4s2 4p2", "[Ar] 3d10 4s2 4p1"},
  {"[Ar] 3d10 4s2 4p5", "[Ar] 3d10 4s2 4p4", "[Ar] 3d10 4s2 4p3", "[Ar] 3d10 4s2 4p2"},
  {"[Kr]", "[Ar] 3d10 4s2 4p5", "[Ar] 3d10 4s2 4p4", "[Ar] 3d10 4s2 4p3"},
  {"[Kr] 5s1", "[Kr]", "[Ar] 3d10 4s2 4p5", "[Ar] 3d10 4s2 4p4"},
  {"[Kr] 5s2", "[Kr] 5s1", "[Kr]", "[Ar] 3d10 4s2 4p5"},
  {"[Kr] 4d1 5s2", "[Kr] 5s2", "[Kr] 4d1", "[Kr]"},
  {"[Kr] 4d2 5s2", "[Kr] 4d2 5s1", "[Kr] 4d2", "[Kr] 4d1"},
  {"[Kr] 4d4 5s1", "[Kr] 4d4", "[Kr] 4d3", "[Kr] 4d2"},
  {"[Kr] 4d5 5s1", "[Kr] 4d5", "[Kr] 4d4", "[Kr] 4d3"},
  {"[Kr] 4d5 5s2", "[Kr] 4d5 5s1", "[Kr] 4d5", "[Kr] 4d4"},
  {"[Kr] 4d7 5s1", "[Kr] 4d7", "[Kr] 4d6", "[Kr] 4d5"},
  {"[Kr] 4d8 5s1", "[Kr] 4d8", "[Kr] 4d7", "[Kr] 4d6"},
  {"[Kr] 4d10", "[Kr] 4d9", "[Kr] 4d8", "[Kr] 4d7"},
  {"[Kr] 4d10 5s1", "[Kr] 4d10", "[Kr] 4d9", "[Kr] 4d8"},
  {"[Kr] 4d10 5s2", "[Kr] 4d10 5s1", "[Kr] 4d10", "[Kr] 4d9"},
  {"[Kr] 4d10 5s2 5p1", "[Kr] 4d10 5s2", "[Kr] 4d10 5s1", "[Kr] 4d10"},
  {"[Kr] 4d10 5s2 5p2", "[Kr] 4d10 5s2 5p1", "[Kr] 4d10 5s2", "[Kr] 4d10 5s1"},
  {"[Kr] 4d10 5s2 5p3", "[Kr] 4d10 5s2 5p2", "[Kr] 4d10 5s2 5p1", "[Kr] 4d10 5s2"},
  {"[Kr] 4d10 5s2 5p4", "[Kr] 4d10 5s2 5p3", "[Kr] 4d10 5s2 5p2", "[Kr] 4d10 5s2 5p1"},
  {"[Kr] 4d10 5s2 5p5", "[Kr] 4d10 5s2 5p4", "[Kr] 4d10 5s2 5p3", "[Kr] 4d10 5s2 5p2"},
  {"[Xe]", "[Kr] 4d10 5s2 5p5", "[Kr] 4d10 5s2 5p4", "[Kr] 4d10 5s2 5p3"},
  {"[Xe] 6s1", "[Xe]", "[Kr] 4d10 5s2 5p5", "[Kr] 4d10 5s2 5p4"},
  {"[Xe] 6s2", "[Xe] 6s1", "[Xe]", "[Kr] 4d10 5s2 5p5"},
  {"[Xe] 5d1 6s2", "[Xe] 5d2", "[Xe] 5d1", "[Xe]"},
  {"[Xe] 4f1 5d1 6s2", "[Xe] 4f1 5d2", "[Xe] 4f2", "[Xe] 4f1"},
  {"[Xe] 4f3 6s2", "[Xe] 4f3 6s1", "[Xe] 4f3", "[Xe] 4f2"},
  {"[Xe] 4f4 6s2", "[Xe] 4f4 6s1", "[Xe] 4f4", "[Xe] 4f3"},
  {"[Xe] 4f5 6s2", "[Xe] 4f5 6s1", "[Xe] 4f5", "[Xe] 4f4"},
  {"[Xe] 4f6 6s2", "[Xe] 4f6 6s1", "[Xe] 4f6", "[Xe] 4f5"},
  {"[Xe] 4f7 6s2", "[Xe] 4f7 6s1", "[Xe] 4f7", "[Xe] 4f6"},
  {"[Xe] 4f7 5d1 6s2", "[Xe] 4f7 5d1 6s1", "[Xe] 4f7 5d1", "[Xe] 4f7"},
  {"[Xe] 4f9 6s2", "[Xe] 4f9 6s1", "[Xe] 4f9", "[Xe] 4f8"},
  {"[Xe] 4f10 6s2", "[Xe] 4f10 6s1", "[Xe] 4f10", "[Xe] 4f9"},
  {"[Xe] 4f11 6s2", "[Xe] 4f11 6s1", "[Xe] 4f11", "[Xe] 4f10"},
  {"[Xe] 4f12 6s2", "[Xe] 4f12 6s1", "[Xe] 4f12", "[Xe] 4f11"},
  {"[Xe] 4f13 6s2", "[Xe] 4f13 6s1", "[Xe] 4f13", "[Xe] 4f12"},
  {"[Xe] 4f14 6s2", "[Xe] 4f14 6s1", "[Xe] 4f14", "[Xe] 4f13"},
  {"[Xe] 4f14 5d1 6s2", "[Xe] 4f14 6s2", "[Xe] 4f14 6s1", "[Xe] 4f14"},
  {"[Xe] 4f14 5d2 6s2", "[Xe] 4f14 5d1 6s2", "[Xe] 4f14 5d2", "[Xe] 4f14 5d1"},
  {"[Xe] 4f14 5d3 6s2", "[Xe] 4f14 5d3 6s1", "[Xe] 4f14 5d3", "[Xe] 4f14 5d2"},
  {"[Xe] 4f14 5d4 6s2", "[Xe] 4f14 5d4 6s1", "[Xe] 4f14 5d4", "[Xe] 4f14 5d3"},
  {"[Xe] 4f14 5d5 6s2", "[Xe] 4f14 5d5 6s1", "[Xe] 4f14 5d5", "[Xe] 4f14 5d4"},
  {"[Xe] 4f14 5d6 6s2", "[Xe] 4f14 5d6 6s1", "[Xe] 4f14 5d6", "[Xe] 4f14 5d5"},
  {"[Xe] 4f14 5d7 6s2", "[Xe] 4f14 5d7 6s1", "[Xe] 4f14 5d7", "[Xe] 4f14 5d6"},
  {"[Xe] 4f14 5d9 6s1", "[Xe] 4f14 5d9", "[Xe] 4f14 5d8", "[Xe] 4f14 5d7"},
  {"[Xe] 4f14 5d10 6s1", "[Xe] 4f14 5d10", "[Xe] 4f14 5d9", "[Xe] 4f14 5d8"},
  {"[Xe] 4f14 5d10 6s2", "[Xe] 4f14 5d10 6s1", "[Xe] 4f14 5d10", "[Xe] 4f14 5d9"},
  {"[Xe] 4f14 5d10 6s2 6p1", "[Xe] 4f14 5d10 6s2", "[Xe] 4f14 5d10 6s1", "[Xe] 4f14 5d10"},
  {"[Xe] 4f14 5d10 6s2 6p2", "[Xe] 4f14 5d10 6s2 6p1", "[Xe] 4f14 5d10 6s2", "[Xe] 4f14 5d10 6s1"},
  {"[Xe] 4f14 5d10 6s2 6p3", "[Xe] 4f14 5d10 6s2 6p2", "[Xe] 4f14 5d10 6s2 6p1", "[Xe] 4f14 5d10 6s2"},
  {"[Xe] 4f14 5d10 6s2 6p4", "[Xe] 4f14 5d10 6s2 6p3", "[Xe] 4f14 5d10 6s2 6p2", "[Xe] 4f14 5d10 6s2 6p1"},
  {"[Xe] 4f14 5d10 6s2 6p5", "[Xe] 4f14 5d10 6s2 6p4", "[Xe] 4f14 5d10 6s2 6p3", "[Xe] 4f14 5d10 6s2 6p2"},
  {"[Rn]", "[Xe] 4f14 5d10 6s2 6p5", "[Xe] 4f14 5d10 6s2 6p4", "[Xe] 4f14 5d10 6s2 6p3"},
  {"[Rn] 7s1", "[Rn]", "[Xe] 4f14 5d10 6s2 6p5", "[Xe] 4f14 5d10 6s2 6p4"},
  {"[Rn] 7s2", "[Rn] 7s1", "[Rn]", "[Xe] 4f14 5d10 6s2 6p5"},
  {"[Rn] 6d1 7s2", "[Rn] 7s2", "[Rn] 7s1", "[Rn]"},
  {"[Rn] 6d2 7s2", "[Rn] 6d2 7s1", "[Rn] 5f1 6d1", "[Rn] 5f1"},
  {"[Rn] 5f2 6d1 7s2", "[Rn] 5f2 7s2", "[Rn] 5f2 6d1", "[Rn] 5f2"},
  {"[Rn] 5f3 6d1 7s2", "[Rn] 5f3 7s2", "[Rn] 5f4", "[Rn] 5f3"},
  {"[Rn] 5f4 6d1 7s2", "[Rn] 5f4 6d1 7s1", "[Rn] 5f5", "[Rn] 5f4"},
  {"[Rn] 5f6 7s2", "[Rn] 5f6 7s1", "[Rn] 5f6", "[Rn] 5f5"},
  {"[Rn] 5f7 7s2", "[Rn] 5f7 7s1", "[Rn] 5f7", "[Rn] 5f6"},
  {"[Rn] 5f7 6d1 7s2", "[Rn] 5f7 7s2", "[Rn] 5f8", "[Rn] 5f7"},
  {"[Rn] 5f9 7s2", "[Rn] 5f9 7s1", "[Rn] 5f9", "[Rn] 5f8"},
  {"[Rn] 5f10 7s2", "[Rn] 5f10 7s1", "[Rn] 5f10", "[Rn] 5f9"},
  {"[Rn] 5f11 7s2", "[Rn] 5f11 7s1", "[Rn] 5f11", "[Rn] 5f10"},
  {"[Rn] 5f12 7s2", "[Rn] 5f12 7s1", "[Rn] 5f12", "[Rn] 5f11"},
  {"[Rn] 5f13 7s2", "[Rn] 5f13 7s1", "[Rn] 5f13", "[Rn] 5f12"},
  {"[Rn] 5f14 7s2", "[Rn] 5f14 7s1", "[Rn] 5f14", "[Rn] 5f13"},
  {"[Rn] 5f14 7s2 7p1", "[Rn] 5f14 7s2", "[Rn] 5f14 7s1", "[Rn] 5f14"},
};

afb_status afb_ground_configuration(int z, int charge, afb_configuration *out)
{
  if (z < 1 || z > AFB_GROUND_MAX_Z || charge < 0 || charge > AFB_GROUND_MAX_CHARGE)
    return AFB_FAIL(AFB_E_LIMIT, "no ground configuration is tabulated for Z = %d with charge %d (Z 1 to %d, I to IV)",
                    z, charge, AFB_GROUND_MAX_Z);
  if (!ground[z - 1][charge])
    return AFB_FAIL(AFB_E_LIMIT, "%s with charge %d has no electrons", afb_element_symbol(z), charge);
  return afb_configuration_parse(ground[z - 1][charge], out);
}

static char *roman(int number, char *buffer)
{
  static const struct { int value; char text[3]; } digit[] = {
    {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}};
  buffer[0] = '\0';
  for (size_t i = 0; i < sizeof digit / sizeof digit[0]; i++)
    for (; number >= digit[i].value; number -= digit[i].value)
      strcat(buffer, digit[i].text);
  return buffer;
}

char *afb_ion_format(afb_ion ion, char *buffer)
{
  char stage[16] = "?";
  if (ion.charge >= 0 && ion.charge < AFB_N_ELEMENTS)
    roman(ion.charge + 1, stage);
  snprintf(buffer, AFB_ION_LENGTH, "%.3s %.11s", afb_element_symbol(ion.z), stage);
  return buffer;
}

/* "III" -> charge 2. */
static afb_status parse_stage(const char *text, int *charge)
{
  char buffer[16];
  for (int stage = 1; stage <= AFB_N_ELEMENTS; stage++)
    if (strcmp(roman(stage, buffer), text) == 0) {
      *charge = stage - 1;
      return AFB_OK;
    }
  return AFB_FAIL(AFB_E_INPUT, "\"%.40s\" is not a stage of ionisation such as I, II, III", text);
}

/* Splits "first-last" or "only" at the hyphen; 0 when a part is empty or too long. */
static int split(const char *text, size_t length, char first[24], char last[24])
{
  const char *hyphen = memchr(text, '-', length);
  size_t head = hyphen ? (size_t)(hyphen - text) : length, tail = hyphen ? length - head - 1 : length;
  if (head == 0 || head > 23 || tail == 0 || tail > 23)
    return 0;
  memcpy(first, text, head);
  first[head] = '\0';
  memcpy(last, hyphen ? hyphen + 1 : text, tail);
  last[tail] = '\0';
  return 1;
}

/* Ranges of z and charge of "Li-Ne I-III". */
static afb_status parse_range(const char *text, int *z0, int *z1, int *charge0, int *charge1)
{
  static const char blanks[] = " \t";
  char first[24], last[24];
  const char *name = text + strspn(text, blanks);
  size_t name_length = strcspn(name, blanks);
  const char *stage = name + name_length + strspn(name + name_length, blanks);
  size_t stage_length = strcspn(stage, blanks);
  if (name_length == 0 || stage_length == 0 || stage[stage_length + strspn(stage + stage_length, blanks)] != '\0')
    return AFB_FAIL(AFB_E_INPUT, "\"%.60s\" is not an ion: give an element and a stage, as in Sr II or Li-Ne I-III",
                    text);
  if (!split(name, name_length, first, last))
    return AFB_FAIL(AFB_E_INPUT, "\"%.60s\": not an element or a range of elements such as Li-Ne", text);
  AFB_TRY(afb_element_find(first, z0));
  AFB_TRY(afb_element_find(last, z1));
  if (!split(stage, stage_length, first, last))
    return AFB_FAIL(AFB_E_INPUT, "\"%.60s\": not a stage or a range of stages such as I-III", text);
  AFB_TRY(parse_stage(first, charge0));
  AFB_TRY(parse_stage(last, charge1));
  if (*z0 > *z1 || *charge0 > *charge1)
    return AFB_FAIL(AFB_E_INPUT, "\"%.60s\": the range runs backwards", text);
  return AFB_OK;
}

afb_status afb_ion_parse(const char *text, afb_ion *out)
{
  int z0, z1, charge0, charge1;
  AFB_TRY(parse_range(text, &z0, &z1, &charge0, &charge1));
  if (z0 != z1 || charge0 != charge1)
    return AFB_FAIL(AFB_E_INPUT, "\"%.60s\" is a range: one ion is wanted here", text);
  if (charge0 >= z0)
    return AFB_FAIL(AFB_E_INPUT, "\"%.60s\" has no electrons (%s has %d)", text, afb_element_symbol(z0), z0);
  *out = (afb_ion){z0, charge0};
  return AFB_OK;
}

afb_status afb_ion_parse_list(const char *text, int *n, afb_ion **list)
{
  int z0, z1, charge0, charge1;
  AFB_TRY(parse_range(text, &z0, &z1, &charge0, &charge1));
  if (charge0 >= z1)
    return AFB_FAIL(AFB_E_INPUT, "\"%.60s\" has no electrons", text);
  afb_ion *ions = malloc((size_t)(z1 - z0 + 1) * (size_t)(charge1 - charge0 + 1) * sizeof *ions);
  if (!ions)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a list of ions");
  int count = 0;
  for (int z = z0; z <= z1; z++)
    for (int charge = charge0; charge <= charge1 && charge < z; charge++)
      ions[count++] = (afb_ion){z, charge};
  *n = count;
  *list = ions;
  return AFB_OK;
}

afb_status afb_ion_core_electrons(int z, int charge, int *electrons)
{
  static const char *const nobles[] = {"[He]", "[Ne]", "[Ar]", "[Kr]", "[Xe]", "[Rn]"};
  afb_configuration whole, core;
  AFB_TRY(afb_ground_configuration(z, charge, &whole));
  *electrons = 0;
  for (size_t g = 0; g < sizeof nobles / sizeof nobles[0]; g++) {
    AFB_TRY(afb_configuration_parse(nobles[g], &core));
    for (int i = 0; i < core.n_shells; i++)
      if (afb_configuration_occupation(&whole, core.shell[i].n, core.shell[i].l) != core.shell[i].q)
        return AFB_OK;
    if (afb_configuration_electrons(&core) < z - charge)
      *electrons = afb_configuration_electrons(&core);
  }
  return AFB_OK;
}

/* Order of the shells that the ground configuration leaves empty, by core and charge. What is not named follows by n,
 * then l. Up to Kr cores as in the reference data set; Xe and Rn cores after the levels of Ba I to La III and of Ra I
 * to Th III. */
static const char *empty_order(int core, int charge, int d_occupied)
{
  static const char by_n[] = "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 6s 6p 6d 5g";
  static const char kr_atom[] = "5s 4d 5p 6s 5d 6p 4f 6d 5f";
  switch (core) {
  case 10:
    return charge == 0 ? "3s 3p 4s 3d 4p 5s 4d 5p 4f 6s 5d 6p 5f 6d 5g" : by_n;
  case 18:
    return charge == 0   ? "4s 3d 4p 5s 4d 5p 6s 4f 5d 6p 5f 6d"
           : charge == 1 ? "3d 4s 4p 4d 5s 5p 4f 5d 6s 6p 5f 6d"
                         : by_n;
  case 36:
    return charge == 0 || (charge == 1 && !d_occupied) ? kr_atom
           : charge == 1                               ? "4d 5s 5p 5d 6s 4f 6p 6d 5f"
                                                       : "4d 5s 5p 5d 4f 6s 6p 5f 6d 5g";
  case 54:
    return charge == 0   ? "6s 5d 6p 4f 7s 6d 7p 5f 7d"
           : charge == 1 ? "6s 5d 4f 6p 7s 6d 7p 5f 7d"
                         : "5d 4f 6s 6p 7s 6d 5f 7p 7d";
  case 86:
    return charge <= 1 ? "7s 6d 5f 7p 8s 7d 8p 6f 8d" : "5f 6d 7s 7p 8s 7d 6f 8p 8d";
  default:
    return by_n;
  }
}

typedef struct {
  int max_n, max_l, size, n;
  afb_shell *shell;
  uint32_t listed[AFB_MAX_N + 1];
} order_list;

/* Appends the shell unless it is there or beyond the limits; 0 when there is no room. */
static int append(order_list *list, int n, int l, int q)
{
  if ((list->listed[n] & (UINT32_C(1) << l)) || (q == 0 && (n > list->max_n || l > list->max_l)))
    return 1;
  if (list->n == list->size)
    return 0;
  list->listed[n] |= UINT32_C(1) << l;
  list->shell[list->n++] = (afb_shell){n, l, q};
  return 1;
}

afb_status afb_ion_orbital_order(int z, int charge, int max_n, int max_l, int size, afb_shell *order, int *n_order)
{
  afb_configuration occupied;
  int core, n, l, fits = 1, d_occupied = 0;
  AFB_TRY(afb_ground_configuration(z, charge, &occupied));
  AFB_TRY(afb_ion_core_electrons(z, charge, &core));
  if (max_n > AFB_MAX_N || max_l > AFB_MAX_L)
    return AFB_FAIL(AFB_E_LIMIT, "orbitals up to n = %d, l = %d are too many (n <= %d, l <= %d)", max_n, max_l,
                    AFB_MAX_N, AFB_MAX_L);
  order_list list = {.max_n = max_n, .max_l = max_l, .size = size, .shell = order};
  for (int i = 0; i < occupied.n_shells; i++)
    fits = fits && append(&list, occupied.shell[i].n, occupied.shell[i].l, occupied.shell[i].q);
  if (core == 36)
    d_occupied = afb_configuration_occupation(&occupied, 4, 2) > 0;
  const char *text = empty_order(core, charge, d_occupied);
  for (; *text; text += text[2] ? 3 : 2) {
    char shell[3] = {text[0], text[1], '\0'};
    AFB_TRY(afb_shell_parse(shell, &n, &l));
    fits = fits && append(&list, n, l, 0);
  }
  for (n = 1; n <= max_n; n++)
    for (l = 0; l < n && l <= max_l; l++)
      fits = fits && append(&list, n, l, 0);
  if (!fits)
    return AFB_FAIL(AFB_E_LIMIT, "more than %d orbitals up to n = %d, l = %d", size, max_n, max_l);
  *n_order = list.n;
  return AFB_OK;
}
