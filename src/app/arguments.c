#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "config/nearest.h"

typedef afb_option option;

static const option options[] = {
  {AFB_OPTION_OUTPUT, "--output", "-o", "FILE", "the file that is written"},
  {AFB_OPTION_JSON, "--json", NULL, "FILE", "writes the result as JSON too"},
  {AFB_OPTION_GRASP, "--grasp", NULL, "DIR", "writes isodata, rcsf.inp, rwfn.inp and rmix.out for GRASP into this folder too"},
  {AFB_OPTION_CSV, "--csv", NULL, "FILE", "the CSV file that is written"},
  {AFB_OPTION_JLODK, "--jlodk", NULL, "FOLDER", "levels as files XX_Y.txt, one an ion, in this folder"},
  {AFB_OPTION_COMPARE, "--compare", NULL, "OBSERVED.csv", "compares levels with observed ones"},
  {AFB_OPTION_SET, "--set", NULL, "section.key=value", "goes before the key of the input; may be repeated"},
  {AFB_OPTION_SKIP_BAD, "--skip-bad", NULL, NULL, "structures with mistakes are left out and recorded in the file"},
  {AFB_OPTION_TEXT, "--text", NULL, NULL, "in brief on the terminal, and no page"},
  {AFB_OPTION_SCALING, "--scaling", NULL, NULL, "how time and efficiency of several files change with the number of ranks"},
  {AFB_OPTION_LATEX, "--latex", NULL, "FILE", "tables for LaTeX with the package booktabs, with --scaling"},
  {AFB_OPTION_FIGURE, "--figure", NULL, "FILE.svg", "the figure, with --scaling"},
  {AFB_OPTION_PLAN, "--plan", NULL, "runs=N[,nodes=N][,cores=N]", "the node-hours that so many runs need, with --scaling"},
  {AFB_OPTION_CRATE, "--crate", NULL, NULL, "RO-Crate metadata too: ro-crate-metadata.json beside FILE.h5"},
  {AFB_OPTION_AUTHOR, "--author", NULL, "NAME", "of the data, for --crate: \"Jane Doe https://orcid.org/...\""},
  {AFB_OPTION_LICENCE, "--license", NULL, "ID", "of the data, for --crate: an SPDX identifier, CC-BY-4.0, or an address"},
  {AFB_OPTION_MARKDOWN, "--markdown", NULL, NULL, "as Markdown"},
  {AFB_OPTION_QUIET, "--quiet", "-q", NULL, "only errors and results"},
  {AFB_OPTION_LOG_LEVEL, "--log-level", NULL, "LEVEL", "error, warning, info (default), trace or debug"},
  {AFB_OPTION_HELP, "--help", "-h", NULL, "this text"},
};
enum { N_OPTIONS = sizeof options / sizeof options[0] };

static const unsigned always = AFB_OPTION_QUIET | AFB_OPTION_LOG_LEVEL | AFB_OPTION_HELP;

static const option *find_option(const afb_command *command, const char *text, size_t length)
{
  for (int i = 0; i < N_OPTIONS; i++) {
    const option *o = &options[i];
    if (!(o->bit & (command->options | always)))
      continue;
    if ((strlen(o->name) == length && memcmp(o->name, text, length) == 0) ||
        (o->letter && strlen(o->letter) == length && memcmp(o->letter, text, length) == 0))
      return o;
  }
  return NULL;
}

static afb_status fail_unknown(const afb_command *command, const char *text)
{
  const char *names[N_OPTIONS + 1];
  char meant[128];
  int n = 0;
  for (int i = 0; i < N_OPTIONS; i++)
    if (options[i].bit & (command->options | always))
      names[n++] = options[i].name;
  names[n] = NULL;
  return AFB_FAIL(AFB_E_INPUT, "aufbau %s has no option \"%.60s\"%s; `aufbau %s --help` lists them", command->name, text,
                  afb_did_you_mean(text, names, meant, sizeof meant), command->name);
}

static afb_status set_level(const char *text, afb_log_level *level)
{
  static const char *const names[] = {"error", "warning", "info", "trace", "debug", NULL};
  char meant[128];
  for (int i = 0; names[i]; i++)
    if (strcmp(text, names[i]) == 0) {
      *level = (afb_log_level)i;
      return AFB_OK;
    }
  return AFB_FAIL(AFB_E_INPUT, "unknown log level \"%.60s\"%s; there are error, warning, info, trace and debug", text,
                  afb_did_you_mean(text, names, meant, sizeof meant));
}

