/* The list of commands. */
#include <string.h>

#include "app/command.h"

const afb_command afb_commands[] = {
  {"atom", "INPUT", 1, 1, AFB_OPTION_OUTPUT | AFB_OPTION_JSON | AFB_OPTION_GRASP | AFB_OPTION_SET,
   "one MCDHF calculation of an atom or ion",
   "Runs one multiconfiguration Dirac-Hartree-Fock calculation and prints its levels. `aufbau list template atom`\n"
   "prints an input. The iteration trace is printed with --log-level trace. Exit status 2 when it did not converge;\n"
   "what there is of a result is then printed and written all the same. -o FILE.h5 is made, or, if it holds the result\n"
   "of the same input, left as it is; a file of another input, or of another program, is never touched.\n",
   afb_run_atom},
  {"bench", "bispectrum|atom TABLE.csv|cost TABLE.csv|large [all]|outcomes FILE.h5|pretraining FILE.h5|train [CASE]|loop INPUT|campaign INPUT|describe INPUT|schedule [CSV]|io [MEGABYTES]|simulate [FILE.h5]", 1, 2,
   AFB_OPTION_MARKDOWN | AFB_OPTION_CSV | AFB_OPTION_OUTPUT | AFB_OPTION_SET | AFB_OPTION_QUIET, "what calculations cost on this machine",
   "atom: runs every set of TABLE.csv (the columns of `export runs`, or GRASP's reference data) that begins at the start potential, one\n"
   "rank a run, the lowest three levels of every J and parity, and prints CPU seconds, in all and by phase, beside those of the table,\n"
   "what the cost model predicted, and the cost of the angular part; --csv FILE gets a row a run.\n"
   "cost: the same, every set also from the orbitals of the set that it grew from, and some large lists; prints the coefficients of the cost\n"
   "model that are fitted to these runs.\n"
   "large: CPU seconds of large expansions, of the rank that needs most and outside MPI, on one rank and on all; with `all` also 10^5 CSFs, which\n"
   "takes minutes.\n"
   "outcomes: what the runs of a campaign's file brought, and how well a model that is trained on part of them predicts the rest, as Markdown;\n"
   "-o FILE.svg gets a figure. For 20,000 runs some minutes of a core.\n"
   "pretraining: how well a model predicts runs of new ions that starts from what it learned of the others, and one that does not, as Markdown.\n"
   "bispectrum: measures the bispectrum on displaced bcc tungsten, every rank the same at the same time: microseconds per atom on one core, the rate of\n"
   "fused multiply-adds that the core reaches in the same seconds, and both beside LAMMPS. A file of some 100 MB a rank is written into\n"
   "the working directory and removed. Takes about a minute.\n"
   "train: trains networks on random data: samples a CPU second, beside the rate of matrix products in the same seconds. On more than one\n"
   "rank also rank 0 alone, in turn. -o FILE.h5 gets data, weights to start from, loss curves and rates, for a comparison with other\n"
   "programs (tests/bench). Takes about a minute.\n"
   "loop: campaigns of INPUT by the strategies model, random and breadth, five seeds each, a rank each, until each has used budget.core_hours:\n"
   "what they got per core-hour, and the model's lead. -o FIGURE.svg gets the curves.\n"
   "campaign, describe: the whole command on 1, 2, 4 ... ranks of this start, the same work and work that grows with the ranks, with reading and writing,\n"
   "each three times after a warm-up: times, speed-up, efficiencies. A campaign needs budget.runs, and is the same on any number of ranks\n"
   "with a list of sets and without warm starts (inputs/scaling); descriptors are of all structures as often as there are ranks. -o FIGURE.svg.\n"
   "schedule: what a task costs beside its own time, empty ones and of 0.1 ms to 1 s; CSV has the same of other programs (tests/bench/task-length.sh).\n"
   "-o FIGURE.svg gets the curve against the length of tasks. About a minute.\n"
   "io: files of 1, 4, 16 ... MEGABYTES (256), written by all ranks into the working directory and removed, beside raw MPI-IO of the same bytes: descriptors, and\n"
   "a campaign's journal folded into its file.\n"
   "simulate: measures what handing out a run costs, compares the scheduler with its simulation on 1, 2, 4 ... ranks (runs that sleep), and simulates it\n"
   "on up to 100,000, runs being as long as those of FILE.h5 or of a campaign of 20,000. -o FIGURE.svg gets the curves. About a minute.\n",
   afb_run_bench},
  {"campaign", "INPUT", 1, 1, AFB_OPTION_OUTPUT | AFB_OPTION_SET | AFB_OPTION_QUIET,
   "a campaign of MCDHF runs on sets of configurations, guided by a model",
   "Runs, stores, learns and chooses until a budget is used up; results go to -o FILE.h5 (default: the input's name with\n"
   ".h5). The same command on any number of ranks continues a campaign and repeats nothing that is stored.\n"
   "SIGUSR1, SIGTERM, the file FILE.h5.stop and the end of budget.wall_time end it in order with exit status 75; when\n"
   "budget.runs or budget.core_hours is used up, or nothing is left to run, it is done: exit status 0.\n",
   afb_run_campaign},
  {"check", "INPUT [COMMAND]", 1, 2, AFB_OPTION_SET, "checks an input without running it",
   "Reports every mistake of an input and, if there is none, prints the input with all defaults filled in. COMMAND is\n"
   "the one that the input is for; without it the keys of the input tell. Files with structures are not read.\n",
   afb_run_check},
  {"describe", "INPUT", 1, 1, AFB_OPTION_OUTPUT | AFB_OPTION_SET | AFB_OPTION_SKIP_BAD,
   "descriptors of atoms and their surroundings",
   "Evaluates descriptors for every atom of many structures, or on a grid, over all ranks, and writes them to -o FILE.h5.\n"
   "`aufbau list template describe` prints an input. A structure with a mistake ends it before anything is written; with\n"
   "--skip-bad it is left out, and the file says so. An FILE.h5 of descriptors is replaced, any other file is never touched.\n",
   afb_run_describe},
  {"export", "TABLE FILE.h5", 2, 2, AFB_OPTION_CSV | AFB_OPTION_JSON | AFB_OPTION_JLODK | AFB_OPTION_COMPARE, "results in formats of others",
   "TABLE is runs, one row a run; levels, those of the runs that converged; descriptors, one row an atom or grid point of\n"
   "what `aufbau describe` wrote; forces, one row an atom of what `aufbau predict` wrote. As comma-separated\n"
   "values to --csv FILE, or to standard output. Levels also as JSON (--json FILE), as files 26_1.txt ... of the Japan-Lithuania Opacity\n"
   "Database (--jlodk FOLDER), and compared with a table of observed ones (--compare): docs/engine.md.\n",
   afb_run_export},
  {"import", "runs TABLE.csv", 2, 2, AFB_OPTION_OUTPUT, "outcomes of another program, to learn from",
   "Stores a table with the columns of `export runs`, or GRASP's reference data, in -o FILE.h5: a new file, or that of\n"
   "a campaign. A campaign with the same -o FILE.h5 learns from these outcomes beside its own; they are none of its\n"
   "runs. Rows that the file holds already are passed over.\n",
   afb_run_import},
  {"list", "[TOPIC [COMMAND]]", 0, 2, AFB_OPTION_MARKDOWN, "what there is: commands, inputs, templates, outcomes ...",
   "Without TOPIC the topics. `aufbau list template COMMAND` prints an input to start from, `aufbau list inputs\n"
   "--markdown` the input reference.\n",
   afb_run_list},
  {"predict", "INPUT", 1, 1, AFB_OPTION_OUTPUT | AFB_OPTION_SET | AFB_OPTION_QUIET | AFB_OPTION_SKIP_BAD,
   "energies, forces and stresses of structures, their atom-centred potentials; targets of a table",
   "With model.type snap: evaluates an interatomic potential for many structures over all ranks, writes energies, forces and\n"
   "stresses to -o FILE.h5 and prints a short table. With mdn: writes the Gaussian coefficients that a trained network predicts, with\n"
   "their deviations, to -o FILE.h5 and, for OLCAO, a scfV file of each structure to the folder model.scfv.\n"
   "With table: writes what a model of a table predicts for the rows of `data`.\n"
   "`aufbau list template predict` prints an input. With --skip-bad a structure with a mistake is\n"
   "left out, and the file says so.\n",
   afb_run_predict},
  {"report", "FILE.h5 | --scaling FILE.h5 ...", 1, AFB_MAX_OPERANDS,
   AFB_OPTION_OUTPUT | AFB_OPTION_TEXT | AFB_OPTION_QUIET | AFB_OPTION_SCALING | AFB_OPTION_CSV | AFB_OPTION_LATEX | AFB_OPTION_FIGURE |
     AFB_OPTION_PLAN | AFB_OPTION_MARKDOWN | AFB_OPTION_CRATE | AFB_OPTION_AUTHOR | AFB_OPTION_LICENCE,
   "a page that shows what a file holds; scaling, and node-hours of a plan",
   "Writes one page of HTML that needs nothing else, no network and no scripts, to -o PAGE.html (default: the file's name with .html): what was\n"
   "run and what came of it, the graph of sets, learning, levels, costs, failures, where the time went, provenance. With --text the same in\n"
   "brief on the terminal. Works on every file that this program writes, also while it is being written. With --crate also metadata by the\n"
   "rules of RO-Crate 1.1, once it is complete: files with sizes and SHA-256, programs, sessions, inputs.\n"
   "With --scaling: times, speed-up, efficiencies, losses, node-hours and energy of files of one input on different numbers of ranks (several of\n"
   "the same number are repetitions), as tables on the terminal and to -o PAGE.html, --csv, --latex and --figure FILE. With --plan the node-hours\n"
   "that a campaign of so many runs needs, from the costs in these files. docs/scaling.md\n",
   afb_run_report_of},
  {"status", "FILE.h5", 1, 1, AFB_OPTION_QUIET, "how far a campaign or a training has got, while it runs",
   "Reads FILE.h5 and its journal, takes no lock and changes nothing: whether a process writes it, runs and outcomes, the rate of the last\n"
   "minutes, what is left of the budget, the model's last round, efficiency, the last failures. --quiet prints one line of key=value for\n"
   "scripts, nothing behind the = where a value is not known. Exit status 1 when nothing of the file is there yet.\n",
   afb_run_status},
  {"train", "INPUT", 1, 1, AFB_OPTION_OUTPUT | AFB_OPTION_SET | AFB_OPTION_QUIET | AFB_OPTION_SKIP_BAD,
   "potentials and networks from structures, models from tables",
   "With model.type linear: fits an interatomic potential to energies, forces and stresses, prints its errors by group,\n"
   "writes it to -o FILE.h5 and, for molecular-dynamics programs, to the files that model.potential names.\n"
   "With mdn: trains a network for the Gaussian coefficients of atom-centred potentials, after leaving out one structure at a time\n"
   "to find how good it is. SIGUSR1 and SIGTERM end this in order with exit status 75; the same command goes on.\n"
   "With `data` in place of structures: trains a linear model, a perceptron or a mixture density network on a table in HDF5 files, or a\n"
   "campaign's model on the runs of a campaign, to the file of a model that `aufbau predict` and `campaign.pretrained` take; signals as with mdn.\n"
   "`aufbau list template train` prints an input.\n",
   afb_run_train},
  {.name = NULL},
};

const afb_command *afb_command_find(const char *name)
{
  for (const afb_command *command = afb_commands; command->name; command++)
    if (strcmp(command->name, name) == 0)
      return command;
  return NULL;
}

int afb_command_names(const char *name[AFB_MAX_COMMANDS])
{
  int n = 0;
  for (const afb_command *command = afb_commands; command->name && n < AFB_MAX_COMMANDS - 1; command++)
    name[n++] = command->name;
  name[n] = NULL;
  return n;
}
