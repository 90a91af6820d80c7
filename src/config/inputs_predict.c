/* The input of `aufbau predict`. */
#include "config/rows_materials.h"

typedef afb_predict_input S;

static const afb_key keys[] = {
  AFB_ROWS_STRUCTURES(S, AFB_KEY_USUAL),
  {.path = "data", .forms = AFB_FORM_MAP, AFB_AT(int, S, data.given),
   .help = "a table in HDF5 files in place of `structures`, for a model that was trained on one: docs/learning.md"},
  {.path = "data.file", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, data.file), .flags = AFB_KEY_REQUIRED,
   .example = "[table.h5]", .help = "HDF5 files, whose rows follow each other"},
  {.path = "data.inputs", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, data.inputs), .example = "[/x]",
   .help = "datasets of the inputs where their names are not those that the model was trained with"},
  {.path = "model", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .flags = AFB_KEY_REQUIRED, .help = "what predicts"},
  {.path = "model.type", .forms = AFB_FORM_WORD, AFB_AT(int, S, model), .words = "snap|mdn|table", .flags = AFB_KEY_REQUIRED,
   .example = "snap",
   .help = "snap: energies, forces and stresses of an interatomic potential; mdn: Gaussian coefficients of atom-centred "
           "potentials; table: what a model that was trained on a table predicts for the rows of `data`"},
  {.path = "model.coefficients", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, coefficients),
   .flags = AFB_KEY_USUAL, .example = "Ta.snapcoeff", .help = "snap: file of coefficients"},
  {.path = "model.parameters", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, parameters),
   .flags = AFB_KEY_USUAL, .example = "Ta.snapparam", .help = "snap: file of parameters"},
  AFB_ROWS_ZBL(S, "with snap, a screened nuclear repulsion that is added"),
  {.path = "model.file", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, file), .example = "silicon.h5",
   .help = "mdn, table: file that `aufbau train` wrote"},
  {.path = "model.features", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, features),
   .example = "[local.h5, medium.h5]",
   .help = "mdn: where the network was trained with features, the files that `aufbau describe` wrote for these structures with the "
           "same descriptors"},
  {.path = "model.scfv", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, scfv), .flags = AFB_KEY_RESOURCE,
   .example = "potentials", .help = "mdn: folder into which a scfV file of every structure is written"},
  {.path = "model.xyz", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, xyz), .flags = AFB_KEY_RESOURCE,
   .example = "predicted.extxyz",
   .help = "snap: extended XYZ into which the structures are written with the predicted energies, forces and stresses"},
};

const afb_schema afb_predict_schema = {"predict", "Predictions of a potential or of a trained network.", sizeof(S),
                                       sizeof keys / sizeof keys[0], keys};
