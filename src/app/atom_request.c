/* From the input of `aufbau atom` to a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/inputs.h"
#include "atomic/element.h"
#include "engine/grasp_files.h"

void afb_atom_request_clear(afb_atom_request *request)
{
  free(request->configuration);
  afb_csf_list_clear(&request->csfs);
  *request = (afb_atom_request){0};
}

/* Where the first shell stands that a configuration cannot take: the shortest beginning of the text that fails, which is
 * also what the text of the failure is about. */
static size_t offending_shell(const char *text)
{
  char beginning[256];
  afb_configuration ignored;
  for (size_t start = strspn(text, " "), end; text[start]; start = end + strspn(text + end, " ")) {
    end = start + strcspn(text + start, " ");
    snprintf(beginning, sizeof beginning, "%.*s", (int)end, text);
    if (afb_configuration_parse(beginning, &ignored) != AFB_OK)
      return start;
  }
  return 0;
}

static int read_element(afb_config *config, const afb_atom_input *input, afb_mcdhf_request *request)
{
  if (!input->element || !afb_config_usable(config, "atom.charge"))
    return 0;
  if (afb_element_find(input->element, &request->z) != AFB_OK) {
    afb_config_mistake(config, "atom.element", -1, 0, "%s", afb_error_text());
    return 0;
  }
  if (input->charge >= request->z)
    afb_config_mistake(config, "atom.charge", -1, 0, "%s with charge %lld has no electron left; the charge is 0 to %d",
                       afb_element_symbol(request->z), (long long)input->charge, request->z - 1);
  return input->charge < request->z;
}

static void read_isodata(afb_config *config, const afb_atom_input *input, afb_mcdhf_request *request)
{
  afb_grasp_isodata nucleus;
  if (afb_config_given(config, "atom.nucleus") || afb_config_given(config, "atom.mass_number"))
    afb_config_mistake(config, "atom.isodata", -1, 0, "isodata says what nucleus and mass_number say: give one of them");
  else if (afb_grasp_read_isodata(input->isodata, &nucleus) != AFB_OK)
    afb_config_mistake(config, "atom.isodata", -1, 0, "%s", afb_error_text());
  else if (nucleus.z != request->z)
    afb_config_mistake(config, "atom.isodata", -1, 0, "%s is of %s (Z = %d)", input->isodata, afb_element_symbol(nucleus.z), nucleus.z);
  else {
    request->nucleus = nucleus.a_fm > 0 ? AFB_NUCLEUS_GIVEN : AFB_NUCLEUS_POINT;
    request->mass_number = nucleus.mass_number;
    request->nucleus_c_fm = nucleus.c_fm;
    request->nucleus_a_fm = nucleus.a_fm;
    afb_nucleus made;
    if (afb_nucleus_create(request->z, request->mass_number, request->nucleus, request->nucleus_c_fm, request->nucleus_a_fm, &made) != AFB_OK)
      afb_config_mistake(config, "atom.isodata", -1, 0, "%s", afb_error_text());
  }
}

static void read_nucleus(afb_config *config, const afb_atom_input *input, afb_mcdhf_request *request)
{
  afb_nucleus nucleus;
  if (input->isodata) {
    read_isodata(config, input, request);
    return;
  }
  if (input->nucleus < 0 || (input->nucleus == AFB_INPUT_NUCLEUS_GIVEN &&
                             !(input->nucleus_c_fm >= 0 && input->nucleus_a_fm > 0)))
    return;
  static const afb_nucleus_model model[] = {AFB_NUCLEUS_FERMI, AFB_NUCLEUS_POINT, AFB_NUCLEUS_GIVEN};
  request->nucleus = model[input->nucleus];
  request->mass_number = (int)input->mass_number;
  if (input->nucleus == AFB_INPUT_NUCLEUS_GIVEN) {
    request->nucleus_c_fm = input->nucleus_c_fm;
    request->nucleus_a_fm = input->nucleus_a_fm;
  }
  if (afb_nucleus_create(request->z, request->mass_number, request->nucleus, request->nucleus_c_fm,
                         request->nucleus_a_fm, &nucleus) != AFB_OK)
    afb_config_mistake(config, input->mass_number ? "atom.mass_number" : "atom.nucleus", -1, 0, "%s", afb_error_text());
}

