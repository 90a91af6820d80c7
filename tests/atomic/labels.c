/* The label of a calculation (outcome, rung, iterations, blamed orbital) and its energy do not depend on the number of ranks, nor on the
 * rank that ran it: each set is calculated by all ranks together, and by one of them alone. AUFBAU_SETS: how many sets of the list;
 * AUFBAU_LABELS=FILE: rank 0 writes a line a set, which labels.sh compares between builds. */
#include "tests/check.h"

#include <string.h>

#include "atomic/mcdhf.h"

enum { CONFIGURATIONS = 6, FEW = 4 };

/* Sets that converge on every rung, and those that do not; the costly ones last. */
static const struct {
  int z, charge, max_rung, n_levels, ground;   /* lowest levels of every block; 1: J = 0 alone */
  const char *text;                            /* separated by ";" */
} sets[] = {
  {39, 0, 0, 3, 0, "[Kr] 4d1 5s2;[Kr] 4d2 5s1;[Kr] 4d1 5s1 5p1"},
  {15, 0, 0, 3, 0, "[Ne] 3s2 3p3;[Ne] 3s2 3p2 4p1"},  /* followed */
  {15, 0, 1, 3, 0, "[Ne] 3s2 3p3;[Ne] 3s2 3p2 4p1"},  /* limit cycle */
  {10, 0, 0, 1, 0, "1s1 2s2 2p6 3d1;1s2 2s2 2p5 3p1"},  /* at the floor */
  {4, 0, 0, 1, 1, "1s2 2s2;3d4"},  /* empty */
  {1, -1, 0, 3, 0, "1s1 3d1"},  /* unbound */
  {15, 1, 2, 3, 0, "[Ne] 3s2 3p2;[Ne] 3s2 3p1 4d1;[Ne] 3s2 3d1 4p1"},  /* collapse */
  {18, 0, 2, 3, 0, "[Ne] 3s2 3p6;[Ne] 3s2 3p4 3d1 5s1;[Ne] 3s2 3p5 5p1;[Ne] 3s2 3p5 3d1;[Ne] 3s2 3p4 4p2"},  /* root flip */
  {16, 2, 0, 3, 0, "[Ne] 3s2 3p2;[Ne] 3s2 4p2"},  /* a saddle that is left */
  {6, 0, 0, 3, 0, "1s2 2s2 2p2;1s2 2p4"},
  {5, 0, 0, 3, 0, "1s2 2s2 2p1;1s2 2p3"},
  {14, 0, 0, 3, 0, "[Ne] 3s2 3p2;[Ne] 3p4"},
  {2, 0, 0, 3, 0, "1s2;1s1 2s1;2s2;2p2"},
  {4, 0, 0, 3, 0, "1s2 2s2;1s2 2s1 3d1;1s2 2p1 3p1"},
  {22, 1, 0, 3, 0, "[Ar] 3d2 4s1;[Ar] 3d3"},
  {6, 0, 0, 3, 0, "1s2 2s2 2p2;1s2 2s2 2p1 3d1;1s2 2s2 3s1 3p1;1s2 2s2 3s1 3d1;1s2 2s2 3p2"},
  {29, 0, 0, 3, 0, "[Ar] 3d10 4s1;[Ar] 3d9 4s2"},
  {7, 2, 0, 3, 0, "1s2 2s2 2p1;1s2 2s1 2p2;1s2 2s1 2p1 3s1;1s2 2s1 3p2;1s2 2s1 3s1 3d1"},
  {12, 0, 0, 3, 0, "[Ne] 3s2;[Ne] 3p2;[Ne] 3s1 3d1"},
  {20, 0, 0, 3, 0, "[Ar] 4s2;[Ar] 3d1 4s1;[Ar] 4p2"},
  {21, 0, 0, 3, 0, "[Ar] 3d1 4s2;[Ar] 3d2 4s1;[Ar] 3d1 4s1 4p1"},
  {26, 0, 0, 3, 0, "[Ar] 3d6 4s2;[Ar] 3d7 4s1"},
  {8, 0, 0, 3, 0, "1s2 2s2 2p4;1s2 2s2 2p3 3p1;1s2 2s1 2p4 3s1"},
  {6, 0, 0, 3, 0, "1s2 2s2 2p2;1s2 2s2 3s1 3p1;1s2 2s2 2p1 4d1;1s2 2s2 3p2;1s2 2s2 3s1 3d1"},
  {46, 0, 0, 3, 0, "[Kr] 4d10;[Kr] 4d9 5s1"},
  {11, 1, 0, 3, 0, "1s2 2s2 2p6;1s2 2s2 2p4 3s2;1s2 2s2 2p5 4d1;1s2 2s2 2p5 4p1"},
  {40, 2, 0, 3, 0, "[Kr] 4d2;[Kr] 4d1 5s1;[Kr] 5s2;[Kr] 4d1 5p1"},
  {58, 1, 0, 3, 0, "[Xe] 4f1 5d2;[Xe] 4f2 5d1"},
  {9, 0, 0, 3, 0, "1s2 2s2 2p5;1s2 2s2 2p4 3p1;1s2 2s2 2p4 4p1"},
  {64, 3, 0, 3, 0, "[Xe] 4f7"},
  {92, 3, 0, 3, 0, "[Rn] 5f3"},
  {18, 0, 0, 3, 0, "[Ne] 3s2 3p6;[Ne] 3s2 3p5 3d1;[Ne] 3s2 3p4 4p2"},
  {13, 1, 0, 3, 0, "[Ne] 3s2;1s1 2s2 2p6 3s2 4d1;1s2 2s2 2p5 3s2 3p1"},
  {15, 0, 0, 3, 0, "[Ne] 3s2 3p3;[Ne] 3s2 3p2 4p1;[Ne] 3s2 3p2 4s1"},
  {70, 0, 0, 3, 0, "[Xe] 4f14 6s2;[Xe] 4f14 6p2"},
  {79, 0, 0, 3, 0, "[Xe] 4f14 5d10 6s1;[Xe] 4f14 5d9 6s2"},
  {3, 0, 0, 3, 0, "1s2 15s1"},  /* diffuse */
  {90, 3, 0, 3, 0, "[Rn] 5f1;[Rn] 6d1;[Rn] 7s1"},
  {15, 1, 0, 3, 0, "[Ne] 3s2 3p2;[Ne] 3s2 3p1 4d1;[Ne] 3s2 3d1 4p1"},  /* grown */
  {103, 0, 0, 3, 0, "[Rn] 5f14 7s2 7p1;[Rn] 5f14 6d1 7s2"},
  {9, 3, 0, 3, 0, "1s2 2s2 2p2;1s2 2s2 3s1 4s1;1s2 2s2 2p1 4p1;1s2 2s2 3p1 4s1"},
};
enum { N_SETS = (int)(sizeof sets / sizeof *sets) };

