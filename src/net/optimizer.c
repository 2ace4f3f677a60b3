/* The update of the parameters from their averaged gradients. */
#include "net/optimizer.h"

#include <omp.h>
#include <stddef.h>

#include "base/partition.h"

/* Panel rows (of 32 floats) that are worth a thread. */
#define ROWS_PER_THREAD 8192

void nnt_optimizer_apply(const nnt_optimizer *optimizer, const nnt_layout *layout, int layer,
                         int64_t begin, int64_t count, double learning_rate, const float *gradient,
                         float *parameters) {
  bool weights = begin < layout->biases[layer];
  nnt_sgd_step step = {.learning_rate = (float)learning_rate,
                       .momentum = optimizer->momentum,
                       .weight_decay = weights ? optimizer->weight_decay : 0.0F,
                       .nesterov = optimizer->nesterov};
  float *velocity = optimizer->velocity != NULL ? optimizer->velocity + begin : NULL;
  optimizer->kernels->elementwise->sgd(&step, gradient, velocity, parameters + begin, count);
}

/* Floats [begin, end), multiples of 32, all weights or all biases. */
static void update_range(const nnt_optimizer *optimizer, const nnt_layout *layout, int layer,
                         int64_t begin, int64_t end, double learning_rate, const float *gradients,
                         float *parameters) {
  int64_t rows = (end - begin) / NNT_PANEL;
  int64_t useful = nnt_min_i64(optimizer->threads, rows / ROWS_PER_THREAD + 1);
  if (rows <= 0) return;
  /* Even a region of one thread costs time that small layers feel. */
  if (useful <= 1) {
    nnt_optimizer_apply(optimizer, layout, layer, begin, end - begin, learning_rate,
                        gradients + begin, parameters);
    return;
  }
#pragma omp parallel num_threads((int)useful)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    int64_t first = begin + nnt_partition_begin(rows, threads, thread) * NNT_PANEL;
    nnt_optimizer_apply(optimizer, layout, layer, first,
                        nnt_partition_count(rows, threads, thread) * NNT_PANEL, learning_rate,
                        gradients + first, parameters);
  }
}

void nnt_optimizer_update(const nnt_optimizer *optimizer, const nnt_layout *layout, int layer,
                          int64_t begin, int64_t end, double learning_rate, const float *gradients,
                          float *parameters) {
  int64_t biases = layout->biases[layer];
  int64_t outputs = nnt_panel_count(layout->layers[layer].outputs) * NNT_PANEL;
  update_range(optimizer, layout, layer, begin, nnt_min_i64(end, biases), learning_rate, gradients,
               parameters);
  update_range(optimizer, layout, layer, nnt_max_i64(begin, biases),
               nnt_min_i64(end, biases + outputs), learning_rate, gradients, parameters);
}
