/* --help, `aufbau COMMAND --help` and the manual page, from the tables of commands, options and inputs. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "config/inputs.h"

/* What commands are for, in the order in which one needs them; a command that stands nowhere here comes under the last. */
typedef struct {
  const char *title;
  const char *commands;        /* names, each between blanks */
} purpose;
static const purpose purposes[] = {
  {"Atoms and ions", " atom campaign status report "},
  {"Structures and learning", " describe train predict "},
  {"Results of others, and for others", " import export "},
  {"Inputs, and this program", " check list bench "},
};
enum { N_PURPOSES = sizeof purposes / sizeof purposes[0] };

static int purpose_of(const afb_command *command)
{
  char name[64];
  snprintf(name, sizeof name, " %s ", command->name);
  for (int i = 0; i < N_PURPOSES; i++)
    if (strstr(purposes[i].commands, name))
      return i;
  return N_PURPOSES - 1;
}

typedef struct {
  const char *command;         /* NULL: of the program */
  const char *line, *meaning;
} example;
static const example examples[] = {
  {NULL, "aufbau list template campaign >campaign.yaml", "an input to start from"},
  {NULL, "aufbau check campaign.yaml", "all its mistakes, or all its values"},
  {NULL, "mpirun -n 4 aufbau campaign campaign.yaml", "runs, and goes on where it stopped: campaign.h5"},
  {NULL, "aufbau status campaign.h5", "how far it has got, from another shell"},
  {"atom", "aufbau list template atom >be.yaml", "an input to start from"},
  {"atom", "aufbau atom be.yaml -o be.h5", "its levels, printed and stored"},
  {"atom", "aufbau atom be.yaml --set atom.charge=1 --json be.json", "another charge, without changing the input"},
  {"bench", "aufbau bench bispectrum", "microseconds an atom on this machine, beside LAMMPS"},
  {"campaign", "mpirun -n 4 aufbau campaign campaign.yaml -o first.h5", "runs until a budget is used up, or stops in order"},
  {"campaign", "mpirun -n 8 aufbau campaign campaign.yaml -o first.h5 --set campaign.budget.runs=2000", "goes on, with a larger budget"},
  {"campaign", "touch first.h5.stop", "asks it to stop, from another shell"},
  {"check", "aufbau check campaign.yaml --set campaign.seed=2", "the input with all defaults filled in"},
  {"describe", "mpirun -n 4 aufbau describe structures.yaml -o structures.h5", "descriptors of every atom"},
  {"export", "aufbau export runs first.h5 --csv runs.csv", "a row a run"},
  {"export", "aufbau export levels first.h5 --json levels.json", "levels of the runs that converged"},
  {"import", "aufbau import runs outcomes.csv -o first.h5", "a campaign with -o first.h5 learns from them"},
  {"list", "aufbau list", "what can be listed"},
  {"list", "aufbau list template train", "an input to start from"},
  {"predict", "mpirun -n 4 aufbau predict structures.yaml -o forces.h5", "energies, forces and stresses"},
  {"report", "aufbau report first.h5", "a page that shows what is in the file"},
  {"report", "aufbau report first.h5 --crate --author \"Jane Doe\" --license CC-BY-4.0", "the page, and metadata for an archive"},
  {"status", "aufbau status first.h5", "a screen"},
  {"status", "watch -n 30 aufbau status first.h5", "every 30 seconds"},
  {"status", "aufbau status first.h5 --quiet | tr ' ' '\\n' | sed -n 's/^done=//p'", "the number of runs, for a script"},
  {"train", "mpirun -n 4 aufbau train fit.yaml -o potential.h5", "a potential, a network or a model of a table"},
};
enum { N_EXAMPLES = sizeof examples / sizeof examples[0] };

static const struct { int status; const char *meaning; } exits[] = {
  {AFB_EXIT_DONE, "done"},
  {AFB_EXIT_INPUT, "wrong input: nothing was run, nothing was overwritten"},
  {AFB_EXIT_FAILED, "the calculation failed, or a disk or the memory was full"},
  {AFB_EXIT_INTERNAL, "a defect of the program"},
  {AFB_EXIT_RESUMABLE, "stopped early and in order; the same command continues"},
};
enum { N_EXITS = sizeof exits / sizeof exits[0] };

