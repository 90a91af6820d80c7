#include "app/descriptor_input.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/nearest.h"
#include "descriptor/list.h"
#include "materials/describe.h"
#include "materials/species.h"

enum { MOST_CUTOFF = 100, MOST_PAIRS = sizeof ((afb_bispectrum_settings *)0)->pair / sizeof ((afb_bispectrum_settings *)0)->pair[0] };

/* A key that the chosen convention has no use for. */
static void refuse(afb_config *config, const char *path, const char *convention, const char *instead)
{
  if (afb_config_given(config, path))
    afb_config_mistake(config, path, -1, 0, "the convention %s has no %s%s%s", convention, strrchr(path, '.') + 1,
                       instead ? "; give " : "", instead ? instead : "");
}

static void demand(afb_config *config, const char *path, const char *convention)
{
  if (!afb_config_given(config, path))
    afb_config_mistake(config, path, -1, 0, "%s is missing: the convention %s needs it", strrchr(path, '.') + 1, convention);
}

static void check_name(afb_config *config, const char *name)
{
  const char *known[8];
  char meant[128];
  int n = 0;
  for (; afb_descriptors[n].name && n < 7; n++)
    known[n] = afb_descriptors[n].name;
  known[n] = NULL;
  for (int i = 0; i < n; i++)
    if (strcmp(name, known[i]) == 0)
      return;
  afb_config_mistake(config, "descriptor.name", -1, 0, "there is no descriptor \"%.60s\"%s; `aufbau list descriptors` names them",
                     name, afb_did_you_mean(name, known, meant, sizeof meant));
}

/* ---- Elements ---- */

/* Elements may share channels of chem: then all say which, and none is left out. */
static void set_channels(afb_config *config, const afb_named *elements, afb_bispectrum_settings *s)
{
  const afb_input_element *row = elements->row;
  int given = 0, used[AFB_MAX_ELEMENTS] = {0}, most = 0;
  for (int e = 0; e < elements->n; e++) {
    int channel = (int)row[e].channel;
    given += channel > 0;
    most = channel > most ? channel : most;
    if (channel > 0 && channel <= AFB_MAX_ELEMENTS)
      used[s->channel[e] = channel - 1] = 1;
  }
  if (given > 0 && given < elements->n)
    afb_config_mistake(config, "descriptor.elements", -1, 0, "%d of %d elements have a channel: give one to all or to none", given,
                       elements->n);
  for (int c = 0; c < most && given == elements->n; c++)
    if (!used[c]) {
      afb_config_mistake(config, "descriptor.elements", -1, 0, "channel %d has no element: number them from 1 without gaps", c + 1);
      return;
    }
}

static void set_elements(afb_config *config, const afb_input_descriptor *input, afb_bispectrum_settings *s)
{
  const afb_input_element *row = input->elements.row;
  int olcao = input->convention == AFB_INPUT_CONVENTION_OLCAO;
  if (!afb_config_usable(config, "descriptor.elements"))
    return;
  if (input->elements.n < 1 || input->elements.n > AFB_MAX_ELEMENTS) {
    afb_config_mistake(config, "descriptor.elements", -1, 0, "%d elements: there can be 1 to %d", input->elements.n, AFB_MAX_ELEMENTS);
    return;
  }
  s->n_elements = input->elements.n;
  for (int e = 0; e < s->n_elements; e++) {
    char path[96];
    snprintf(path, sizeof path, "descriptor.elements.%.40s.radius", input->elements.name[e]);
    s->weight[e] = row[e].weight;
    s->radius[e] = isnan(row[e].radius) ? 0.5 : row[e].radius;
    if (isnan(row[e].radius) && !olcao && !afb_config_given(config, path))
      afb_config_mistake(config, path, -1, 0, "element %.40s has no radius: the cut-off of two elements is rcutfac times the sum "
                         "of their radii", input->elements.name[e]);
  }
  set_channels(config, &input->elements, s);
}

static int number_of(const afb_named *named, const char *name)
{
  for (int i = 0; i < named->n; i++)
    if (strcmp(named->name[i], name) == 0)
      return i;
  return -1;
}

static void set_inner(afb_config *config, const afb_input_descriptor *input, afb_bispectrum_settings *s)
{
  const afb_input_inner *row = input->inner_switch.row;
  char text[512] = "", path[96];
  s->inner_switching = input->inner_switch.n > 0;
  if (!s->inner_switching || !afb_config_usable(config, "descriptor.inner_switch"))
    return;
  for (int i = 0; i < input->inner_switch.n; i++)
    if (number_of(&input->elements, input->inner_switch.name[i]) < 0) {
      snprintf(path, sizeof path, "descriptor.inner_switch.%.40s", input->inner_switch.name[i]);
      afb_config_mistake(config, path, -1, 0, "%.40s is none of descriptor.elements", input->inner_switch.name[i]);
    }
  for (int e = 0; e < s->n_elements; e++) {
    int i = number_of(&input->inner_switch, input->elements.name[e]);
    size_t used = strlen(text);
    if (i < 0)
      snprintf(text + used, sizeof text - used, "%s%.40s", used ? ", " : "", input->elements.name[e]);
    s->inner_s[e] = i < 0 ? 0 : row[i].s;
    s->inner_d[e] = i < 0 ? 1 : row[i].d;
  }
  if (text[0])
    afb_config_mistake(config, "descriptor.inner_switch", -1, 0, "inner switching of all elements or of none: %s has none here", text);
}