static void check_electrons(afb_config *config, int index, const char *text, const afb_configuration *configuration,
                            const afb_mcdhf_request *request)
{
  int electrons = afb_configuration_electrons(configuration), wanted = request->z - request->charge;
  if (electrons == wanted)
    return;
  char advice[80] = "";
  if (electrons < request->z && electrons > 0)
    snprintf(advice, sizeof advice, "; charge %d would fit", request->z - electrons);
  afb_config_mistake(config, "configurations", index, 0, "\"%s\" has %d electrons, but %s with charge %d has %d%s", text,
                     electrons, afb_element_symbol(request->z), request->charge, wanted, advice);
}

/* Number of configurations that could be read, in order. */
static int read_configurations(afb_config *config, const afb_strings *texts, int have_ion,
                               const afb_mcdhf_request *request, afb_configuration *out)
{
  int n = 0;
  for (int i = 0; i < texts->n; i++) {
    const char *text = texts->item[i];
    if (afb_configuration_parse(text, &out[n]) != AFB_OK) {
      size_t at = offending_shell(text);
      afb_config_mistake(config, "configurations", i, at, "%s", afb_error_text());
      continue;
    }
    for (int j = 0; j < n; j++)
      if (afb_configuration_compare(&out[j], &out[n]) == 0)
        afb_config_mistake(config, "configurations", i, 0, "\"%s\" is given twice", text);
    if (have_ion)
      check_electrons(config, i, text, &out[n], request);
    n++;
  }
  return n;
}

/* The list of CSFs and its configurations. */
static void read_csfs(afb_config *config, const afb_atom_input *input, int have_ion, afb_atom_request *out)
{
  static const char *const instead[] = {"configurations", "expand", "J"};
  for (size_t i = 0; i < sizeof instead / sizeof *instead; i++)
    if (afb_config_given(config, instead[i]))
      afb_config_mistake(config, instead[i], -1, 0, "the CSFs are given by csf: leave %s out", instead[i]);
  free(out->configuration);
  out->configuration = NULL;
  if (afb_grasp_read_csfs(input->csf, &out->csfs, &out->request.n_configurations, &out->configuration) != AFB_OK) {
    afb_config_mistake(config, "csf", -1, 0, "%s", afb_error_text());
    return;
  }
  int electrons = afb_grasp_electrons(&out->csfs), wanted = out->request.z - out->request.charge;
  if (have_ion && electrons != wanted)
    afb_config_mistake(config, "csf", -1, 0, "the CSFs of %s have %d electrons, but %s with charge %d has %d", input->csf, electrons,
                       afb_element_symbol(out->request.z), out->request.charge, wanted);
  out->request.csfs = &out->csfs;
}

/* Reads at most AFB_MAX_SHELLS shells; with `among`, each has to be occupied in one of these configurations. */
static int read_shells(afb_config *config, const char *path, const afb_strings *texts, int n_among,
                       const afb_configuration *among, afb_shell *out)
{
  int n = 0;
  for (int i = 0; i < texts->n; i++) {
    afb_shell shell = {0, 0, 0};
    int occupied = n_among == 0;
    if (n == AFB_MAX_SHELLS) {
      afb_config_mistake(config, path, i, 0, "more than %d shells", AFB_MAX_SHELLS);
      return n;
    }
    if (afb_shell_parse(texts->item[i], &shell.n, &shell.l) != AFB_OK) {
      afb_config_mistake(config, path, i, 0, "%s", afb_error_text());
      continue;
    }
    for (int j = 0; j < n_among && !occupied; j++)
      occupied = afb_configuration_occupation(&among[j], shell.n, shell.l) > 0;
    if (!occupied)
      afb_config_mistake(config, path, i, 0, "no configuration has electrons in %s", texts->item[i]);
    out[n++] = shell;
  }
  return n;
}