static afb_status set_once(const option *o, const char *value, const char **field)
{
  if (*field)
    return AFB_FAIL(AFB_E_INPUT, "option %s is given twice", o->name);
  *field = value;
  return AFB_OK;
}

static afb_status take(const option *o, const char *value, afb_arguments *out)
{
  switch (o->bit) {
  case AFB_OPTION_OUTPUT:
    return set_once(o, value, &out->output);
  case AFB_OPTION_JSON:
    return set_once(o, value, &out->json);
  case AFB_OPTION_GRASP:
    return set_once(o, value, &out->grasp);
  case AFB_OPTION_CSV:
    return set_once(o, value, &out->csv);
  case AFB_OPTION_JLODK:
    return set_once(o, value, &out->jlodk);
  case AFB_OPTION_COMPARE:
    return set_once(o, value, &out->compare);
  case AFB_OPTION_LATEX:
    return set_once(o, value, &out->latex);
  case AFB_OPTION_FIGURE:
    return set_once(o, value, &out->figure);
  case AFB_OPTION_PLAN:
    return set_once(o, value, &out->plan);
  case AFB_OPTION_SCALING:
    out->scaling = 1;
    return AFB_OK;
  case AFB_OPTION_SET:
    if (out->n_set == AFB_MAX_SET_OPTIONS)
      return AFB_FAIL(AFB_E_INPUT, "more than %d options --set: put them into the input", AFB_MAX_SET_OPTIONS);
    out->set[out->n_set++] = value;
    return AFB_OK;
  case AFB_OPTION_SKIP_BAD:
    out->skip_bad = 1;
    return AFB_OK;
  case AFB_OPTION_CRATE:
    out->crate = 1;
    return AFB_OK;
  case AFB_OPTION_AUTHOR:
    return set_once(o, value, &out->author);
  case AFB_OPTION_LICENCE:
    return set_once(o, value, &out->licence);
  case AFB_OPTION_TEXT:
    out->text = 1;
    return AFB_OK;
  case AFB_OPTION_MARKDOWN:
    out->markdown = 1;
    return AFB_OK;
  case AFB_OPTION_QUIET:
    out->quiet = 1;
    out->log_level = AFB_LOG_ERROR;
    return AFB_OK;
  case AFB_OPTION_HELP:
    out->help = 1;
    return AFB_OK;
  default:
    return set_level(value, &out->log_level);
  }
}

afb_status afb_arguments_read(const afb_command *command, int argc, char **argv, afb_arguments *out)
{
  *out = (afb_arguments){.log_level = AFB_LOG_INFO};
  int only_operands = 0;
  for (int i = 2; i < argc; i++) {
    const char *text = argv[i];
    if (!only_operands && strcmp(text, "--") == 0) {
      only_operands = 1;
      continue;
    }
    if (only_operands || text[0] != '-' || text[1] == '\0') {
      if (out->n_operands == command->max_operands)
        return AFB_FAIL(AFB_E_INPUT, "\"%.200s\" is one argument too many: aufbau %s %s", text, command->name,
                        command->operands);
      out->operand[out->n_operands++] = text;
      continue;
    }
    const char *equal = text[1] == '-' ? strchr(text, '=') : NULL;
    const option *o = find_option(command, text, equal ? (size_t)(equal - text) : strlen(text));
    if (!o)
      return fail_unknown(command, text);
    if (equal && !o->value)
      return AFB_FAIL(AFB_E_INPUT, "option %s takes no value", o->name);
    if (o->value && !equal && i + 1 == argc)
      return AFB_FAIL(AFB_E_INPUT, "option %s needs a value: %s %s", text, text, o->value);
    AFB_TRY(take(o, !o->value ? "" : equal ? equal + 1 : argv[++i], out));
  }
  if (out->n_operands < command->min_operands && !out->help)
    return AFB_FAIL(AFB_E_INPUT, "an argument is missing: aufbau %s %s (`aufbau %s --help` tells more)", command->name,
                    command->operands, command->name);
  return AFB_OK;
}

const afb_option *afb_command_option(const afb_command *command, int i)
{
  for (int k = 0; k < N_OPTIONS; k++)
    if ((options[k].bit & (command ? command->options & ~always : always)) && i-- == 0)
      return &options[k];
  return NULL;
}
