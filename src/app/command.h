/* Sub-commands of the program and their common options. */
#ifndef AFB_APP_COMMAND_H
#define AFB_APP_COMMAND_H

#include "core/log.h"
#include "core/status.h"

/* What the program returns. Ranks return the same. */
enum {
  AFB_EXIT_DONE = 0,
  AFB_EXIT_INPUT = 1,        /* wrong input: nothing run, nothing overwritten */
  AFB_EXIT_FAILED = 2,       /* the calculation failed */
  AFB_EXIT_INTERNAL = 70,    /* a defect of this program */
  AFB_EXIT_RESUMABLE = 75    /* stopped early; the same command continues */
};

/* Options; those that a command takes are or-ed in its row. --log-level, --quiet and --help are taken by all. */
enum {
  AFB_OPTION_OUTPUT = 1,
  AFB_OPTION_JSON = 2,
  AFB_OPTION_CSV = 4,
  AFB_OPTION_SET = 8,
  AFB_OPTION_MARKDOWN = 16,
  AFB_OPTION_QUIET = 32,
  AFB_OPTION_LOG_LEVEL = 64,
  AFB_OPTION_HELP = 128,
  AFB_OPTION_SKIP_BAD = 256,
  AFB_OPTION_JLODK = 512,
  AFB_OPTION_COMPARE = 1024,
  AFB_OPTION_GRASP = 2048,
  AFB_OPTION_TEXT = 4096,
  AFB_OPTION_SCALING = 8192,
  AFB_OPTION_LATEX = 16384,
  AFB_OPTION_FIGURE = 32768,
  AFB_OPTION_PLAN = 65536,
  AFB_OPTION_CRATE = 1 << 20,
  AFB_OPTION_AUTHOR = 1 << 21,
  AFB_OPTION_LICENCE = 1 << 22
};

enum { AFB_MAX_OPERANDS = 64, AFB_MAX_SET_OPTIONS = 64 };

typedef struct {
  int n_operands;
  const char *operand[AFB_MAX_OPERANDS];
  const char *output, *json, *csv, *jlodk, *compare, *grasp, *latex, *figure, *plan, *author, *licence;   /* NULL when not given */
  int n_set;
  const char *set[AFB_MAX_SET_OPTIONS];
  int markdown, quiet, help, skip_bad, text, scaling, crate;
  afb_log_level log_level;
} afb_arguments;

typedef struct {
  const char *name;
  const char *operands;        /* for the help: "INPUT" */
  int min_operands, max_operands;
  unsigned options;
  const char *summary;         /* one line */
  const char *help;            /* what the command does, several lines, each ended */
  /* Collective on MPI_COMM_WORLD; every rank returns the same status. *exit_status is AFB_EXIT_DONE beforehand
   * and counts when the status is AFB_OK. */
  afb_status (*run)(const afb_arguments *arguments, int *exit_status);
} afb_command;

/* Ended by a row without a name. */
extern const afb_command afb_commands[];
/* NULL when there is none. */
const afb_command *afb_command_find(const char *name);
/* Names of all commands, NULL-terminated, for suggestions. */
enum { AFB_MAX_COMMANDS = 32 };
int afb_command_names(const char *name[AFB_MAX_COMMANDS]);

/* Reads argv[2] ... of a command. AFB_E_INPUT. */
afb_status afb_arguments_read(const afb_command *command, int argc, char **argv, afb_arguments *out);
/* An option as people see it: "--output", "-o", "FILE"; letter and value may be NULL. */
typedef struct {
  unsigned bit;
  const char *name, *letter, *value, *help;
} afb_option;
/* Number i, from 0, of the options that a command takes beside those that all take; of these with NULL. NULL: there are no more. */
const afb_option *afb_command_option(const afb_command *command, int i);

/* Help of one command, and of the program, on standard output; the same and more as a page for man. */
void afb_command_help(const afb_command *command);
void afb_program_help(void);
void afb_man_page(void);
/* --version: the program's revision, compiler and libraries. */
void afb_version_print(void);
/* The program's revision, and the versions of PETSc, SLEPc ... on one line, for the files that it writes. */
const char *afb_version_revision(void);
const char *afb_version_libraries(void);

afb_status afb_run_atom(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_bench(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_campaign(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_check(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_describe(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_export(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_import(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_list(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_predict(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_report_of(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_status(const afb_arguments *arguments, int *exit_status);
afb_status afb_run_train(const afb_arguments *arguments, int *exit_status);

#endif