/* What must not depend on where a set ran. */
typedef struct {
  int outcome, rung, iterations, blamed_n, blamed_kappa, n_levels;
  double energy, gradient, cpu;
} label;

static label run_set(MPI_Comm comm, int set)
{
  afb_configuration configuration[CONFIGURATIONS];
  afb_mcdhf_request request = {.z = sets[set].z, .charge = sets[set].charge, .configuration = configuration, .n_vary = -1,
                               .two_j_max = sets[set].ground - 1, .n_levels = sets[set].n_levels, .max_rung = sets[set].max_rung};
  afb_mcdhf_result r;
  char text[512];
  snprintf(text, sizeof text, "%s", sets[set].text);
  for (char *one = strtok(text, ";"); one; one = strtok(NULL, ";"))
    assert_int_equal(afb_configuration_parse(one, configuration + request.n_configurations++), AFB_OK);
  assert_int_equal(afb_mcdhf_run(comm, &request, &r), AFB_OK);
  label found = {(int)r.outcome, r.rung, r.iterations, r.blamed.n, r.blamed.kappa, r.n_levels, r.energy, r.gradient, r.cpu_seconds};
  afb_mcdhf_result_clear(&r);
  return found;
}

static void labels_do_not_depend_on_ranks(void **state)
{
  (void)state;
  const char *path = getenv("AUFBAU_LABELS"), *count = getenv("AUFBAU_SETS");
  int rank, ranks, n = count ? atoi(count) : FEW, different = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  FILE *file = path && rank == 0 ? fopen(path, "w") : NULL;
  for (int set = 0; set < n && set < N_SETS; set++) {
    label together = run_set(MPI_COMM_WORLD, set), alone = together;
    if (ranks > 1 && set % ranks == rank)
      alone = run_set(MPI_COMM_SELF, set);
    if (together.outcome != alone.outcome || together.rung != alone.rung || together.iterations != alone.iterations ||
        together.blamed_n != alone.blamed_n || together.blamed_kappa != alone.blamed_kappa || together.n_levels != alone.n_levels ||
        memcmp(&together.energy, &alone.energy, sizeof alone.energy) != 0) {
      fprintf(stderr, "# set %d: %s, %s, %d iterations, %.12f by all; %s, %s, %d, %.12f by one\n", set,
              afb_outcome_name((afb_outcome)together.outcome), afb_rung_name((afb_rung)together.rung), together.iterations, together.energy,
              afb_outcome_name((afb_outcome)alone.outcome), afb_rung_name((afb_rung)alone.rung), alone.iterations, alone.energy);
      different++;
    }
    if (file)
      fprintf(file, "%d+%d %d %s %s %d %d %d %d %.17g\n", sets[set].z, sets[set].charge, set, afb_outcome_name((afb_outcome)together.outcome),
              afb_rung_name((afb_rung)together.rung), together.iterations, together.blamed_n, together.blamed_kappa, together.n_levels,
              together.energy);
    if (rank == 0 && n > FEW)
      fprintf(stderr, "# set %d: %s, %.2f CPU s\n", set, afb_outcome_name((afb_outcome)together.outcome), together.cpu);
  }
  if (file)
    fclose(file);
  check_true(different == 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(labels_do_not_depend_on_ranks)};
CHECK_MAIN(tests)
