/* The inputs of the commands: typed structs and their schemas. Texts that need knowledge of atoms (elements, ions,
 * configurations, shells) are texts here; whoever reads them reports mistakes through afb_config_mistake. */
#ifndef AFB_CONFIG_INPUTS_H
#define AFB_CONFIG_INPUTS_H

#include <stdint.h>

#include "config/schema.h"

/* Words in the order of the schema; the last enumerator is the union's section or list. */
typedef enum { AFB_INPUT_NUCLEUS_FERMI, AFB_INPUT_NUCLEUS_POINT, AFB_INPUT_NUCLEUS_GIVEN } afb_input_nucleus;
typedef enum { AFB_INPUT_OPTIMISE_ALL, AFB_INPUT_OPTIMISE_AVERAGE, AFB_INPUT_OPTIMISE_LEVELS } afb_input_optimise;
typedef enum {
  AFB_INPUT_STRATEGY_MODEL,
  AFB_INPUT_STRATEGY_RANDOM,
  AFB_INPUT_STRATEGY_BREADTH,
  AFB_INPUT_STRATEGY_LIST
} afb_input_strategy;

typedef struct {
  int64_t iterations;           /* of all rungs together */
  double cpu_seconds;
  int64_t csf;
} afb_input_limits;

typedef struct {
  const char *element;
  int64_t charge;
  int64_t mass_number;          /* 0: the most abundant isotope */
  int nucleus;                  /* afb_input_nucleus */
  double nucleus_c_fm, nucleus_a_fm;
  afb_strings configurations;
  int expand;                   /* 1: the section is given */
  int64_t expand_electrons;
  afb_strings expand_from, expand_active_set;
  int two_j_min, two_j_max;     /* -1: no limit */
  int optimise;                 /* afb_input_optimise */
  int64_t levels;
  afb_strings vary;             /* word 0: all */
  const char *start;            /* NULL: the start potential */
  afb_input_limits limits;
} afb_atom_input;

typedef struct {
  afb_strings ions;
  int64_t max_n;
  int max_l;                    /* 0 for s, 1 for p ... */
  int64_t excited_electrons, max_shift;
  int64_t set_size;
  int optimise;
  int64_t levels;
  int warm_start;
  const char *engine;
  int strategy;                 /* afb_input_strategy */
  const char *list;             /* CSV file, NULL unless the strategy is a list */
  int64_t batch;
  int64_t budget_runs;          /* 0: no limit */
  double budget_core_hours;     /* NaN: no limit */
  double budget_wall_seconds;   /* NaN: no limit */
  int64_t seed;
  afb_input_limits limits;
} afb_campaign_input;

extern const afb_schema afb_atom_schema;       /* fills an afb_atom_input */
extern const afb_schema afb_campaign_schema;   /* fills an afb_campaign_input */

/* All schemas, NULL-terminated. */
extern const afb_schema *const afb_schemas[];
/* By the name of the command; NULL when it has no input. */
const afb_schema *afb_schema_named(const char *name);

#endif
