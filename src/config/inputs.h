/* The inputs of the commands: typed structs and their schemas. Texts that need knowledge of atoms (elements, ions,
 * configurations, shells) are texts here; whoever reads them reports mistakes through afb_config_mistake. */
#ifndef AFB_CONFIG_INPUTS_H
#define AFB_CONFIG_INPUTS_H

#include <stdint.h>

#include "config/schema.h"

/* Words in the order of the schema; the last enumerator is the union's section or list. */
typedef enum { AFB_INPUT_NUCLEUS_FERMI, AFB_INPUT_NUCLEUS_POINT, AFB_INPUT_NUCLEUS_GIVEN } afb_input_nucleus;
typedef enum { AFB_INPUT_PARITY_SAME, AFB_INPUT_PARITY_BOTH } afb_input_parity;
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
  double memory;                /* bytes of a rank; NaN: its share of the machine's */
  int64_t csf;
} afb_input_limits;

typedef struct {
  const char *element;
  int64_t charge;
  int64_t mass_number;          /* 0: the most abundant isotope */
  int nucleus;                  /* afb_input_nucleus */
  double nucleus_c_fm, nucleus_a_fm;
  const char *isodata;          /* GRASP's file with the nucleus; NULL: none */
  afb_strings configurations;   /* none when `csf` is given */
  const char *csf;              /* GRASP's list of CSFs; NULL: none */
  int expand;                   /* 1: the section is given */
  int64_t expand_electrons;
  afb_strings expand_from, expand_active_set;
  int expand_parity;            /* afb_input_parity */
  int two_j_min, two_j_max;     /* -1: no limit */
  int optimise;                 /* afb_input_optimise */
  int64_t levels;
  afb_strings vary;             /* word 0: all */
  const char *start;            /* NULL: the start potential */
  int eigensolver;              /* auto, lapack, scalapack, slepc, davidson */
  const char *engine;
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
  double warm_memory;           /* bytes of rank 0 for orbitals */
  const char *engine;
  int strategy;                 /* afb_input_strategy */
  const char *list;             /* CSV file, NULL unless the strategy is a list */
  const char *pretrained;       /* file of a model to begin with; NULL: none */
  int64_t batch;
  int64_t budget_runs;          /* 0: no limit */
  double budget_core_hours;     /* NaN: no limit */
  double budget_wall_seconds;   /* NaN: no limit */
  int64_t seed;
  afb_input_limits limits;
} afb_campaign_input;

typedef enum { AFB_INPUT_CONVENTION_SNAP, AFB_INPUT_CONVENTION_OLCAO } afb_input_convention;
typedef enum { AFB_INPUT_MODEL_LINEAR, AFB_INPUT_MODEL_MDN, AFB_INPUT_MODEL_MLP, AFB_INPUT_MODEL_SET_TRANSFORMER } afb_input_model;
typedef enum { AFB_INPUT_LOSS_MSE, AFB_INPUT_LOSS_MAE, AFB_INPUT_LOSS_HUBER, AFB_INPUT_LOSS_CROSS_ENTROPY } afb_input_loss;
typedef enum { AFB_INPUT_STOPPING_NONE, AFB_INPUT_STOPPING_PATIENCE } afb_input_stopping;
typedef enum { AFB_INPUT_PREDICT_SNAP, AFB_INPUT_PREDICT_MDN, AFB_INPUT_PREDICT_TABLE } afb_input_predict;
typedef enum { AFB_INPUT_COVARIANCE_FULL, AFB_INPUT_COVARIANCE_LOW_RANK } afb_input_covariance;

typedef struct {
  afb_strings file;             /* patterns */
  const char *format;           /* NULL: by name and content */
  int64_t divide_above;         /* atoms, or points of a grid */
} afb_input_structures;

typedef struct {
  double radius, weight;        /* angstrom (snap) or 1/2; 1 */
  int64_t channel;              /* of chem, from 1; 0: its own */
} afb_input_element;

typedef struct {
  double s, d;                  /* angstrom */
} afb_input_inner;