static const char about[] = "machine-learning-guided campaigns of atomic-structure calculations";

static int is_of(const example *e, const afb_command *command)
{
  return command ? e->command && strcmp(e->command, command->name) == 0 : !e->command;
}

/* ---- For a terminal ---- */

static void print_option(const afb_option *o)
{
  char text[64];
  snprintf(text, sizeof text, "%s%s%s%s%s", o->letter ? o->letter : "", o->letter ? ", " : "", o->name, o->value ? " " : "",
           o->value ? o->value : "");
  printf("  %-26s %s\n", text, o->help);
}

static void print_options(const afb_command *command)
{
  for (int i = 0; afb_command_option(command, i); i++)
    print_option(afb_command_option(command, i));
}

static void print_examples(const afb_command *command)
{
  for (int i = 0; i < N_EXAMPLES; i++)
    if (is_of(&examples[i], command))
      printf("  %s\n      %s\n", examples[i].line, examples[i].meaning);
}

void afb_command_help(const afb_command *command)
{
  printf("aufbau %s%s%s [options]: %s\n\n%s\nOptions:\n", command->name, command->operands[0] ? " " : "", command->operands,
         command->summary, command->help);
  print_options(command);
  print_options(NULL);
  printf("\nExamples:\n");
  print_examples(command);
}

void afb_program_help(void)
{
  printf("aufbau COMMAND [options] ...: %s.\nAlone or under mpirun or srun.\n", about);
  for (int i = 0; i < N_PURPOSES; i++) {
    printf("\n%s:\n", purposes[i].title);
    for (const afb_command *command = afb_commands; command->name; command++)
      if (purpose_of(command) == i)
        printf("  %-10s %s\n", command->name, command->summary);
  }
  printf("\nOptions of all commands; `aufbau COMMAND --help` tells more about one:\n");
  print_options(NULL);
  printf("  %-26s %s\n", "--version", "version, revision, compiler and libraries");
  printf("\nExit status:\n");
  for (int i = 0; i < N_EXITS; i++)
    printf("  %2d  %s\n", exits[i].status, exits[i].meaning);
  printf("\nExamples:\n");
  print_examples(NULL);
  printf("\nDocumentation: aufbau(1); the folder docs of the source, docs/input.md for every key of every input; `aufbau list`.\n");
}

/* ---- For man ---- */

/* Characters that roff would take for its own, or print as others. */
static void roff(const char *text)
{
  int at_start = 1;
  for (const char *c = text; *c; c++) {
    if (at_start && (*c == '.' || *c == '\''))
      fputs("\\&", stdout);
    switch (*c) {
    case '\\': fputs("\\e", stdout); break;
    case '-': fputs("\\-", stdout); break;
    case '`': fputs("\\(ga", stdout); break;
    case '\'': fputs("\\(aq", stdout); break;
    case '^': fputs("\\(ha", stdout); break;
    case '~': fputs("\\(ti", stdout); break;
    case '"': fputs("\\(dq", stdout); break;
    default: putchar(*c);
    }
    at_start = *c == '\n';
  }
}

/* Lines that begin with "name: " start a line of their own. */
static void roff_lines(const char *text)
{
  for (int first = 1; *text; first = 0) {
    char line[512];
    int length = (int)strcspn(text, "\n"), word = (int)strcspn(text, " \n");
    snprintf(line, sizeof line, "%.*s", length, text);
    if (!first && word > 1 && text[word - 1] == ':')
      printf(".br\n");
    roff(line);
    putchar('\n');
    text += length + (text[length] == '\n');
  }
}

static void roff_options(const afb_command *command)
{
  for (int i = 0; afb_command_option(command, i); i++) {
    const afb_option *o = afb_command_option(command, i);
    printf(".TP\n");
    if (o->letter) {
      printf("\\fB");
      roff(o->letter);
      printf("\\fR, ");
    }
    printf("\\fB");
    roff(o->name);
    printf("\\fR");
    if (o->value) {
      printf(" \\fI");
      roff(o->value);
      printf("\\fR");
    }
    putchar('\n');
    roff(o->help);
    putchar('\n');
  }
}

