/* This rank's part of a mini-batch. */
#include "data/loader.h"

#include <omp.h>
#include <stddef.h>

#include "base/partition.h"

/* Fewer positions per thread are not worth one. */
#define POSITIONS_PER_THREAD 256
/* Weights added up at a time. */
#define WEIGHTS_AT_ONCE 4096

static void order_part(const nnt_sample_order *order, int64_t first, int64_t begin, int64_t end,
                       int64_t *indices) {
  for (int64_t i = begin; i < end; ++i)
    indices[i] = order != NULL ? nnt_sample_order_at(order, first + i) : first + i;
}

void nnt_loader_order(const nnt_sample_order *order, int64_t first, int64_t count, int threads,
                      int64_t *indices) {
  int64_t useful = nnt_min_i64(count / POSITIONS_PER_THREAD + 1, threads);
  /* Even a parallel region of one thread is slow for small batches. */
  if (useful <= 1) {
    order_part(order, first, 0, count, indices);
    return;
  }
#pragma omp parallel num_threads((int)useful)
  {
    int64_t size = omp_get_num_threads(), thread = omp_get_thread_num();
    order_part(order, first, nnt_partition_begin(count, size, thread),
               nnt_partition_begin(count, size, thread + 1), indices);
  }
}

static float target_of(const nnt_samples *samples, int64_t place, int64_t column) {
  return samples->classes != NULL ? (float)(samples->classes[place] == column)
                                  : samples->targets[place * samples->target_columns + column];
}

static void find_target(const nnt_samples *samples, int64_t index, const nnt_panels *targets,
                        int64_t row) {
  int64_t place = nnt_samples_place(samples, index);
  for (int64_t c = 0; c < targets->columns; ++c)
    *nnt_panels_at(targets, row, c) = target_of(samples, place, c);
}

void nnt_loader_find(const nnt_samples *samples, const int64_t *indices, int64_t count,
                     const nnt_batch *batch) {
  for (int64_t row = 0; row < count; ++row) {
    int64_t index = indices[row];
    batch->rows[row] = nnt_samples_row(samples, index);
    if (samples->classes != NULL && batch->classes != NULL)
      batch->classes[row] = samples->classes[nnt_samples_place(samples, index)];
    if (samples->weights != NULL && batch->weights != NULL)
      batch->weights[row] = samples->weights[index];
    if (batch->targets.data != NULL) find_target(samples, index, &batch->targets, row);
  }
}

void nnt_loader_mix(const nnt_samples *samples, const int64_t *partners, int64_t count, float share,
                    const nnt_batch *batch) {
  const float rest = 1.0F - share;
  for (int64_t row = 0; row < count; ++row) {
    int64_t place = nnt_samples_place(samples, partners[row]);
    batch->partner_rows[row] = nnt_samples_row(samples, partners[row]);
    batch->shares[row] = share;
    if (samples->classes != NULL) batch->partner_classes[row] = samples->classes[place];
    if (samples->weights != NULL) {
      float own = share * batch->weights[row], other = rest * samples->weights[partners[row]];
      batch->weights[row] = own + other;
      if (own + other > 0.0F) batch->shares[row] = own / (own + other);
    }
    for (int64_t c = 0; c < batch->targets.columns && batch->targets.data != NULL; ++c) {
      float *target = nnt_panels_at(&batch->targets, row, c);
      *target = share * *target + rest * target_of(samples, place, c);
    }
  }
}

double nnt_loader_weight(const nnt_samples *samples, const nnt_sample_order *order, int64_t first,
                         int64_t count, int threads) {
  int64_t indices[WEIGHTS_AT_ONCE];
  double sum = 0.0;
  for (int64_t done = 0; done < count; done += WEIGHTS_AT_ONCE) {
    int64_t part = nnt_min_i64(WEIGHTS_AT_ONCE, count - done);
    nnt_loader_order(order, first + done, part, threads, indices);
    for (int64_t i = 0; i < part; ++i) sum += (double)samples->weights[indices[i]];
  }
  return sum;
}