/* ---- Cut-off and components ---- */

static void set_cutoff(afb_config *config, const afb_input_descriptor *input, afb_bispectrum_settings *s)
{
  int olcao = input->convention == AFB_INPUT_CONVENTION_OLCAO;
  const char *path = olcao ? "descriptor.cutoff" : "descriptor.rcutfac";
  double largest = 0;
  demand(config, path, olcao ? "olcao" : "snap");
  refuse(config, olcao ? "descriptor.rcutfac" : "descriptor.cutoff", olcao ? "olcao" : "snap", olcao ? "cutoff" : "rcutfac");
  s->rcutfac = olcao ? input->cutoff : input->rcutfac;
  s->rmin0 = input->rmin0;
  if (!afb_config_given(config, path) || !afb_config_usable(config, path))
    return;
  for (int e = 0; e < s->n_elements; e++)
    largest = fmax(largest, 2 * s->radius[e] * s->rcutfac);
  if (largest > MOST_CUTOFF)
    afb_config_mistake(config, path, -1, 0, "the largest cut-off would be %g angstrom, and every atom would have some hundred thousand "
                       "neighbours: at most %d angstrom", largest, MOST_CUTOFF);
}

static void set_pairs(afb_config *config, const afb_integers *pairs, afb_bispectrum_settings *s)
{
  const char path[] = "descriptor.pairs";
  if (!afb_config_given(config, path) || !afb_config_usable(config, path))
    return;
  if (pairs->n < 2 || pairs->n % 2 != 0 || pairs->n > 2 * MOST_PAIRS) {
    afb_config_mistake(config, path, -1, 0, "%d numbers: 1 to %d pairs [2j1, 2j2] are needed", pairs->n, MOST_PAIRS);
    return;
  }
  s->n_pairs = pairs->n / 2;
  for (int i = 0; i < s->n_pairs; i++) {
    s->pair[i][0] = (int)pairs->item[2 * i];
    s->pair[i][1] = (int)pairs->item[2 * i + 1];
    if (s->pair[i][1] > s->pair[i][0])
      afb_config_mistake(config, path, 2 * i, 0, "pair %d is [%d, %d]: the larger of 2j1 and 2j2 comes first", i + 1, s->pair[i][0],
                         s->pair[i][1]);
  }
}

static void set_components(afb_config *config, const afb_input_descriptor *input, afb_bispectrum_settings *s)
{
  if (input->convention == AFB_INPUT_CONVENTION_OLCAO) {
    demand(config, "descriptor.pairs", "olcao");
    refuse(config, "descriptor.twojmax", "olcao", "pairs");
    refuse(config, "descriptor.rfac0", "olcao", "angle");
    set_pairs(config, &input->pairs, s);
    s->self = 0;
    s->rfac0 = (isnan(input->angle) ? 0.85 : input->angle) / 2;   /* rotation by theta0 in place of 2 theta0 */
    return;
  }
  refuse(config, "descriptor.pairs", "snap", "twojmax");
  refuse(config, "descriptor.angle", "snap", "rfac0");
  s->two_jmax = (int)input->twojmax;
  s->rfac0 = input->rfac0;
}

static void set_kernel(afb_config *config, const char *name, afb_bispectrum_settings *s)
{
  static const char *const names[] = {"auto", "reference", "2", "4", "8", NULL};
  static const afb_kernel kernels[] = {AFB_KERNEL_AUTO, AFB_KERNEL_REFERENCE, AFB_KERNEL_2, AFB_KERNEL_4, AFB_KERNEL_8};
  char meant[128];
  for (int i = 0; names[i]; i++)
    if (strcmp(name, names[i]) == 0) {
      s->kernel = kernels[i];
      return;
    }
  afb_config_mistake(config, "descriptor.kernel", -1, 0, "there is no kernel \"%.60s\"%s; there are auto, reference, 2, 4 and 8", name,
                     afb_did_you_mean(name, names, meant, sizeof meant));
}