static void read_j(afb_config *config, const afb_atom_input *input, int have_ion, afb_mcdhf_request *request)
{
  const char *path[] = {"J.min", "J.max"};
  const int two_j[] = {input->two_j_min, input->two_j_max};
  int electrons = request->z - request->charge;
  for (int i = 0; i < 2; i++)
    if (have_ion && two_j[i] >= 0 && (two_j[i] - electrons) % 2 != 0)
      afb_config_mistake(config, path[i], -1, 0, "%d electrons have %s J", electrons,
                         electrons % 2 ? "half-odd (1/2, 3/2 ...)" : "whole (0, 1 ...)");
  if (two_j[0] >= 0 && two_j[1] >= 0 && two_j[0] > two_j[1])
    afb_config_mistake(config, "J.min", -1, 0, "J.min is above J.max");
  /* A negative maximum would lift both limits. */
  enum { LARGEST_TWO_J = 255 };
  request->two_j_min = two_j[0] < 0 ? 0 : two_j[0];
  request->two_j_max = two_j[0] > 0 && two_j[1] < 0 ? LARGEST_TWO_J : two_j[1];
}

/* Moves electrons of the given configurations of one parity; appends what has this parity as well. */
static afb_status expand_parity(const afb_atom_input *input, int parity, int n, const afb_configuration *given, int n_from,
                                const afb_shell *from, int n_active, const afb_shell *active, afb_atom_request *out)
{
  int n_all = 0, chosen = 0, *kept = &out->request.n_configurations;
  afb_configuration *all = NULL, *some = malloc((size_t)n * sizeof *some + 1);
  afb_status status = some ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "not enough memory for %d configurations", n);
  for (int i = 0; i < n && some; i++)
    if (afb_configuration_parity(given + i) == parity)
      some[chosen++] = given[i];
  if (status == AFB_OK && chosen > 0)
    status = afb_configuration_expand(chosen, some, (int)input->expand_electrons, n_from, from, n_active, active, &n_all, &all);
  free(some);
  if (n_all == 0)
    return status;
  afb_configuration *grown = realloc(out->configuration, (size_t)(*kept + n_all) * sizeof *grown);
  if (!grown)
    status = AFB_FAIL(AFB_E_MEMORY, "not enough memory for %d configurations", n_all);
  else
    out->configuration = grown;
  for (int i = 0; i < n_all && grown; i++)
    if (afb_configuration_parity(all + i) == parity)
      grown[(*kept)++] = all[i];
  free(all);
  return status;
}

static afb_status expand(afb_config *config, const afb_atom_input *input, int n, afb_atom_request *out)
{
  afb_shell from[AFB_MAX_SHELLS], active[AFB_MAX_SHELLS];
  int n_from = read_shells(config, "expand.from", &input->expand_from, n, out->configuration, from);
  int n_active = read_shells(config, "expand.active_set", &input->expand_active_set, 0, NULL, active);
  if (afb_config_verdict(config) != AFB_OK)
    return AFB_OK;
  afb_configuration *given = out->configuration;
  out->configuration = NULL;
  out->request.n_configurations = 0;
  afb_status status;
  if (input->expand_parity == AFB_INPUT_PARITY_BOTH)
    status = afb_configuration_expand(n, given, (int)input->expand_electrons, n_from, from, n_active, active,
                                      &out->request.n_configurations, &out->configuration);
  else {
    status = expand_parity(input, 1, n, given, n_from, from, n_active, active, out);
    if (status == AFB_OK)
      status = expand_parity(input, -1, n, given, n_from, from, n_active, active, out);
  }
  free(given);
  return status;
}

/* The shells that are varied, after the expansion may have brought new ones. Whether they are occupied is looked at only
 * when the expansion could be made. */
