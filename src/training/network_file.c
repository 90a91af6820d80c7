#include "training/network_file.h"

#include "store/tables.h"

enum { N_SPEC = 10 };          /* files of older versions have no loss: the likelihood */

afb_status afb_network_write(MPI_Comm comm, const afb_mdn *m, const char *unit, afb_arrays *arrays)
{
  const afb_mdn_spec *s = &m->spec;
  int64_t spec[N_SPEC] = {s->n_in, s->n_out, s->components, s->members, s->width, s->layers, s->covariance, s->rank, (int64_t)s->seed,
                          (int64_t)s->loss};
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"network/spec", AFB_I64, 0, 1, {0}, "1",
                           "n_in, n_out, components, members, width, layers, covariance (0 full, 1 low rank), rank, seed, loss (0 likelihood, 1 mse, 2 mae, "
                           "3 huber, 4 cross_entropy)"}, N_SPEC, spec));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"network/floor", AFB_F64, 0, 1, {0}, unit, "least deviation"}, 1, &s->floor));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"network/weight", AFB_F32, 0, 1, {0}, "1", "weights, member after member"},
                           m->n_weights, m->weight));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"network/moment1", AFB_F32, 0, 1, {0}, "1", "first moments of AdamW"},
                           m->n_weights, m->moment1));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"network/moment2", AFB_F32, 0, 1, {0}, "1", "second moments of AdamW"},
                           m->n_weights, m->moment2));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"network/step", AFB_I64, 0, 1, {0}, "1", "optimiser steps made"}, 1, &m->step));
  return afb_tables_small(comm, arrays, (afb_array){"network/fixed", AFB_F64, 0, 1, {0}, "1",
                          "means and inverse deviations of the inputs, mean and scale of the targets, temperature, linear models"},
                          m->n_fixed, m->fixed);
}

afb_status afb_network_read(afb_arrays *arrays, afb_mdn **out)
{
  int64_t v[N_SPEC] = {0}, n;
  afb_mdn_spec s;
  AFB_TRY(afb_tables_rows(arrays, "network/spec", N_SPEC, &n));
  AFB_TRY(afb_tables_read(arrays, "network/spec", AFB_I64, n < N_SPEC - 1 ? N_SPEC : n, 1, v));
  AFB_TRY(afb_tables_read(arrays, "network/floor", AFB_F64, 1, 1, &s.floor));
  for (int i = 0; i < N_SPEC; i++)
    if (i != 8 && (v[i] < 0 || v[i] > 1 << 24 || (i == 9 && v[i] >= AFB_N_LOSSES)))
      return AFB_FAIL(AFB_E_FOREIGN, "the file's network has a size of %lld: it is damaged", (long long)v[i]);
  s.n_in = (int)v[0];
  s.n_out = (int)v[1];
  s.components = (int)v[2];
  s.members = (int)v[3];
  s.width = (int)v[4];
  s.layers = (int)v[5];
  s.covariance = (int)v[6];
  s.rank = (int)v[7];
  s.seed = (uint64_t)v[8];
  s.loss = (afb_loss)v[9];
  AFB_TRY(afb_mdn_create(&s, out));
  afb_mdn *m = *out;
  AFB_TRY(afb_tables_read(arrays, "network/weight", AFB_F32, m->n_weights, 1, m->weight));
  AFB_TRY(afb_tables_read(arrays, "network/moment1", AFB_F32, m->n_weights, 1, m->moment1));
  AFB_TRY(afb_tables_read(arrays, "network/moment2", AFB_F32, m->n_weights, 1, m->moment2));
  AFB_TRY(afb_tables_read(arrays, "network/step", AFB_I64, 1, 1, &m->step));
  return afb_tables_read(arrays, "network/fixed", AFB_F64, m->n_fixed, 1, m->fixed);
}
