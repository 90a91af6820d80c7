/* The tables of the result file: names, types, units and descriptions of all columns. */
#include "store/store.h"

#define NUMBER(row, field, type, unit, description) {#field, type, 1, offsetof(row, field), unit, description, 0, 0, 0}
#define ENUM(row, field, which, description) {#field, AFB_I32, 1, offsetof(row, field), "1", description, which, 0, 0}
#define ARRAY(row, field, type, length, unit, description) \
  {#field, type, length, offsetof(row, field), unit, description, 0, 0, 0}
#define TEXT(row, field, description) \
  {#field, AFB_STRING, (int)sizeof ((row *)0)->field, offsetof(row, field), "1", description, 0, 0, 0}
/* A column that files of schema versions before `since` lack. */
#define LATER_NUMBER(row, field, type, unit, description, since) {#field, type, 1, offsetof(row, field), unit, description, 0, since, 0}
#define LATER_ENUM(row, field, which, description, since) {#field, AFB_I32, 1, offsetof(row, field), "1", description, which, since, 0}
#define LATER_TEXT(row, field, description, since) \
  {#field, AFB_STRING, (int)sizeof ((row *)0)->field, offsetof(row, field), "1", description, 0, since, 0}
/* The number of a row, which older files do not tell. */
#define LATER_INDEX(row, field, description, since) {#field, AFB_I32, 1, offsetof(row, field), "1", description, 0, since, -1}
#define TABLE(name, description, row, columns) \
  {name, description, sizeof(row), (int)(sizeof (columns) / sizeof (columns)[0]), columns}

static const afb_column sessions[] = {
#define ROW afb_store_session
  TEXT(ROW, started, "UTC date and time of this session's start; zero of the times of its rows"),
  TEXT(ROW, version, "version of the program"),
  TEXT(ROW, revision, "revision of its source"),
  TEXT(ROW, compiler, "compiler that built it"),
  TEXT(ROW, mpi, "MPI library"),
  TEXT(ROW, hdf5, "HDF5 library"),
  TEXT(ROW, libraries, "other libraries"),
  TEXT(ROW, host, "host of rank 0"),
  NUMBER(ROW, ranks, AFB_I32, "1", "number of MPI ranks"),
  NUMBER(ROW, input_first, AFB_I64, "1", "resolved input of this session: first byte in text/byte"),
  NUMBER(ROW, input_count, AFB_I64, "1", "resolved input of this session: number of bytes"),
#undef ROW
};
static const afb_column text[] = {
  {"byte", AFB_BYTE, 1, 0, "1", "UTF-8 text that rows of other tables refer to", 0, 0, 0},
};
static const afb_column ions[] = {
#define ROW afb_store_ion
  NUMBER(ROW, z, AFB_I32, "1", "nuclear charge number"),
  NUMBER(ROW, charge, AFB_I32, "1", "charge of the ion in units of e"),
  TEXT(ROW, label, "spectroscopic notation, such as Y I"),
#undef ROW
};
static const afb_column configurations[] = {
  TEXT(afb_store_configuration, text, "electron configuration in canonical form, shells n l occupation"),
};
static const afb_column sets[] = {
#define ROW afb_store_set
  NUMBER(ROW, ion, AFB_I32, "1", "row of ions"),
  NUMBER(ROW, first, AFB_I64, "1", "first row of set_members"),
  NUMBER(ROW, count, AFB_I32, "1", "number of configurations"),
#undef ROW
};
static const afb_column set_members[] = {
  {"configuration", AFB_I64, 1, 0, "1", "row of configurations; ascending within a set", 0, 0, 0},
};
static const afb_column runs[] = {
#define ROW afb_store_run
  NUMBER(ROW, ion, AFB_I32, "1", "row of ions"),
  ENUM(ROW, engine, 4, "program that computed it"),
  NUMBER(ROW, set, AFB_I64, "1", "row of sets"),
  NUMBER(ROW, parent, AFB_I64, "1", "run whose orbitals started it, -1 for none"),
  NUMBER(ROW, added, AFB_I64, "1", "row of configurations by which the set differs from the parent's, -1 for none"),
  ENUM(ROW, outcome, 1, "how it ended"),
  ENUM(ROW, rung, 2, "scheme that ended it"),
  NUMBER(ROW, blamed_n, AFB_I32, "1", "principal quantum number of the shell that a failure is put down to, 0 for none"),
  NUMBER(ROW, blamed_l, AFB_I32, "1", "orbital angular momentum of the shell that a failure is put down to"),
  NUMBER(ROW, iterations, AFB_I32, "1", "iterations of all schemes"),
  ENUM(ROW, strategy, 3, "why it was run"),
  NUMBER(ROW, round, AFB_I32, "1", "number of the round, -1 outside of rounds"),
  NUMBER(ROW, ranks, AFB_I32, "1", "number of ranks that computed it"),
  LATER_INDEX(ROW, first_rank, "the first of these ranks, numbered as in usage; -1 when unknown", 4),
  NUMBER(ROW, n_csf, AFB_I64, "1", "number of configuration state functions, -1 when unknown"),
  NUMBER(ROW, energy, AFB_F64, "hartree", "weighted mean of the optimised levels"),
  NUMBER(ROW, gradient, AFB_F64, "1", "largest orbital residual at the end"),
  NUMBER(ROW, core_seconds, AFB_F64, "s", "wall time summed over its ranks"),
  NUMBER(ROW, cpu_seconds, AFB_F64, "s", "processor time summed over its ranks"),
  NUMBER(ROW, start, AFB_F64, "s", "start, since the session's start"),
  NUMBER(ROW, finish, AFB_F64, "s", "end, since the session's start"),
  NUMBER(ROW, probability, AFB_F64, "1", "probability of converging that was predicted before the run"),
  NUMBER(ROW, probability_cheapest, AFB_F64, "1", "predicted probability of converging on the cheapest rung"),
  NUMBER(ROW, predicted_cost, AFB_F64, "s", "core seconds that were predicted"),
  LATER_NUMBER(ROW, estimated_cost, AFB_F64, "s", "core seconds predicted from the input alone, without what earlier runs took", 3),
  LATER_NUMBER(ROW, predicted_bytes, AFB_F64, "B", "memory that was predicted for the rank that needs most", 3),
  LATER_NUMBER(ROW, peak_bytes, AFB_F64, "B", "memory at its peak on the rank that needed most, beyond what the rank holds between runs", 3),
  NUMBER(ROW, content_hash, AFB_U64, "1", "hash of everything that decides the result"),
  TEXT(ROW, reason, "why it ended so, in words"),
  NUMBER(ROW, session, AFB_I32, "1", "row of sessions"),
  NUMBER(ROW, first_level, AFB_I64, "1", "first row of levels"),
  NUMBER(ROW, n_levels, AFB_I32, "1", "number of rows of levels"),
  NUMBER(ROW, first_trace, AFB_I64, "1", "first row of traces"),
  NUMBER(ROW, n_traces, AFB_I32, "1", "number of rows of traces"),
  NUMBER(ROW, first_orbital, AFB_I64, "1", "first row of orbitals"),
  NUMBER(ROW, n_orbitals, AFB_I32, "1", "number of rows of orbitals"),
  NUMBER(ROW, first_breakpoint, AFB_I64, "1", "first row of breakpoints"),
  NUMBER(ROW, n_breakpoints, AFB_I32, "1", "number of rows of breakpoints"),
  NUMBER(ROW, first_coefficient, AFB_I64, "1", "first row of coefficients, n_orbitals times (n_p + n_q) in all"),
  NUMBER(ROW, n_p, AFB_I32, "1", "spline coefficients of P of each orbital"),
  NUMBER(ROW, n_q, AFB_I32, "1", "spline coefficients of Q of each orbital"),
#undef ROW
};
static const afb_column levels[] = {
#define ROW afb_store_level
  NUMBER(ROW, run, AFB_I64, "1", "row of runs"),
  NUMBER(ROW, two_j, AFB_I32, "1", "twice the total angular momentum"),
  NUMBER(ROW, parity, AFB_I32, "1", "+1 or -1"),
  NUMBER(ROW, index, AFB_I32, "1", "number within J and parity by energy, from 1"),
  NUMBER(ROW, n_leading, AFB_I32, "1", "number of leading CSFs that are given"),
  NUMBER(ROW, energy, AFB_F64, "hartree", "total energy"),
  NUMBER(ROW, weight, AFB_F64, "1", "weight in the optimised mean; the sum over a run's levels is 1"),
  ARRAY(ROW, leading_csf, AFB_I32, AFB_STORE_LEADING, "1",
        "numbers of the leading CSFs in the run's list, from 0, by decreasing weight; -1 beyond n_leading"),
  ARRAY(ROW, leading_mixing, AFB_F64, AFB_STORE_LEADING, "1", "their mixing coefficients"),
  TEXT(ROW, leading, "the first of them"),
  LATER_TEXT(ROW, label, "leading state in LS coupling; empty where it is not known", 2),
  LATER_NUMBER(ROW, label_weight, AFB_F64, "1", "its weight", 2),
  LATER_TEXT(ROW, second_label, "the next one; empty where there is none", 2),
  LATER_NUMBER(ROW, second_weight, AFB_F64, "1", "its weight", 2),
#undef ROW
};
static const afb_column traces[] = {
#define ROW afb_store_trace
  NUMBER(ROW, run, AFB_I64, "1", "row of runs"),
  ENUM(ROW, rung, 2, "scheme of this iteration"),
  NUMBER(ROW, iteration, AFB_I32, "1", "number of the iteration"),
  NUMBER(ROW, energy, AFB_F64, "hartree", "weighted mean of the optimised levels"),
  NUMBER(ROW, residual, AFB_F64, "1", "largest orbital residual"),
  NUMBER(ROW, step, AFB_F64, "1", "largest change of an orbital, norm"),
  NUMBER(ROW, seconds, AFB_F64, "s", "processor time since the start of the run"),
  LATER_ENUM(ROW, outcome, 1, "how the attempt ended, one scheme of the ladder, of which this is the last iteration; none within an attempt", 3),
#undef ROW
};
static const afb_column orbitals[] = {
#define ROW afb_store_orbital
  NUMBER(ROW, run, AFB_I64, "1", "row of runs"),
  NUMBER(ROW, n, AFB_I32, "1", "principal quantum number"),
  NUMBER(ROW, kappa, AFB_I32, "1", "relativistic angular quantum number"),
  TEXT(ROW, label, "n and l, with - for j = l - 1/2"),
  NUMBER(ROW, energy, AFB_F64, "hartree", "orbital energy, negative when bound"),
  NUMBER(ROW, occupation, AFB_F64, "1", "generalised occupation in the optimised levels"),
  NUMBER(ROW, r_mean, AFB_F64, "bohr", "mean radius"),
#undef ROW
};
static const afb_column breakpoints[] = {
  {"radius", AFB_F64, 1, 0, "bohr", "breakpoints of the radial splines, from 0", 0, 0, 0},
};
static const afb_column coefficients[] = {
  {"value", AFB_F64, 1, 0, "bohr^-1/2", "spline coefficients of P (order 8), then Q (order 9), orbital by orbital", 0, 0, 0},
};
static const afb_column models[] = {
#define ROW afb_store_model
  TEXT(ROW, name, "kind of model"),
  NUMBER(ROW, round, AFB_I32, "1", "number of the round, -1 outside of rounds"),
  NUMBER(ROW, session, AFB_I32, "1", "row of sessions"),
  NUMBER(ROW, step, AFB_I64, "1", "steps of the optimiser"),
  NUMBER(ROW, time, AFB_F64, "s", "when it was stored, since the session's start"),
  NUMBER(ROW, first_parameter, AFB_I64, "1", "first row of parameters"),
  NUMBER(ROW, n_parameters, AFB_I64, "1", "number of rows of parameters"),
  NUMBER(ROW, first_optimiser, AFB_I64, "1", "first row of optimiser"),
  NUMBER(ROW, n_optimiser, AFB_I64, "1", "number of rows of optimiser"),
  NUMBER(ROW, first_metric, AFB_I64, "1", "first row of metrics"),
  NUMBER(ROW, n_metrics, AFB_I64, "1", "number of rows of metrics"),
  NUMBER(ROW, spec_first, AFB_I64, "1", "description: a line with layers and sizes, then the model card, JSON: first byte in text/byte"),
  NUMBER(ROW, spec_count, AFB_I64, "1", "description: number of bytes"),
#undef ROW
};
static const afb_column parameters[] = {
  {"value", AFB_F32, 1, 0, "1", "parameters of models", 0, 0, 0},
};
static const afb_column optimiser[] = {
  {"value", AFB_F32, 1, 0, "1", "state of the optimiser of models", 0, 0, 0},
};
static const afb_column metrics[] = {
  TEXT(afb_store_metric, name, "name of a measure, and behind a slash the data that it was taken on"),
  NUMBER(afb_store_metric, value, AFB_F64, "1", "its value"),
};
static const afb_column losses[] = {
#define ROW afb_store_loss
  NUMBER(ROW, step, AFB_I64, "1", "steps of the optimiser"),
  NUMBER(ROW, training, AFB_F64, "1", "loss on the training data"),
  NUMBER(ROW, validation, AFB_F64, "1", "loss on the validation data"),
#undef ROW
};
static const afb_column rounds[] = {
#define ROW afb_store_round
  NUMBER(ROW, round, AFB_I32, "1", "number of the round"),
  NUMBER(ROW, session, AFB_I32, "1", "row of sessions"),
  NUMBER(ROW, start, AFB_F64, "s", "start, since the session's start"),
  NUMBER(ROW, finish, AFB_F64, "s", "end, since the session's start"),
  NUMBER(ROW, n_runs, AFB_I64, "1", "runs that were known at its start"),
  NUMBER(ROW, n_training, AFB_I64, "1", "runs that the model was trained on"),
  NUMBER(ROW, n_validation, AFB_I64, "1", "runs that it was validated on"),
  NUMBER(ROW, model, AFB_I64, "1", "row of models, -1 for none"),
  NUMBER(ROW, training_seconds, AFB_F64, "s", "wall time of the training"),
  NUMBER(ROW, first_metric, AFB_I64, "1", "first row of metrics"),
  NUMBER(ROW, n_metrics, AFB_I64, "1", "number of rows of metrics"),
  NUMBER(ROW, first_loss, AFB_I64, "1", "first row of losses"),
  NUMBER(ROW, n_losses, AFB_I64, "1", "number of rows of losses"),
#undef ROW
};
static const afb_column predictions[] = {
#define ROW afb_store_prediction
  NUMBER(ROW, round, AFB_I32, "1", "number of the round"),
  NUMBER(ROW, ion, AFB_I32, "1", "row of ions"),
  NUMBER(ROW, model, AFB_I64, "1", "row of models, -1 for none"),
  NUMBER(ROW, parent, AFB_I64, "1", "row of runs: the candidate is its set and one configuration more"),
  NUMBER(ROW, added, AFB_I64, "1", "row of configurations: the one more"),
  NUMBER(ROW, probability, AFB_F64, "1", "predicted probability of converging"),
  NUMBER(ROW, probability_cheapest, AFB_F64, "1", "predicted probability of converging on the cheapest rung"),
  NUMBER(ROW, predicted_cost, AFB_F64, "s", "predicted core seconds"),
  NUMBER(ROW, score, AFB_F64, "1", "value of the acquisition function"),
  NUMBER(ROW, chosen, AFB_I32, "1", "1 when it was queued in this round, else 0"),
#undef ROW
};

static const afb_column usage[] = {
#define ROW afb_store_usage
#define SECONDS(field, description) LATER_NUMBER(ROW, field, AFB_F64, "s", description, 4)
  LATER_INDEX(ROW, session, "row of sessions", 4),
  LATER_INDEX(ROW, rank, "number of the rank; ranks of a node are next to each other", 4),
  LATER_INDEX(ROW, node, "number of its host among those of the session", 4),
  SECONDS(wall, "wall time of the session on this rank: the sum of startup, run, training, validation, storing, service, idle, drain"),
  SECONDS(startup, "before the first work: MPI, input, file"),
  SECONDS(run, "calculations"),
  SECONDS(failed, "the part of run in calculations that did not converge"),
  SECONDS(training, "training of a campaign's model, and ranking with it"),
  SECONDS(validation, "validation of the model"),
  SECONDS(storing, "files, with the waits of collective writing"),
  SECONDS(service, "queue and messages"),
  SECONDS(idle, "waiting for work"),
  SECONDS(drain, "waiting after the rank's last work until the last rank is done, and what belongs to nothing else"),
  SECONDS(cpu, "processor time of the process"),
  SECONDS(useful, "run, training and validation without the waits of their ranks for one another"),
  LATER_NUMBER(ROW, energy_joule, AFB_F64, "J", "energy of the rank's node during the session, on the rank that reads it; NaN elsewhere and where there is no source", 4),
  LATER_TEXT(ROW, energy_source, "what counts the energy; empty where it is not known", 4),
#undef SECONDS
#undef ROW
};

static const afb_table_schema schema[AFB_N_TABLES] = {
  [AFB_TABLE_SESSIONS] =
    TABLE("sessions", "openings of the file for writing that stored something", afb_store_session, sessions),
  [AFB_TABLE_TEXT] = TABLE("text", "long texts", char, text),
  [AFB_TABLE_IONS] = TABLE("ions", "atoms and ions", afb_store_ion, ions),
  [AFB_TABLE_CONFIGURATIONS] =
    TABLE("configurations", "electron configurations, each once", afb_store_configuration, configurations),
  [AFB_TABLE_SETS] = TABLE("sets", "sets of configurations of an ion, each once", afb_store_set, sets),
  [AFB_TABLE_SET_MEMBERS] = TABLE("set_members", "configurations of sets", int64_t, set_members),
  [AFB_TABLE_RUNS] = TABLE("runs", "calculations", afb_store_run, runs),
  [AFB_TABLE_LEVELS] = TABLE("levels", "optimised levels of runs", afb_store_level, levels),
  [AFB_TABLE_TRACES] = TABLE("traces", "iterations of runs", afb_store_trace, traces),
  [AFB_TABLE_ORBITALS] = TABLE("orbitals", "orbitals of runs", afb_store_orbital, orbitals),
  [AFB_TABLE_BREAKPOINTS] = TABLE("breakpoints", "knots of the radial functions of runs", double, breakpoints),
  [AFB_TABLE_COEFFICIENTS] = TABLE("coefficients", "radial functions of runs", double, coefficients),
  [AFB_TABLE_MODELS] = TABLE("models", "trained models", afb_store_model, models),
  [AFB_TABLE_PARAMETERS] = TABLE("parameters", "parameters of models", float, parameters),
  [AFB_TABLE_OPTIMISER] = TABLE("optimiser", "state of the optimiser of models", float, optimiser),
  [AFB_TABLE_METRICS] = TABLE("metrics", "measures of models and rounds", afb_store_metric, metrics),
  [AFB_TABLE_LOSSES] = TABLE("losses", "loss curves of rounds", afb_store_loss, losses),
  [AFB_TABLE_ROUNDS] = TABLE("rounds", "rounds of training and choice", afb_store_round, rounds),
  [AFB_TABLE_PREDICTIONS] =
    TABLE("predictions", "what models said of candidates", afb_store_prediction, predictions),
  [AFB_TABLE_USAGE] = TABLE("usage", "what the ranks spent in sessions that ended in order", afb_store_usage, usage),
};

const afb_table_schema *afb_store_schema(afb_table table) { return &schema[table]; }
