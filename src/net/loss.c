/* Losses: value and gradient by row. */
#include "net/loss.h"

#include <stdbool.h>
#include <stddef.h>

/* The class counts 1 - e, and all K classes e / K each. */
static void smooth_row(const nnt_loss_rows *rows, int64_t row, float log_sum) {
  const int64_t count = rows->logits.columns;
  const float share = rows->smoothing / (float)count;
  double sum = 0.0;
  for (int64_t c = 0; c < count; ++c) {
    sum += (double)*nnt_panels_at(&rows->logits, row, c);
    *nnt_panels_at(&rows->gradient, row, c) -= rows->scale * share;
  }
  int64_t y = rows->classes[row];
  double own = (1.0 - (double)rows->smoothing) * (double)*nnt_panels_at(&rows->logits, row, y);
  rows->loss[row] = (float)((double)log_sum - own - (double)share * sum);
  *nnt_panels_at(&rows->gradient, row, y) -= rows->scale * (1.0F - rows->smoothing);
}

static void cross_entropy(const nnt_kernels *kernels, const nnt_loss_rows *rows,
                          nnt_rows *kernel_rows) {
  kernels->elementwise->softmax(kernel_rows);
  for (int64_t r = rows->begin; r < rows->end; ++r) {
    int64_t y = rows->classes[r];
    if (rows->smoothing > 0.0F) {
      smooth_row(rows, r, rows->loss[r]);
      continue;
    }
    rows->loss[r] -= *nnt_panels_at(&rows->logits, r, y);
    *nnt_panels_at(&rows->gradient, r, y) -= rows->scale;
  }
}

/* Every other class whose score comes within 1 of the own one's counts. */
static void hinge(const nnt_loss_rows *rows) {
  const int64_t count = rows->logits.columns, padded = nnt_panel_count(count) * NNT_PANEL;
  const float share = rows->scale / (float)count;
  for (int64_t r = rows->begin; r < rows->end; ++r) {
    int64_t y = rows->classes[r], close = 0;
    float own = *nnt_panels_at(&rows->logits, r, y);
    double sum = 0.0;
    for (int64_t c = 0; c < padded; ++c) {
      float margin = c < count ? 1.0F - own + *nnt_panels_at(&rows->logits, r, c) : 0.0F;
      bool counts = c != y && c < count && !(margin <= 0.0F); /* a NaN counts, and is seen */
      if (counts) sum += (double)margin;
      close += counts;
      *nnt_panels_at(&rows->gradient, r, c) = counts ? share : 0.0F;
    }
    rows->loss[r] = (float)(sum / (double)count);
    *nnt_panels_at(&rows->gradient, r, y) = -share * (float)close;
  }
}

static void scale_loss(const nnt_loss_rows *rows, float factor) {
  for (int64_t r = rows->begin; r < rows->end; ++r) rows->loss[r] *= factor;
}

/* gradient *= f'(z) over the rows' part of each panel. */
static void through_activation(const nnt_kernels *kernels, nnt_activation activation,
                               const nnt_loss_rows *rows) {
  int64_t count = (rows->end - rows->begin) * NNT_PANEL;
  for (int64_t p = 0; p < nnt_panel_count(rows->logits.columns); ++p) {
    union {
      const float *borrowed;
      float *read; /* the kernels' common type; derivatives only read it */
    } y = {rows->derivative + p * rows->logits.stride + rows->begin * NNT_PANEL};
    kernels->elementwise->derive[activation](
        nnt_panels_at(&rows->gradient, rows->begin, p * NNT_PANEL), y.read, count);
  }
}

static void weigh_rows(const nnt_loss_rows *rows) {
  for (int64_t p = 0; p < nnt_panel_count(rows->logits.columns); ++p) {
    float *gradient = nnt_panels_at(&rows->gradient, rows->begin, p * NNT_PANEL);
    for (int64_t r = rows->begin; r < rows->end; ++r, gradient += NNT_PANEL) {
      for (int64_t c = 0; c < NNT_PANEL; ++c) gradient[c] *= rows->weights[r];
    }
  }
  for (int64_t r = rows->begin; r < rows->end; ++r) rows->loss[r] *= rows->weights[r];
}

void nnt_loss_run(const nnt_kernels *kernels, const nnt_model *model, const nnt_loss_rows *rows) {
  nnt_rows kernel_rows = {.logits = rows->logits,
                          .target = rows->target,
                          .gradient = rows->gradient,
                          .loss = rows->loss,
                          .scale = rows->scale,
                          .begin = rows->begin,
                          .end = rows->end};
  if (rows->begin >= rows->end) return;
  switch (model->loss) {
    case NNT_CROSS_ENTROPY:
      cross_entropy(kernels, rows, &kernel_rows);
      break;
    case NNT_BINARY_CROSS_ENTROPY:
      kernels->elementwise->binary_cross_entropy(&kernel_rows);
      break;
    case NNT_MSE:
      kernel_rows.scale = rows->scale * 2.0F / (float)rows->logits.columns;
      kernels->elementwise->squared_error(&kernel_rows);
      scale_loss(rows, 1.0F / (float)rows->logits.columns);
      break;
    case NNT_QUADRATIC:
      kernels->elementwise->squared_error(&kernel_rows);
      scale_loss(rows, 0.5F);
      through_activation(kernels, model->layers[model->layer_count - 1].activation, rows);
      break;
    case NNT_HUBER:
      kernels->elementwise->huber(&kernel_rows);
      break;
    case NNT_MAE:
      kernels->elementwise->absolute_error(&kernel_rows);
      break;
    case NNT_POISSON:
      kernels->elementwise->poisson(&kernel_rows);
      break;
    case NNT_HINGE:
      hinge(rows);
      break;
    case NNT_LOSS_COUNT:
    default:
      break;
  }
  if (rows->weights != NULL) weigh_rows(rows);
}

void nnt_loss_outputs(const nnt_kernels *kernels, const nnt_model *model, const nnt_panels *logits,
                      float *scratch, int64_t begin, int64_t end) {
  if (begin >= end) return;
  if (model->loss == NNT_CROSS_ENTROPY) {
    nnt_rows rows = {.logits = *logits,
                     .gradient = *logits,
                     .loss = scratch,
                     .scale = 1.0F,
                     .begin = begin,
                     .end = end};
    kernels->elementwise->softmax(&rows);
    return;
  }
  for (int64_t p = 0; p < nnt_panel_count(logits->columns); ++p) {
    float *rows = nnt_panels_at(logits, begin, p * NNT_PANEL);
    int64_t count = (end - begin) * NNT_PANEL;
    if (model->loss == NNT_BINARY_CROSS_ENTROPY)
      kernels->elementwise->activate[NNT_SIGMOID](rows, NULL, count);
    if (model->loss == NNT_POISSON) kernels->elementwise->exponential(rows, count);
  }
}
