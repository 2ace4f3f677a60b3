/* The update of the parameters from their averaged gradients. */
#include "net/optimizer.h"

#include <omp.h>
#include <stddef.h>

#include "base/partition.h"

/* Panel rows (of 32 floats) that are worth a thread. */
#define ROWS_PER_THREAD 2048

/* Floats [begin, end), multiples of 32, all with the same settings. */
static void update_range(const nnt_optimizer *optimizer, const nnt_sgd_step *step, int64_t begin,
                         int64_t end, const float *gradients, float *parameters) {
  int64_t rows = (end - begin) / NNT_PANEL;
  int64_t useful = nnt_min_i64(optimizer->threads, rows / ROWS_PER_THREAD + 1);
#pragma omp parallel num_threads((int)useful) if (useful > 1)
  {
    int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    int64_t first = begin + nnt_partition_begin(rows, threads, thread) * NNT_PANEL;
    int64_t count = nnt_partition_count(rows, threads, thread) * NNT_PANEL;
    float *velocity = optimizer->velocity != NULL ? optimizer->velocity + first : NULL;
    optimizer->kernels->elementwise->sgd(step, gradients + first, velocity, parameters + first,
                                         count);
  }
}

void nnt_optimizer_update(const nnt_optimizer *optimizer, const nnt_layout *layout, int layer,
                          double learning_rate, const float *gradients, float *parameters) {
  nnt_sgd_step step = {.learning_rate = (float)learning_rate,
                       .momentum = optimizer->momentum,
                       .weight_decay = optimizer->weight_decay,
                       .nesterov = optimizer->nesterov};
  int64_t biases = layout->biases[layer];
  int64_t outputs = nnt_panel_count(layout->layers[layer].outputs) * NNT_PANEL;
  update_range(optimizer, &step, layout->weights[layer], biases, gradients, parameters);
  step.weight_decay = 0.0F;
  update_range(optimizer, &step, biases, biases + outputs, gradients, parameters);
}
