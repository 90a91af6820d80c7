/* From a result to GRASP's files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/subshell.h"
#include "engine/grasp_files.h"

/* GRASP's state of a term times ours. For two coupled electrons or holes (seniority 2) our phases alternate with J from the largest,
 * 2j-1, on; the others, j = 5/2 and 7/2, are a table. The same for every w, pairs being created alike. Found from the CI vectors of all
 * terms of p^w, d^w, f^w, g^2 and h^2 beside other open subshells: 75,000 components, none of which disagrees. */
static int term_sign(int two_j, const afb_term *term)
{
  static const struct {
    int two_j, seniority, term_two_j;
  } negative[] = {{5, 3, 9}, {7, 3, 5}, {7, 3, 11}, {7, 3, 15}, {7, 4, 4}, {7, 4, 10}, {7, 4, 16}};
  if (term->seniority == 2)
    return (2 * two_j - 2 - term->two_j) / 4 % 2 ? -1 : 1;
  for (size_t i = 0; i < sizeof negative / sizeof *negative; i++)
    if (negative[i].two_j == two_j && negative[i].seniority == term->seniority && negative[i].term_two_j == term->two_j)
      return -1;
  return 1;
}

int afb_grasp_csf_sign(const afb_csf_list *list, int csf)
{
  int sign = 1;
  for (int p = 0; p < list->n_orbitals; p++) {
    size_t at = (size_t)csf * (size_t)list->n_orbitals + (size_t)p;
    int two_j = afb_kappa_two_j(list->orbital[p].kappa), n_terms;
    const afb_term *term;
    if (!list->closed[p] && afb_subshell_terms(two_j, list->occupation[at], &n_terms, &term) == AFB_OK)
      sign *= term_sign(two_j, term + list->term[at]);
  }
  return sign;
}

/* The levels of a block follow each other in the result; the first of them is number *level, its vector stands at *vector. */
static afb_status fill_block(const afb_mcdhf_result *result, const afb_block *block, int *level, const double **vector,
                             afb_grasp_mixing_block *out)
{
  int first = *level, n = 0, length = block->n_csf;
  while (first + n < result->n_levels && result->level[first + n].two_j == block->two_j && result->level[first + n].parity == block->parity)
    n++;
  *out = (afb_grasp_mixing_block){.two_j = block->two_j, .parity = block->parity, .n_csf = length, .n_levels = n};
  out->index = malloc((size_t)n * sizeof *out->index + 1);
  out->energy = malloc((size_t)n * sizeof *out->energy + 1);
  out->vector = malloc((size_t)n * (size_t)length * sizeof *out->vector + 1);
  if (!out->index || !out->energy || !out->vector)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the mixing coefficients of %d levels", n);
  for (int i = 0; i < n; i++) {
    out->index[i] = result->level[first + i].index;
    out->energy[i] = result->level[first + i].energy;
    for (int k = 0; k < length; k++)
      out->vector[i * length + k] = afb_grasp_csf_sign(&result->csfs, block->first + k) * (*vector)[i * length + k];
  }
  *level += n;
  *vector += n * length;
  return AFB_OK;
}

static afb_status write_mixing(const char *path, const afb_mcdhf_result *result)
{
  const afb_csf_list *list = &result->csfs;
  const double *vector = result->mixing;
  int level = 0;
  afb_grasp_mixing mixing = {.n_electrons = afb_grasp_electrons(list), .n_csf = list->n_csf, .n_orbitals = list->n_orbitals,
                             .n_blocks = list->n_blocks, .block = calloc((size_t)list->n_blocks, sizeof *mixing.block)};
  afb_status status = mixing.block ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d blocks", list->n_blocks);
  for (int b = 0; b < list->n_blocks && status == AFB_OK; b++)
    status = fill_block(result, list->block + b, &level, &vector, mixing.block + b);
  if (status == AFB_OK)
    status = afb_grasp_write_mixing(path, &mixing);
  afb_grasp_mixing_clear(&mixing);
  return status;
}

afb_status afb_grasp_write_all(const char *directory, const afb_nucleus *nucleus, int mass_number, const afb_mcdhf_result *result)
{
  char path[1200];
  afb_grasp_orbitals orbitals;
  afb_grasp_isodata isodata = afb_grasp_isodata_of(nucleus, mass_number);
  if (result->orbitals.n_orbitals == 0)
    return AFB_FAIL(AFB_E_INPUT, "there are no orbitals to write for GRASP");
  if (strlen(directory) + 16 > sizeof path)
    return AFB_FAIL(AFB_E_INPUT, "%.80s...: the name of a directory is too long", directory);
  snprintf(path, sizeof path, "%s/isodata", directory);
  AFB_TRY(afb_grasp_write_isodata(path, &isodata));
  snprintf(path, sizeof path, "%s/rcsf.inp", directory);
  AFB_TRY(afb_grasp_write_csfs(path, &result->csfs));
  AFB_TRY(afb_grasp_from_splines(&result->orbitals, nucleus, &orbitals));
  snprintf(path, sizeof path, "%s/rwfn.inp", directory);
  afb_status status = afb_grasp_write_orbitals(path, &orbitals);
  afb_grasp_orbitals_clear(&orbitals);
  if (status == AFB_OK && result->mixing) {
    snprintf(path, sizeof path, "%s/rmix.out", directory);
    status = write_mixing(path, result);
  }
  return status;
}
