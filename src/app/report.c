/* `aufbau report`: what a file holds, as a page and on the terminal. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/inputs.h"
#include "app/output.h"
#include "app/report_scaling.h"
#include "report/crate.h"
#include "report/html.h"
#include "report/page.h"
#include "report/page_arrays.h"
#include "store/look.h"

enum { PATH_LENGTH = 1024 };

/* The page: what was given, or the file's name with .html in place of .h5. */
static afb_status choose_path(const afb_arguments *arguments, char path[PATH_LENGTH])
{
  const char *from = arguments->output ? arguments->output : arguments->operand[0];
  size_t stem = strlen(from);
  if (!arguments->output && stem > 3 && strcmp(from + stem - 3, ".h5") == 0)
    stem -= 3;
  int length = snprintf(path, PATH_LENGTH, "%.*s%s", (int)stem, from, arguments->output ? "" : ".html");
  return length < PATH_LENGTH ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "the name of the page is too long");
}

/* One of the two: a file of runs, a file of arrays. */
typedef struct {
  const afb_page *runs;
  const afb_array_page *arrays;
} content;

static afb_status write_html(FILE *out, const content *of)
{
  if (of->runs)
    return afb_page_html(out, of->runs);
  afb_array_page_html(out, of->arrays);
  return AFB_OK;
}

static afb_status write(const afb_arguments *arguments, const content *of)
{
  char path[PATH_LENGTH];
  afb_output out;
  if (arguments->text) {
    if (of->runs)
      return afb_page_text(stdout, of->runs);
    afb_array_page_text(stdout, of->arrays);
    return AFB_OK;
  }
  AFB_TRY(choose_path(arguments, path));
  AFB_TRY(afb_output_begin(path, AFB_HTML_BEGINNING, &out));
  afb_status status = write_html(out.stream, of);
  if (status == AFB_OK)
    status = afb_output_end(&out);
  afb_output_discard(&out);
  if (status == AFB_OK && !arguments->quiet)
    printf("%s\n", path);
  return status;
}

/* ro-crate-metadata.json beside FILE.h5; behind the page, which is a part of the crate. */
static afb_status write_crate(const afb_arguments *arguments)
{
  static const char name[] = "ro-crate-metadata.json";
  const char *file = arguments->operand[0], *slash = strrchr(file, '/');
  char path[PATH_LENGTH], beginning[2 * PATH_LENGTH];
  afb_output out;
  if (snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, name) >= (int)sizeof path)
    return AFB_FAIL(AFB_E_INPUT, "the name of the file is too long");
  AFB_TRY(afb_output_begin(path, afb_crate_beginning(file, beginning, sizeof beginning), &out));
  afb_status status = afb_crate_write(out.stream, file, &(afb_crate_owner){arguments->author, arguments->licence});
  if (status == AFB_OK)
    status = afb_output_end(&out);
  afb_output_discard(&out);
  if (status == AFB_OK && !arguments->quiet && !arguments->text)
    printf("%s\n", path);
  return status;
}

static afb_status report_arrays(const afb_arguments *arguments)
{
  afb_arrays *arrays;
  afb_array_page page;
  AFB_TRY(afb_arrays_open(MPI_COMM_SELF, arguments->operand[0], NULL, &arrays));
  afb_status status = afb_array_page_read(arrays, arguments->operand[0], &page);
  if (status == AFB_OK)
    status = write(arguments, &(content){.arrays = &page});
  afb_array_page_clear(&page);
  return afb_arrays_close(&arrays, status);
}

static afb_status report(const afb_arguments *arguments)
{
  char kind[AFB_LOOK_KIND];
  afb_store *store;
  afb_page page;
  const char *path = arguments->operand[0];
  AFB_TRY(afb_look_kind(path, kind));
  if (kind[0])
    return report_arrays(arguments);
  AFB_TRY(afb_file_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  afb_status status = afb_page_read(store, path, &page);
  if (status == AFB_OK)
    status = write(arguments, &(content){.runs = &page});
  afb_page_clear(&page);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

static afb_status choose_report(const afb_arguments *arguments)
{
  if (arguments->scaling)
    return afb_report_scaling(arguments);
  if (arguments->n_operands > 1)
    return AFB_FAIL(AFB_E_INPUT, "a page is of one file; several are compared with --scaling");
  if (arguments->csv || arguments->latex || arguments->figure || arguments->plan || arguments->markdown)
    return AFB_FAIL(AFB_E_INPUT, "--csv, --latex, --figure, --markdown and --plan go with --scaling");
  return report(arguments);
}

afb_status afb_run_report_of(const afb_arguments *arguments, int *exit_status)
{
  int rank;
  (void)exit_status;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (!arguments->crate && (arguments->author || arguments->licence))
    return AFB_FAIL(AFB_E_INPUT, "--author and --license are for --crate");
  if (arguments->crate && arguments->scaling)
    return AFB_FAIL(AFB_E_INPUT, "--crate is of one file, not with --scaling");
  afb_status status = rank == 0 ? choose_report(arguments) : AFB_OK;
  if (status == AFB_OK && rank == 0 && arguments->crate)
    status = write_crate(arguments);
  return afb_agree(MPI_COMM_WORLD, status);
}
