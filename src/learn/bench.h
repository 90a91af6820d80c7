/* What training costs on this machine: fixed problems with random data, trained by the trainers of this folder. Another program can be
 * given the same data and weights to start from, so that speeds and loss curves are compared on one problem. */
#ifndef AFB_LEARN_BENCH_H
#define AFB_LEARN_BENCH_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

/* tokens > 0: a set transformer on sets of 1 ... tokens tokens, `layers` blocks of `width` with 4 heads, 1 target; otherwise
 * a mixture density network of 3 components for 16 targets on 55 inputs, 3 layers of `width`, covariances full or diagonal. */
typedef struct {
  const char *name, *description;
  int tokens, width, layers, diagonal;
  int batch;                   /* samples a step, over all ranks; every step sees all samples of the problem in a new order */
  int slice;                   /* steps that are timed together */
} afb_bench_case;

enum { AFB_BENCH_SLICES = 7, AFB_BENCH_ARRAYS = 10 };
/* Ended by a row without a name. */
extern const afb_bench_case afb_bench_cases[];

typedef struct {
  double rate;                 /* samples a CPU second of all ranks together; median over slices */
  double sgemm;                /* GF/s of single-precision products of 1024 x 1024 on one core, median between slices */
  double flops;                /* of matrix products (forward, and backward twice that) a sample; a multiply-add counts two */
  int64_t steps, n_loss;
  double *loss;                /* [n_loss] mean loss of a step (several ranks: of the steps of a slice) before its update; the caller frees it */
} afb_bench_result;

/* What another program needs: standardised inputs, targets, weights to start from. */
typedef struct {
  const char *name, *description;
  int rank;
  int64_t dim[2];
  float *value;
} afb_bench_array;

/* Collective on `comm`. data[AFB_BENCH_ARRAYS] (or NULL; the same on all ranks): filled, unused rows without a name; the caller frees each
 * value. AFB_E_MEMORY; what the trainers return. One to twenty CPU seconds. */
afb_status afb_bench_train(MPI_Comm comm, const afb_bench_case *problem, afb_bench_result *result, afb_bench_array *data);

#endif