static void read_vary(afb_config *config, const afb_atom_input *input, afb_atom_request *out)
{
  out->request.n_vary = -1;
  if (input->vary.word < 0)
    out->request.n_vary = read_shells(config, "vary", &input->vary,
                                      afb_config_verdict(config) == AFB_OK ? out->request.n_configurations : 0,
                                      out->configuration, out->request.vary);
}

/* Counting costs next to nothing, and shows what only the run would run into. */
static void check_csfs(afb_config *config, afb_atom_request *out)
{
  const afb_mcdhf_request *request = &out->request;
  if (request->csfs) {
    out->n_csf = request->csfs->n_csf;
    if (out->n_csf > request->max_csf)
      afb_config_mistake(config, "limits.csf", -1, 0, "the list has %lld CSFs, more than limits.csf = %lld", (long long)out->n_csf,
                         (long long)request->max_csf);
  } else if (afb_csf_count(request->n_configurations, request->configuration, request->two_j_min, request->two_j_max,
                    &out->n_csf) != AFB_OK)
    afb_config_mistake(config, "configurations", -1, 0, "%s", afb_error_text());
  else if (out->n_csf == 0)
    afb_config_mistake(config, "J", -1, 0, "the configurations have no CSF with such a J");
  else if (out->n_csf > request->max_csf)
    afb_config_mistake(config, "limits.csf", -1, 0, "the configurations have %lld CSFs, more than limits.csf = %lld",
                       (long long)out->n_csf, (long long)request->max_csf);
}

static afb_status create(afb_config *config, const afb_atom_input *input, afb_atom_request *out)
{
  afb_mcdhf_request *request = &out->request;
  request->charge = (int)input->charge;
  int have_ion = read_element(config, input, request);
  if (have_ion)
    read_nucleus(config, input, request);
  out->configuration = calloc((size_t)input->configurations.n + 1, sizeof *out->configuration);
  if (!out->configuration)
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory for %d configurations", input->configurations.n);
  if (!input->csf && !afb_config_given(config, "configurations") && afb_config_given(config, "atom"))
    afb_config_mistake(config, "configurations", -1, 0, "missing key \"configurations\", or \"csf\": what is computed");
  if (input->csf)
    read_csfs(config, input, have_ion, out);
  else
    request->n_configurations = read_configurations(config, &input->configurations, have_ion, request, out->configuration);
  read_j(config, input, have_ion && !input->csf, request);
  if (input->expand == 1 && !input->csf)
    AFB_TRY(expand(config, input, request->n_configurations, out));
  read_vary(config, input, out);
  static const afb_optimise optimise[] = {AFB_OPTIMISE_ALL, AFB_OPTIMISE_AVERAGE, AFB_OPTIMISE_LEVELS};
  request->optimise = input->optimise < 0 ? AFB_OPTIMISE_LEVELS : optimise[input->optimise];
  request->n_levels = (int)input->levels;
  static const char *const eigensolver[] = {"auto", "lapack", "scalapack", "slepc", "davidson"};
  request->eigensolver = input->eigensolver < 0 ? NULL : eigensolver[input->eigensolver];
  request->max_iterations = (int)input->limits.iterations;
  request->max_seconds = input->limits.cpu_seconds;
  request->max_csf = input->limits.csf;
  request->max_bytes = input->limits.memory;
  request->configuration = out->configuration;
  out->engine = afb_input_engine(config, "engine", input->engine);
  if (afb_config_verdict(config) == AFB_OK)
    check_csfs(config, out);
  return afb_config_verdict(config);
}

afb_status afb_atom_request_create(afb_config *config, const afb_atom_input *input, afb_atom_request *out)
{
  *out = (afb_atom_request){0};
  /* After an error of syntax there are no values to look at. */
  if (!afb_config_resolved(config)[0])
    return afb_config_verdict(config);
  return create(config, input, out);
}
