/* The update of the parameters from their averaged gradients. */
#include "net/optimizer.h"

#include <omp.h>
#include <stddef.h>

#include "base/partition.h"

/* Panel rows (of 32 floats) that are worth a thread. */
#define ROWS_PER_THREAD 8192

/* Floats [begin, end) on one thread. */
static void update_part(const nnt_optimizer *optimizer, const nnt_sgd_step *step, int64_t begin,
                        int64_t end, const float *gradients, float *parameters) {
  float *velocity = optimizer->velocity != NULL ? optimizer->velocity + begin : NULL;
  optimizer->kernels->elementwise->sgd(step, gradients + begin, velocity, parameters + begin,
                                       end - begin);
}

/* Floats [begin, end), multiples of 32, all with the same settings. */
static void update_range(const nnt_optimizer *optimizer, const nnt_sgd_step *step, int64_t begin,
                         int64_t end, const float *gradients, float *parameters) {
  int64_t rows = (end - begin) / NNT_PANEL;
  int64_t useful = nnt_min_i64(optimizer->threads, rows / ROWS_PER_THREAD + 1);
  if (rows <= 0) return;
  /* Even a region of one thread costs time that small layers feel. */
  if (useful <= 1) {
    update_part(optimizer, step, begin, end, gradients, parameters);
    return;
  }
#pragma omp parallel num_threads((int)useful)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    update_part(optimizer, step, begin + nnt_partition_begin(rows, threads, thread) * NNT_PANEL,
                begin + nnt_partition_begin(rows, threads, thread + 1) * NNT_PANEL, gradients,
                parameters);
  }
}

void nnt_optimizer_update(const nnt_optimizer *optimizer, const nnt_layout *layout, int layer,
                          int64_t begin, int64_t end, double learning_rate, const float *gradients,
                          float *parameters) {
  nnt_sgd_step step = {.learning_rate = (float)learning_rate,
                       .momentum = optimizer->momentum,
                       .weight_decay = optimizer->weight_decay,
                       .nesterov = optimizer->nesterov};
  int64_t biases = layout->biases[layer];
  int64_t outputs = nnt_panel_count(layout->layers[layer].outputs) * NNT_PANEL;
  update_range(optimizer, &step, begin, nnt_min_i64(end, biases), gradients, parameters);
  step.weight_decay = 0.0F;
  update_range(optimizer, &step, nnt_max_i64(begin, biases), nnt_min_i64(end, biases + outputs),
               gradients, parameters);
}
