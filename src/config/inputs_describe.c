/* The input of `aufbau describe`. */
#include "config/rows_materials.h"

typedef afb_describe_input S;

static const afb_key keys[] = {
  AFB_ROWS_STRUCTURES(S, AFB_KEY_REQUIRED),
  AFB_ROWS_DESCRIPTOR(S, AFB_KEY_REQUIRED),
  {.path = "descriptor.grid", .forms = AFB_FORM_INTEGERS, AFB_AT(afb_integers, S, descriptor.grid), .min = 1,
   .max = 10000, .example = "[4, 4, 4]",
   .help = "points along a, b and c: evaluated on a grid over the cell in place of the atoms"},
  {.path = "descriptor.quantities", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, descriptor.quantities),
   .fallback = "[B]", .help = "what is written: B, its derivatives dB, the virial"},
};

const afb_schema afb_describe_schema = {"describe", "Descriptors of the environments of atoms, or on a grid.", sizeof(S),
                                        sizeof keys / sizeof keys[0], keys};