static void roff_examples(const afb_command *command)
{
  const char *between = command ? ".PP\n" : "";   /* not behind the head of a section */
  for (int i = 0; i < N_EXAMPLES; i++)
    if (is_of(&examples[i], command)) {
      fputs(between, stdout);
      between = ".PP\n";
      roff(examples[i].meaning);
      printf(":\n.PP\n.nf\n.RS\n");
      roff(examples[i].line);
      printf("\n.RE\n.fi\n");
    }
}

static void roff_command(const afb_command *command)
{
  printf(".SS aufbau %s ", command->name);
  roff(command->operands);
  printf("\n");
  roff(command->summary);
  printf(".\n.PP\n");
  roff_lines(command->help);
  roff_options(command);
  roff_examples(command);
}

static void roff_table(int n, const char *const row[][2])
{
  for (int i = 0; i < n; i++) {
    printf(".TP\n\\fB");
    roff(row[i][0]);
    printf("\\fR\n");
    roff(row[i][1]);
    putchar('\n');
  }
}

static void roff_end(void)
{
  static const char *const files[][2] = {
    {"FILE.h5", "results: one HDF5 file, complete at every moment"},
    {"FILE.h5.journal", "results that FILE.h5 does not hold yet; keep it, the same command puts them there"},
    {"FILE.h5.stop", "its appearance ends a campaign in order"},
    {"FILE.h5.tmp", "half of a replacement, without value once its process has ended"},
    {"FILE.h5.validation", "what a training that was stopped had done; the same command goes on from it"},
  };
  static const char *const variables[][2] = {
    {"AUFBAU_SCRATCH", "where programs of others work (engine: grasp); default: the first of TMPDIR, SLURM_TMPDIR, LOCAL_SCRATCH, /tmp and /dev/shm "
     "that will do"},
    {"PATH", "where these programs are found"},
  };
  printf(".SH EXIT STATUS\n");
  for (int i = 0; i < N_EXITS; i++)
    printf(".TP\n.B %d\n%s\n", exits[i].status, exits[i].meaning);
  printf(".SH SIGNALS\nSIGUSR1 and SIGTERM end\n.B campaign\nand, while models are left out,\n.B train\nin order, with exit status %d.\n",
         AFB_EXIT_RESUMABLE);
  printf(".SH ENVIRONMENT\n");
  roff_table(sizeof variables / sizeof variables[0], variables);
  printf(".SH FILES\n");
  roff_table(sizeof files / sizeof files[0], files);
  printf(".SH EXAMPLES\n");
  roff_examples(NULL);
  printf(".SH SEE ALSO\nThe folder docs of the source: every key of the inputs in docs/input.md, every column of the result file in\n"
         "docs/store\\-schema.md.\n.BR mpirun (1),\n.BR srun (1),\n.BR h5dump (1)\n");
}

void afb_man_page(void)
{
  printf(".\\\" Made by `aufbau list man` from the tables of commands and options.\n"
         ".TH AUFBAU 1 \"\" \"%s\" \"User Commands\"\n.SH NAME\naufbau \\- ", PACKAGE_STRING);
  roff(about);
  printf("\n.SH SYNOPSIS\n.B aufbau\n.I COMMAND\n.RI [ options ]\n\\&...\n.br\n.B aufbau \\-\\-help\n|\n.B \\-\\-version\n.SH DESCRIPTION\n");
  roff("Runs alone or under mpirun or srun. Most commands read an input, a YAML document: `aufbau list template COMMAND` prints one to start "
       "from, `aufbau check INPUT` finds its mistakes. Commands that take an input:");
  for (int i = 0; afb_schemas[i]; i++)
    printf("\n.TP\n.B %s\n%s", afb_schemas[i]->name, afb_schemas[i]->summary);
  printf("\n.SH OPTIONS\nof all commands:\n");
  roff_options(NULL);
  for (int i = 0; i < N_PURPOSES; i++) {
    printf(".SH ");
    for (const char *c = purposes[i].title; *c; c++)
      putchar(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    printf("\n");
    for (const afb_command *command = afb_commands; command->name; command++)
      if (purpose_of(command) == i)
        roff_command(command);
  }
  roff_end();
}
