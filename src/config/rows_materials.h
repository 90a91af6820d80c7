/* Rows that the inputs about structures share. For the tables of config/inputs_*.c only. */
#ifndef AFB_CONFIG_ROWS_MATERIALS_H
#define AFB_CONFIG_ROWS_MATERIALS_H

#include "config/rows.h"

#define AFB_ROWS_STRUCTURES(S, needed)                                                                                \
  {.path = "structures", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, structures.file),                          \
   .flags = (needed), .example = "[structures/*.extxyz]",                                                             \
   .help = "files with atomic structures, or patterns of their names: extended XYZ, LAMMPS data, POSCAR, OLCAO's "    \
           "olcao.skl and structure.dat, JSON of labelled configurations"},                                           \
  {.path = "format", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, structures.format), .example = "lammps",       \
   .help = "format of all these files where name and content do not tell: extxyz, lammps, poscar, skl, structure or " \
           "json"},                                                                                                   \
  {.path = "divide_above", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, structures.divide_above),                    \
   .flags = AFB_KEY_RESOURCE, .min = 1, .max = 1e12, .fallback = "20000",                                             \
   .help = "structures of more atoms than this (or points of a grid) are divided over all ranks; smaller ones too "   \
           "where there are so few that ranks would have nothing to do"}

#define AFB_ROWS_DESCRIPTOR(S, needed)                                                                                \
  {.path = "descriptor", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .flags = (needed),                             \
   .help = "what is evaluated"},                                                                                      \
  {.path = "descriptor.name", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, descriptor.name),                     \
   .fallback = "bispectrum", .help = "`aufbau list descriptors`"},                                                    \
  {.path = "descriptor.convention", .forms = AFB_FORM_WORD, AFB_AT(int, S, descriptor.convention),                    \
   .words = "snap|olcao", .fallback = "snap",                                                                         \
   .help = "snap: rotation by 2 theta0, the centre itself counts; olcao: rotation by theta0, it does not, and "       \
           "components are chosen by `pairs`"},                                                                       \
  {.path = "descriptor.twojmax", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, descriptor.twojmax), .min = 0,         \
   .max = 30, .fallback = "8", .help = "snap: largest 2J, even or odd"},                                              \
  {.path = "descriptor.pairs", .forms = AFB_FORM_INTEGERS, AFB_AT(afb_integers, S, descriptor.pairs), .min = 0,       \
   .max = 15, .example = "[[4, 4], [3, 2]]",                                                                          \
   .help = "olcao: (2j1, 2j2) of the components; of each pair come 2j = 2j1 + 2j2 down to |2j1 - 2j2|"},              \
  {.path = "descriptor.rcutfac", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, descriptor.rcutfac),                     \
   .flags = AFB_KEY_ABOVE_MIN | AFB_KEY_USUAL, .min = 0, .max = 1000, .unit = "Å", .example = "4.67637",              \
   .help = "snap: the cut-off of a pair is rcutfac (R_i + R_j)"},                                                     \
  {.path = "descriptor.cutoff", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, descriptor.cutoff),                       \
   .flags = AFB_KEY_UNIT | AFB_KEY_ABOVE_MIN, .min = 0, .max = 1000, .unit = "Å", .example = "9 bohr",                \
   .help = "olcao: the cut-off of a pair is cutoff (R_i + R_j), radii being 1/2 unless given"},                       \
  {.path = "descriptor.angle", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, descriptor.angle),                         \
   .flags = AFB_KEY_ABOVE_MIN, .min = 0, .max = 2, .example = "0.85",                                                 \
   .help = "olcao: hyperspherical angle in units of pi r/r_c; 0.85 unless given"},                                    \
  {.path = "descriptor.elements", .forms = AFB_FORM_NAMED, AFB_AT(afb_named, S, descriptor.elements),                 \
   .row_size = sizeof(afb_input_element), .flags = AFB_KEY_REQUIRED,                                                  \
   .example = "{Ta: {radius: 0.5, weight: 1.0}}",                                                                     \
   .help = "elements as the structures name them; their order is the order of chem's elements, and of the types of "  \
           "files that number them"},                                                                                 \
  {.path = "descriptor.elements.*.radius", .forms = AFB_FORM_NUMBER,                                                  \
   AFB_AT(double, afb_input_element, radius), .flags = AFB_KEY_ABOVE_MIN, .min = 0, .max = 1000,                      \
   .help = "R of the element; 1/2 in the olcao convention unless given, required otherwise"},                         \
  {.path = "descriptor.elements.*.weight", .forms = AFB_FORM_NUMBER,                                                  \
   AFB_AT(double, afb_input_element, weight), .fallback = "1.0", .help = "weight of the element as a neighbour"},     \
  {.path = "descriptor.elements.*.channel", .forms = AFB_FORM_INTEGER,                                                \
   AFB_AT(int64_t, afb_input_element, channel), .min = 1, .max = 128,                                                 \
   .help = "with chem, elements of the same channel count as one; of all elements or of none, where each has its own"}, \
  {.path = "descriptor.rfac0", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, descriptor.rfac0),                         \
   .flags = AFB_KEY_ABOVE_MIN, .min = 0, .max = 1, .fallback = "0.99363",                                             \
   .help = "snap: theta0 in units of pi at the cut-off"},                                                             \
  {.path = "descriptor.rmin0", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, descriptor.rmin0), .min = 0, .max = 1000,  \
   .unit = "Å", .fallback = "0.0", .help = "distance at which theta0 is 0 and the switching begins"},                 \
  {.path = "descriptor.switch", .forms = AFB_FORM_BOOLEAN, AFB_AT(int, S, descriptor.switching), .fallback = "true",  \
   .help = "neighbours fade out towards the cut-off"},                                                                \
  {.path = "descriptor.inner_switch", .forms = AFB_FORM_NAMED, AFB_AT(afb_named, S, descriptor.inner_switch),         \
   .row_size = sizeof(afb_input_inner), .example = "{Ta: {s: 1.0, d: 0.5}}",                                          \
   .help = "neighbours fade out towards the centre: from 1 at s + d to 0 at s - d, means over the two elements; all " \
           "elements must be given"},                                                                                 \
  {.path = "descriptor.inner_switch.*.s", .forms = AFB_FORM_NUMBER, AFB_AT(double, afb_input_inner, s),               \
   .flags = AFB_KEY_REQUIRED, .min = 0, .max = 1000, .unit = "Å", .help = "centre of the inner switching"},           \
  {.path = "descriptor.inner_switch.*.d", .forms = AFB_FORM_NUMBER, AFB_AT(double, afb_input_inner, d),               \
   .flags = AFB_KEY_REQUIRED | AFB_KEY_ABOVE_MIN, .min = 0, .max = 1000, .unit = "Å", .help = "half its width"},      \
  {.path = "descriptor.bzero", .forms = AFB_FORM_BOOLEAN, AFB_AT(int, S, descriptor.bzero), .fallback = "true",       \
   .help = "snap: components of an isolated atom are subtracted"},                                                    \
  {.path = "descriptor.bnorm", .forms = AFB_FORM_BOOLEAN, AFB_AT(int, S, descriptor.bnorm), .fallback = "false",      \
   .help = "components are divided by 2j + 1"},                                                                       \
  {.path = "descriptor.self_all", .forms = AFB_FORM_BOOLEAN, AFB_AT(int, S, descriptor.self_all),                     \
   .fallback = "false", .help = "with chem the centre counts for every element, not for its own alone"},                  \
  {.path = "descriptor.chem", .forms = AFB_FORM_BOOLEAN, AFB_AT(int, S, descriptor.chem), .fallback = "false",        \
   .help = "components for every triple of elements"},                                                                \
  {.path = "descriptor.quadratic", .forms = AFB_FORM_BOOLEAN, AFB_AT(int, S, descriptor.quadratic),                   \
   .fallback = "false", .help = "products of components follow them: B_i^2/2 and B_i B_j, i < j"},                    \
  {.path = "descriptor.adaptive", .forms = AFB_FORM_MAP, AFB_AT(int, S, descriptor.adaptive),                         \
   .help = "cut-off of each centre such that it has a given number of neighbours"},                                   \
  {.path = "descriptor.adaptive.neighbours", .forms = AFB_FORM_NUMBER,                                                \
   AFB_AT(double, S, descriptor.adaptive_neighbours), .flags = AFB_KEY_REQUIRED | AFB_KEY_ABOVE_MIN, .min = 0,        \
   .max = 1e6, .example = "14", .help = "number of neighbours"},                                                      \
  {.path = "descriptor.adaptive.smooth", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, descriptor.adaptive_smooth),     \
   .min = 0, .max = 1000, .unit = "Å", .fallback = "0", .help = "width over which neighbours are counted in; 0: a step"}, \
  {.path = "descriptor.kernel", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, descriptor.kernel),                 \
   .flags = AFB_KEY_RESOURCE, .fallback = "auto",                                                                     \
   .help = "how it is computed: auto, reference, or vectors of 2, 4 or 8 numbers"}

#define AFB_ROWS_ZBL(S, what)                                                                                         \
  {.path = "model.zbl", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .help = (what)},                                \
  {.path = "model.zbl.inner", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, zbl.inner), .min = 0, .max = 1000,          \
   .flags = AFB_KEY_REQUIRED | AFB_KEY_ABOVE_MIN, .unit = "Å", .example = "4.0", .help = "where its switching begins"}, \
  {.path = "model.zbl.outer", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, zbl.outer), .min = 0, .max = 1000,          \
   .flags = AFB_KEY_REQUIRED | AFB_KEY_ABOVE_MIN, .unit = "Å", .example = "4.8", .help = "where it ends"}

#endif
