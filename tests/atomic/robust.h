/* Sets, what became of them, and the tables that are made of it. */
#ifndef AFB_TESTS_ATOMIC_ROBUST_H
#define AFB_TESTS_ATOMIC_ROBUST_H

#include "tests/atomic/cases.h"
#include "tests/atomic/robust_evidence.h"
#include "tests/learn/grasp_csv.h"

/* One set. Labels: 1 converged in GRASP, 0 failed, -1 not run. */
typedef struct {
  char name[400];
  int z, charge, mass, n, group, label_cold, label_warm;
  afb_configuration configuration[GRASP_SETS];
  double energy_cold, energy_warm;    /* GRASP's weighted mean, NAN where it has none */
  int n_csf;                          /* of GRASP's run */
  int excitation;                     /* configurations: a heavy ground configuration, and an excitation of it */
  int two_j;                          /* of an excitation: the one J, -1: all */
  const reference_case *reference;    /* of the heavy cases */
} job;

typedef struct {
  run_end cold, warm;
  int average;        /* where a start fails: whether the average of all CSFs converges; -1 not run */
  double excess;      /* of an excitation: the levels of the ground configuration above what they have alone, weighted mean, hartree */
} result;

/* A growing part of the documentation, of TEXT characters at most. */
enum { TEXT = 1 << 20 };
typedef struct {
  char *text;
  size_t used;
} page;
void put(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

int is_ok(const run_end *l);
/* Converged, with every level of the reference within 1e-8. */
int is_right(const run_end *l);

/* Convergence by the number of configurations; shares of all sets that converge, cold and warm. */
void table_by_size(page *p, int n, const job *jobs, const result *results, double *cold, double *warm);
/* How many orbitals of which no nodes are asked have others than their names say. */
void put_unasked(page *p, int n, const result *results);
/* Sets that have two states: counted, and those whose energies differ most. */
void list_two_states(page *p, int n, const job *jobs, const result *results);
void list_failures(page *p, int n, const job *jobs, const result *results);
/* Calculations that both codes converge, but to energies more than 1e-8 apart: by explanation, those that are higher here one by one, of
 * the others the ones with the largest difference. */
void list_disagreements(page *p, int n, const job *jobs, const result *results);

void put_heavy_table(page *p, int n, const job *jobs, const result *results);
void put_excitation_table(page *p, int n, const job *jobs, const result *results);

#endif
