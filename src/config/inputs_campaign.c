/* The input of `aufbau campaign`. */
#define AFB_LIMIT_CPU_TIME "60 s"
#include "config/rows.h"

typedef afb_campaign_input S;

static const afb_key keys[] = {
  {.path = "campaign", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .flags = AFB_KEY_REQUIRED,
   .help = "the campaign"},
  {.path = "campaign.ions", .forms = AFB_FORM_STRINGS, AFB_AT(afb_strings, S, ions), .flags = AFB_KEY_REQUIRED,
   .example = "[B I, C I, N II, Mg I]",
   .help = "ions in spectroscopic notation (I: neutral), or ranges of elements and of stages: \"Li-Ne I-III\""},
  {.path = "campaign.orbitals", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .fallback = "{}",
   .help = "shells that configurations may use"},
  {.path = "campaign.orbitals.max_n", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, max_n), .min = 1, .max = 15,
   .fallback = "5", .help = "largest principal quantum number"},
  {.path = "campaign.orbitals.max_l", .forms = AFB_FORM_WORD, AFB_AT(int, S, max_l), .words = "s|p|d|f|g|h|i|k",
   .fallback = "f", .help = "largest orbital angular momentum"},
  {.path = "campaign.excitations", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .fallback = "{}",
   .help = "how new configurations are made of the ground configuration: [k1, k2, ...] moves the outermost electron k1 "
           "places up the ion's orbital order, the next k2, and so on"},
  {.path = "campaign.excitations.electrons", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, excited_electrons),
   .min = 1, .max = 4, .fallback = "2", .help = "electrons that are moved, at most"},
  {.path = "campaign.excitations.max_shift", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, max_shift), .min = 1,
   .max = 20, .fallback = "6", .help = "places that one electron is moved, at most"},
  {.path = "campaign.set_size", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, set_size), .min = 1, .max = 32,
   .fallback = "6", .help = "configurations in a set, at most"},
  AFB_ROWS_OPTIMISE(S, "campaign."),
  {.path = "campaign.warm_start", .forms = AFB_FORM_BOOLEAN, AFB_AT(int, S, warm_start), .fallback = "true",
   .help = "true: a run starts from the orbitals of its parent set; false: every run from the start potential"},
  {.path = "campaign.warm_memory", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, warm_memory), .min = 0, .max = INFINITY,
   .flags = AFB_KEY_UNIT | AFB_KEY_RESOURCE, .unit = "B", .fallback = "256 MB",
   .help = "memory of rank 0 for orbitals of earlier runs; what has no room there is read from the file again"},
  {.path = "campaign.engine", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, engine), .fallback = "mcdhf",
   .help = "program that evaluates a set (`aufbau list engines`)"},
  {.path = "campaign.strategy", .forms = AFB_FORM_WORD, AFB_AT(int, S, strategy),
   .words = "model|random|breadth|list",
   .fallback = "model",
   .help = "how the next sets are chosen: by the trained model, at random, all small sets first, or as given in a list"},
  {.path = "campaign.list", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, list), .example = "sets.csv",
   .help = "for the strategy list: CSV file with the columns ion, configurations (`;` between configurations)"},
  {.path = "campaign.pretrained", .forms = AFB_FORM_STRING, AFB_AT(const char *, S, pretrained), .example = "model.h5",
   .help = "for the strategy model: what `aufbau train` made of the runs of another campaign (model.type set_transformer), to begin with"},
  {.path = "campaign.batch", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, batch), .min = 1, .max = 1000000,
   .fallback = "32", .help = "runs that are chosen, and made durable, together"},
  {.path = "campaign.budget", .forms = AFB_FORM_MAP, .field = AFB_NO_FIELD, .flags = AFB_KEY_RESOURCE,
   .fallback = "{}",
   .help = "what the campaign may spend in all; whichever comes first ends it. A campaign may be continued with another "
           "budget"},
  {.path = "campaign.budget.runs", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, budget_runs), .min = 1,
   .max = 1000000000000, .example = "400", .help = "number of runs"},
  {.path = "campaign.budget.core_hours", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, budget_core_hours),
   .flags = AFB_KEY_ABOVE_MIN, .min = 0, .max = INFINITY, .unit = "core_hours", .example = "0.2",
   .help = "CPU time of all runs together"},
  {.path = "campaign.budget.wall_time", .forms = AFB_FORM_NUMBER, AFB_AT(double, S, budget_wall_seconds),
   .flags = AFB_KEY_UNIT | AFB_KEY_ABOVE_MIN, .min = 0, .max = INFINITY, .unit = "s", .example = "3 min",
   .help = "wall-clock time of this start of the program"},
  {.path = "campaign.seed", .forms = AFB_FORM_INTEGER, AFB_AT(int64_t, S, seed), .min = 0, .max = 9007199254740991,
   .fallback = "1", .help = "seed of all random choices"},
  AFB_ROWS_LIMITS(S, "campaign."),
};

const afb_schema afb_campaign_schema = {"campaign", "A campaign of MCDHF runs on sets of configurations.", sizeof(S),
                                        sizeof keys / sizeof keys[0], keys};