typedef struct {
  const char *name;             /* "bispectrum" */
  int convention;               /* afb_input_convention */
  int64_t twojmax;
  afb_integers pairs;           /* olcao: two_j1, two_j2 of each pair */
  double rcutfac;               /* snap: R of a pair is rcutfac (R_i + R_j), angstrom */
  double cutoff;                /* olcao: in place of rcutfac, angstrom (given with its unit) */
  double angle;                 /* olcao: hyperspherical angle / (pi r/r_c) */
  afb_named elements;           /* afb_input_element */
  double rfac0, rmin0;
  int switching;
  afb_named inner_switch;       /* afb_input_inner */
  int bzero, bnorm, self_all, chem, quadratic;
  int adaptive;                 /* 1: the section is given */
  double adaptive_neighbours, adaptive_smooth;   /* smooth: width, 0 a step */
  afb_integers grid;            /* nx, ny, nz; n 0: on atoms */
  afb_strings quantities;       /* B, dB, virial */
  const char *kernel;           /* auto, reference, 2, 4, 8 */
} afb_input_descriptor;

typedef struct {
  afb_input_structures structures;
  afb_input_descriptor descriptor;
} afb_describe_input;

typedef struct {
  double inner, outer;          /* angstrom; NaN: no such term */
} afb_input_zbl;

typedef struct {
  double energy, force, stress; /* weights of a group's rows, 1/eV per atom, angstrom/eV, 1/bar */
} afb_input_group;

/* A table in HDF5 files, in place of structures. */
typedef struct {
  int given;                    /* 1: the section is there */
  afb_strings file, inputs, targets;       /* inputs of a prediction may be absent: as the model's */
  const char *group, *mask;     /* NULL: none */
  const char *campaign;         /* file of a campaign; NULL: none */
  double validation, test;      /* parts of the rows */
  double memory;                /* bytes of a rank for rows */
  int64_t shuffle;              /* rows of a pool; 0: what memory holds */
} afb_input_data;

typedef struct {
  afb_input_structures structures;
  afb_input_descriptor descriptor;
  afb_input_data data;
  int model;                    /* afb_input_model */
  /* linear */
  double ridge;
  const char *potential;        /* writes POTENTIAL.snapcoeff and .snapparam; NULL: none */
  afb_input_zbl zbl;            /* reference that is subtracted */
  afb_named groups;             /* afb_input_group */
  /* mdn */
  const char *targets;          /* CSV with the columns model, atom, A1 ... An */
  const char *exponents;        /* CSV with the columns k, alpha (bohr^-2) */
  const char *start;            /* scfV file whose first type is the default start; NULL: not compared */
  const char *reference_model;  /* whose first atom is the baseline "every atom like in the bulk" */
  afb_numbers cutoffs;          /* angstrom (given with unit): local, medium, long range */
  afb_strings features;         /* files of descriptors in place of cutoffs */
  int64_t components, width, layers, members, steps;
  int covariance;               /* afb_input_covariance */
  int64_t rank;                 /* of a low-rank covariance */
  int leave_one_out;            /* validation by leaving out one model at a time */
  const char *scfv;             /* folder for predicted scfV files of the left-out models; NULL: none */
  int64_t seed;
  /* on a table; `start` is then a model file */
  int loss, early_stopping;     /* afb_input_loss, afb_input_stopping */
  const char *optimiser, *schedule;        /* learn/optimiser.h */
  double rate, weight_decay, wall_seconds; /* wall_seconds NaN: no limit */
  int64_t batch, warmup, epochs, patience; /* epochs 0: steps count */
} afb_train_input;

typedef struct {
  afb_input_structures structures;
  afb_input_data data;          /* file, inputs */
  int model;                    /* afb_input_predict */
  const char *coefficients, *parameters;   /* snap */
  afb_input_zbl zbl;
  const char *file;             /* mdn, table: what `aufbau train` wrote */
  afb_strings features;         /* mdn: files of descriptors */
  const char *scfv;             /* folder for scfV files; NULL: none */
  const char *xyz;              /* snap: extended XYZ to write; NULL: none */
} afb_predict_input;

extern const afb_schema afb_atom_schema;       /* fills an afb_atom_input */
extern const afb_schema afb_campaign_schema;   /* fills an afb_campaign_input */
extern const afb_schema afb_describe_schema;   /* fills an afb_describe_input */
extern const afb_schema afb_train_schema;      /* fills an afb_train_input */
extern const afb_schema afb_predict_schema;    /* fills an afb_predict_input */

/* All schemas, NULL-terminated. */
extern const afb_schema *const afb_schemas[];
/* By the name of the command; NULL when it has no input. */
const afb_schema *afb_schema_named(const char *name);

#endif
