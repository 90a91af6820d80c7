/* `aufbau describe`: descriptors of many structures. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/describe.h"
#include "app/structures_input.h"
#include "core/clock.h"
#include "materials/describe.h"

static void report(const afb_describe_job *j, const afb_bispectrum *bispectrum, const afb_describe_result *r, double seconds)
{
  int ranks;
  MPI_Comm_size(j->comm, &ranks);
  const afb_structures *s = &j->structures;
  const char *what = j->grid[0] > 0 ? "point" : "atom";
  double rows = r->rows > 0 ? (double)r->rows : 1, other = r->total - r->neighbours - r->descriptors - r->output;
  printf("%s: %lld structure%s, %lld atoms", j->output, (long long)(s->n_frames - r->n_bad),
         s->n_frames - r->n_bad == 1 ? "" : "s", (long long)s->n_atoms);
  if (j->grid[0] > 0)
    printf(", %lld grid points", (long long)r->rows);
  printf(", %d components; %.2f s on %d rank%s, kernel %s\n", afb_bispectrum_n_columns(bispectrum), seconds, ranks, ranks > 1 ? "s" : "",
         afb_bispectrum_kernel(bispectrum));
  printf("core microseconds per %s: reading %.2f, neighbours %.2f, descriptors %.2f, output %.2f, other %.2f\n", what,
         1e6 * j->reading / rows, 1e6 * r->neighbours / rows, 1e6 * r->descriptors / rows, 1e6 * r->output / rows,
         1e6 * (other > 0 ? other : 0) / rows);
}

static afb_status write_notes(afb_arrays *arrays, const afb_describe_job *j, const afb_describe_result *r)
{
  AFB_TRY(afb_arrays_note(arrays, "core_seconds_reading", j->reading));
  AFB_TRY(afb_arrays_note(arrays, "core_seconds_neighbours", r->neighbours));
  AFB_TRY(afb_arrays_note(arrays, "core_seconds_descriptors", r->descriptors));
  return afb_arrays_note(arrays, "core_seconds_output", r->output);
}

static afb_status describe_into(afb_describe_job *j, afb_arrays *arrays, afb_bispectrum **bispectrum, afb_describe_result *result)
{
  int32_t element[AFB_MAX_SPECIES];
  const afb_named *elements = &j->input.descriptor.elements;
  AFB_TRY(afb_agree(j->comm, afb_bispectrum_create(&j->settings, bispectrum)));
  AFB_TRY(afb_structures_input_read(j->comm, &j->input.structures, j->arguments->skip_bad, &j->structures, &j->reading));
  AFB_TRY(afb_descriptor_elements(j->comm, j->config, elements, &j->structures, element));
  afb_describe_options options = {.quantities = j->quantities, .grid = {j->grid[0], j->grid[1], j->grid[2]},
                                  .n_elements = elements->n, .element = elements->name,
                                  .whole = j->input.structures.divide_above, .skip_bad = j->arguments->skip_bad};
  AFB_TRY(afb_describe(j->comm, &j->structures, element, *bispectrum, &options, arrays, result));
  return write_notes(arrays, j, result);
}

/* The output is opened first: whatever is wrong with it is told before the work. */
afb_status afb_describe_run(afb_describe_job *j)
{
  double start = afb_wall_seconds();
  int rank;
  afb_arrays *arrays;
  afb_bispectrum *bispectrum = NULL;
  afb_describe_result result = {0};
  afb_store_writer writer = afb_input_writer(j->config);
  MPI_Comm_rank(j->comm, &rank);
  AFB_TRY(afb_arrays_create(j->comm, j->output, AFB_DESCRIPTORS_KIND, &writer, &arrays));
  afb_status status = describe_into(j, arrays, &bispectrum, &result);
  status = afb_arrays_finish(&arrays, status);
  if (status == AFB_OK) {
    j->rows = result.rows;
    if (rank == 0)
      afb_structures_input_warn(&j->structures);
    if (rank == 0 && !j->arguments->quiet)
      report(j, bispectrum, &result, afb_wall_seconds() - start);
  }
  afb_bispectrum_destroy(&bispectrum);
  afb_structures_clear(&j->structures);
  return status;
}

afb_status afb_describe_read(const afb_arguments *arguments, afb_describe_job *j)
{
  *j = (afb_describe_job){.comm = MPI_COMM_WORLD, .arguments = arguments, .output = arguments->output};
  AFB_TRY(afb_input_read(&afb_describe_schema, arguments, &j->input, &j->config));
  afb_status status = afb_describe_input_check(j->config, &j->input, &j->settings, &j->quantities, j->grid);
  if (status == AFB_OK)
    status = afb_config_verdict(j->config);
  return afb_agree(MPI_COMM_WORLD, status);
}

void afb_describe_clear(afb_describe_job *j) { afb_config_destroy(&j->config); }

afb_status afb_run_describe(const afb_arguments *arguments, int *exit_status)
{
  afb_describe_job j = {0};
  (void)exit_status;
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "describe needs -o FILE.h5, the file to make");
  afb_status status = afb_describe_read(arguments, &j);
  if (status == AFB_OK)
    status = afb_describe_run(&j);
  afb_describe_clear(&j);
  return status;
}
