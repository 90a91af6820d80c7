/* The input of `aufbau atom`. */
#define AFB_LIMIT_CPU_TIME "10 h"
#include "config/rows.h"

typedef afb_atom_input S;

static const afb_key keys[] = {
  {.path = "atom", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .flags = AFB_KEY_REQUIRED,
   .help = "the atom or ion"},
  {.path = "atom.element", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, element), .flags = AFB_KEY_REQUIRED,
   .example = "Y", .help = "chemical symbol"},
  {.path = "atom.charge", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, charge), .min = 0, .max = 117,
   .fallback = "0", .help = "charge of the ion: 0 for the neutral atom"},
  {.path = "atom.mass_number", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, mass_number), .min = 1, .max = 400,
   .example = "89",
   .help = "mass number of the isotope, which sets the size of the nucleus; absent: the most abundant one"},
  {.path = "atom.nucleus", .forms = AFB_FORM_WORD | AFB_FORM_MAP, AFB_AT(int, S, nucleus), .words = "fermi|point",
   .fallback = "fermi",
   .help = "charge distribution of the nucleus: fermi (radius from a table), point, or a Fermi distribution with the "
           "parameters c_fm and a_fm"},
  {.path = "atom.nucleus.c_fm", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, nucleus_c_fm), .flags = AFB_KEY_REQUIRED,
   .min = 0, .max = 20, .unit = "fm", .help = "half-density radius"},
  {.path = "atom.nucleus.a_fm", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, nucleus_a_fm),
   .flags = AFB_KEY_REQUIRED | AFB_KEY_ABOVE_MIN, .min = 0, .max = 5, .unit = "fm",
   .help = "diffuseness: the skin thickness over 4 ln 3"},
  {.path = "atom.isodata", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, isodata), .example = "isodata",
   .help = "file of GRASP with the nucleus, in place of mass_number and nucleus"},
  {.path = "configurations", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, configurations),
   .flags = AFB_KEY_USUAL, .example = "[\"[Kr] 4d1 5s2\", \"[Kr] 4d2 5s1\"]",
   .help = "electron configurations, each with a noble-gas core in brackets or written out: \"1s2 2s2 2p1\""},
  {.path = "csf", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, csf), .example = "rcsf.inp",
   .help = "in place of configurations, expand and J: list of CSFs of GRASP (rcsf.inp, rcsf.out)"},
  {.path = "expand", .forms = AFB_FORM_MAP, AFB_AT(int, S, expand),
   .help = "adds all configurations that arise from the given ones by moving electrons"},
  {.path = "expand.electrons", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, expand_electrons),
   .flags = AFB_KEY_REQUIRED, .min = 1, .max = 6, .example = "2", .help = "up to this many electrons are moved"},
  {.path = "expand.from", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, expand_from), .flags = AFB_KEY_REQUIRED,
   .example = "[4d, 5s]", .help = "shells that electrons are moved out of"},
  {.path = "expand.active_set", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, expand_active_set),
   .flags = AFB_KEY_REQUIRED, .example = "[5p, 5d]",
   .help = "shells that electrons are moved into (and into those of `from`)"},
  {.path = "expand.parity", .forms = AFB_FORM_WORD, AFB_AT(int, S, expand_parity), .words = "same|both", .fallback = "same",
   .help = "same: configurations of the parity of the one that they arise from; both: all"},
  {.path = "J", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD,
   .help = "range of the total angular momentum; absent: all"},
  {.path = "J.min", .forms = AFB_FORM_HALF, AFB_AT(int, S, two_j_min), .min = 0, .max = 100, .example = "1/2",
   .help = "smallest J"},
  {.path = "J.max", .forms = AFB_FORM_HALF, AFB_AT(int, S, two_j_max), .min = 0, .max = 100, .example = "9/2",
   .help = "largest J"},
  AFB_ROWS_OPTIMISE(S, ""),
  {.path = "vary", .forms = AFB_FORM_WORD | AFB_FORM_STRINGS, AFB_AT(afb_strings, S, vary), .words = "all",
   .fallback = "all", .help = "shells whose orbitals are varied; the others stay as they start"},
  {.path = "start", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, start), .example = "previous.h5",
   .help = "output file of an earlier `aufbau atom`, or radial functions of GRASP (rwfn.out), that this one starts from; absent: "
           "a start potential"},
  {.path = "engine", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, engine), .fallback = "mcdhf",
   .help = "program that computes it (`aufbau list engines`)"},
  {.path = "eigensolver", .forms = AFB_FORM_WORD, AFB_AT(int, S, eigensolver), .words = "auto|lapack|scalapack|slepc|davidson", .fallback = "auto",
   .help = "how the levels of every block are found: lapack (dense, one rank), scalapack (dense, all ranks), slepc and davidson (few levels of "
           "large blocks, from those of the iteration before, all ranks; davidson leaves the matrix where its rows were made), or auto: by size "
           "and demand. All give the same levels"},
  AFB_ROWS_LIMITS(S, ""),
};

const afb_schema afb_atom_schema = {"atom", "One MCDHF calculation of an atom or ion.", sizeof(S),
                                    sizeof keys / sizeof keys[0], keys};
