/* Screened repulsion of nuclei. */
#include <math.h>
#include <stdlib.h>

#include "descriptor/potential.h"

static const double E_SQUARED = 14.399645, LENGTH = 0.46850, POWER = 0.23;
static const double AMOUNT[] = {0.18175, 0.50986, 0.28022, 0.02817};
static const double DECAY[] = {3.19980, 0.94229, 0.40290, 0.20162};

typedef struct {
  double value, first, second; /* derivatives by r */
} jet;

/* q phi(s r)/r. With g = phi(s r): (g/r)' = (g' - g/r)/r, (g/r)'' = (g'' - 2 (g' - g/r)/r)/r. */
static jet screened(const afb_zbl_pair *pair, double r)
{
  double g = 0, g1 = 0, g2 = 0;
  for (int k = 0; k < 4; k++) {
    double d = DECAY[k] * pair->screening, e = AMOUNT[k] * exp(-d * r);
    g += e;
    g1 -= d * e;
    g2 += d * d * e;
  }
  double slope = (g1 - g / r) / r;
  return (jet){pair->charge * g / r, pair->charge * slope, pair->charge * (g2 - 2 * slope) / r};
}

static afb_zbl_pair make_pair(double inner, double outer, int z1, int z2)
{
  afb_zbl_pair p = {.charge = E_SQUARED * z1 * z2, .screening = (pow(z1, POWER) + pow(z2, POWER)) / LENGTH};
  jet end = screened(&p, outer);
  double c = outer - inner;
  p.a = (c * end.second - 3 * end.first) / (c * c);
  p.b = (2 * end.first - c * end.second) / (c * c * c);
  p.c = -end.value + c * end.first / 2 - c * c * end.second / 12;
  return p;
}

afb_status afb_zbl_create(double inner, double outer, int n, const int *z, afb_zbl *out)
{
  *out = (afb_zbl){.inner = inner, .outer = outer, .n_elements = n};
  if (!(inner > 0 && outer > inner))
    return AFB_FAIL(AFB_E_INPUT, "zbl: inner %g and outer %g: 0 < inner < outer is wanted", inner, outer);
  out->pair = malloc((size_t)n * (size_t)n * sizeof *out->pair);
  if (!out->pair)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the repulsion of %d elements", n);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      out->pair[i * n + j] = make_pair(inner, outer, z[i], z[j]);
  return AFB_OK;
}

void afb_zbl_clear(afb_zbl *zbl)
{
  free(zbl->pair);
  *zbl = (afb_zbl){0};
}

double afb_zbl_energy(const afb_zbl *zbl, int element_i, int element_j, double r, double *derivative)
{
  *derivative = 0;
  if (r >= zbl->outer)
    return 0;
  const afb_zbl_pair *pair = &zbl->pair[element_i * zbl->n_elements + element_j];
  jet e = screened(pair, r);
  double t = r > zbl->inner ? r - zbl->inner : 0;
  *derivative = e.first + t * t * (pair->a + pair->b * t);
  return e.value + pair->c + t * t * t * (pair->a / 3 + pair->b * t / 4);
}