afb_status afb_descriptor_settings(afb_config *config, const afb_input_descriptor *input, afb_bispectrum_settings *s)
{
  afb_bispectrum *trial;
  afb_bispectrum_settings_default(s);
  if (afb_config_usable(config, "descriptor.name"))
    check_name(config, input->name);
  if (!afb_config_usable(config, "descriptor.convention"))
    return AFB_OK;
  set_elements(config, input, s);
  set_components(config, input, s);
  set_cutoff(config, input, s);
  set_inner(config, input, s);
  s->switching = input->switching;
  s->bzero = input->bzero;
  s->bnorm = input->bnorm;
  s->self_all = input->self_all;
  s->chem = input->chem;
  s->quadratic = input->quadratic;
  s->adaptive = input->adaptive != 1 ? AFB_ADAPTIVE_NONE : input->adaptive_smooth > 0 ? AFB_ADAPTIVE_SMOOTH : AFB_ADAPTIVE_STEP;
  s->adaptive_number = input->adaptive_neighbours;
  s->adaptive_delta = input->adaptive_smooth;
  if (afb_config_usable(config, "descriptor.kernel"))
    set_kernel(config, input->kernel, s);
  if (afb_config_verdict(config) != AFB_OK)
    return AFB_OK;
  /* What is left to be wrong, the descriptor itself knows: components that do not fit into memory, a kernel that this processor has not. */
  afb_status status = afb_bispectrum_create(s, &trial);
  if (status == AFB_E_INPUT || status == AFB_E_LIMIT)
    afb_config_mistake(config, status == AFB_E_LIMIT && s->chem ? "descriptor.chem" : s->rmin0 > 0 ? "descriptor.rmin0" : "descriptor",
                       -1, 0, "%s", afb_error_text());
  else
    AFB_TRY(status);
  afb_bispectrum_destroy(&trial);
  return AFB_OK;
}

/* ---- `aufbau describe` ---- */

static void read_quantities(afb_config *config, const afb_strings *texts, unsigned *quantities)
{
  static const char *const names[] = {"B", "dB", "virial", NULL};
  static const unsigned bits[] = {AFB_DESCRIBE_B, AFB_DESCRIBE_DB, AFB_DESCRIBE_VIRIAL};
  const char path[] = "descriptor.quantities";
  char meant[128];
  *quantities = 0;
  for (int i = 0; i < texts->n; i++) {
    unsigned bit = 0;
    for (int q = 0; names[q]; q++)
      bit |= strcmp(texts->item[i], names[q]) == 0 ? bits[q] : 0;
    if (!bit)
      afb_config_mistake(config, path, i, 0, "there is no quantity \"%.60s\"%s; there are B, dB and virial", texts->item[i],
                         afb_did_you_mean(texts->item[i], names, meant, sizeof meant));
    *quantities |= bit;
  }
  if (texts->n == 0 && afb_config_usable(config, path))
    afb_config_mistake(config, path, -1, 0, "no quantity: take some of B, dB and virial");
}

static void read_grid(afb_config *config, const afb_integers *numbers, int grid[3])
{
  const char path[] = "descriptor.grid";
  grid[0] = grid[1] = grid[2] = 0;
  if (!afb_config_given(config, path) || !afb_config_usable(config, path))
    return;
  if (numbers->n != 3) {
    afb_config_mistake(config, path, -1, 0, "%d numbers: a grid has three, along a, b and c", numbers->n);
    return;
  }
  for (int k = 0; k < 3; k++)
    grid[k] = (int)numbers->item[k];
}

afb_status afb_describe_input_check(afb_config *config, const afb_describe_input *input, afb_bispectrum_settings *settings,
                                    unsigned *quantities, int grid[3])
{
  read_quantities(config, &input->descriptor.quantities, quantities);
  read_grid(config, &input->descriptor.grid, grid);
  if (*quantities & (AFB_DESCRIBE_DB | AFB_DESCRIBE_VIRIAL)) {
    if (grid[0] > 0)
      afb_config_mistake(config, "descriptor.quantities", -1, 0, "on a grid there is B alone: no atom moves a grid point");
    if (input->descriptor.adaptive == 1)
      afb_config_mistake(config, "descriptor.quantities", -1, 0, "with adaptive there is B alone: such a cut-off depends on all atoms near");
  }
  return afb_descriptor_settings(config, &input->descriptor, settings);
}

afb_status afb_species_elements(MPI_Comm comm, afb_config *config, const char *path, const afb_named *names,
                                const afb_structures *structures, int32_t *element)
{
  char place[1024];
  for (int s = 0; s < structures->n_species; s++) {
    int found = afb_species_element(structures->species[s], names->n, names->name);
    element[s] = found < 0 ? 0 : found;
    if (found >= 0)
      continue;
    afb_species_place(comm, structures, s, place, sizeof place);
    if (place[0])
      afb_config_mistake(config, path, -1, 0, "%s is of the element \"%s\", which is not here", place, structures->species[s]);
  }
  return afb_config_verdict(config);
}

afb_status afb_descriptor_elements(MPI_Comm comm, afb_config *config, const afb_named *names, const afb_structures *structures,
                                   int32_t *element)
{
  return afb_species_elements(comm, config, "descriptor.elements", names, structures, element);
}
