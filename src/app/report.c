/* `aufbau report`: what a file holds, as a page and on the terminal. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/inputs.h"
#include "app/output.h"
#include "app/report_scaling.h"
#include "report/html.h"
#include "report/page.h"

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

static afb_status write_page(const afb_arguments *arguments, const afb_page *page)
{
  char path[PATH_LENGTH];
  afb_output out;
  if (arguments->text) {
    afb_page_text(stdout, page);
    return AFB_OK;
  }
  AFB_TRY(choose_path(arguments, path));
  AFB_TRY(afb_output_begin(path, AFB_HTML_BEGINNING, &out));
  afb_status status = afb_page_html(out.stream, page);
  if (status == AFB_OK)
    status = afb_output_end(&out);
  afb_output_discard(&out);
  if (status == AFB_OK && !arguments->quiet)
    printf("%s\n", path);
  return status;
}

static afb_status report(const afb_arguments *arguments)
{
  if (arguments->scaling)
    return afb_report_scaling(arguments);
  if (arguments->n_operands > 1)
    return AFB_FAIL(AFB_E_INPUT, "a page is of one file; several are compared with --scaling");
  if (arguments->csv || arguments->latex || arguments->figure || arguments->plan)
    return AFB_FAIL(AFB_E_INPUT, "--csv, --latex, --figure and --plan go with --scaling");
  afb_store *store = NULL;
  afb_page page;
  const char *path = arguments->operand[0];
  AFB_TRY(afb_file_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  afb_status status = afb_page_read(store, path, &page);
  if (status == AFB_OK)
    status = write_page(arguments, &page);
  afb_page_clear(&page);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

afb_status afb_run_report_of(const afb_arguments *arguments, int *exit_status)
{
  int rank;
  (void)exit_status;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return afb_agree(MPI_COMM_WORLD, rank == 0 ? report(arguments) : AFB_OK);
}
