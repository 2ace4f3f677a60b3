/* Losses: value and gradient by row. */
#include "net/loss.h"

#include <stdbool.h>
#include <stddef.h>

/* What a row's classes count: one, or two of samples that are mixed. */
typedef struct row_labels {
  int count;
  int32_t classes[2];
  float shares[2];
} row_labels;

static row_labels labels_of(const nnt_loss_rows *rows, int64_t row) {
  row_labels labels = {1, {rows->classes[row]}, {1.0F}};
  if (rows->partner_classes == NULL) return labels;
  labels.count = 2;
  labels.classes[1] = rows->partner_classes[row];
  labels.shares[0] = rows->shares[row];
  labels.shares[1] = 1.0F - rows->shares[row];
  return labels;
}

/* The classes count 1 - e, and all K classes e / K each. */
static void smooth_row(const nnt_loss_rows *rows, int64_t row, const row_labels *labels) {
  const int64_t count = rows->logits.columns;
  const float share = rows->smoothing / (float)count;
  double sum = 0.0, own = 0.0, log_sum = (double)rows->loss[row];
  for (int64_t c = 0; c < count; ++c) {
    sum += (double)*nnt_panels_at(&rows->logits, row, c);
    *nnt_panels_at(&rows->gradient, row, c) -= rows->scale * share;
  }
  for (int i = 0; i < labels->count; ++i) {
    float part = labels->shares[i] * (1.0F - rows->smoothing);
    own += (double)labels->shares[i] * (1.0 - (double)rows->smoothing) *
           (double)*nnt_panels_at(&rows->logits, row, labels->classes[i]);
    *nnt_panels_at(&rows->gradient, row, labels->classes[i]) -= rows->scale * part;
  }
  rows->loss[row] = (float)(log_sum - own - (double)share * sum);
}

static void cross_entropy(const nnt_kernels *kernels, const nnt_loss_rows *rows,
                          nnt_rows *kernel_rows) {
  kernels->elementwise->softmax(kernel_rows);
  for (int64_t r = rows->begin; r < rows->end; ++r) {
    const row_labels labels = labels_of(rows, r);
    if (rows->smoothing > 0.0F) {
      smooth_row(rows, r, &labels);
      continue;
    }
    for (int i = 0; i < labels.count; ++i) {
      int32_t y = labels.classes[i];
      rows->loss[r] -= labels.shares[i] * *nnt_panels_at(&rows->logits, r, y);
      *nnt_panels_at(&rows->gradient, r, y) -= rows->scale * labels.shares[i];
    }
  }
}

/* Every other class whose score comes within 1 of the own one's counts. Adds to the gradient;
 * returns the loss. */
static double hinge_row(const nnt_loss_rows *rows, int64_t row, int64_t y, float share) {
  const int64_t count = rows->logits.columns;
  int64_t close = 0;
  float own = *nnt_panels_at(&rows->logits, row, y);
  double sum = 0.0;
  for (int64_t c = 0; c < count; ++c) {
    float margin = 1.0F - own + *nnt_panels_at(&rows->logits, row, c);
    bool counts = c != y && !(margin <= 0.0F); /* a NaN counts, and is seen */
    if (!counts) continue;
    sum += (double)margin;
    ++close;
    *nnt_panels_at(&rows->gradient, row, c) += share;
  }
  *nnt_panels_at(&rows->gradient, row, y) -= share * (float)close;
  return sum / (double)count;
}

static void hinge(const nnt_loss_rows *rows) {
  const int64_t count = rows->logits.columns, padded = nnt_panel_count(count) * NNT_PANEL;
  const float share = rows->scale / (float)count;
  for (int64_t r = rows->begin; r < rows->end; ++r) {
    const row_labels labels = labels_of(rows, r);
    double loss = 0.0;
    for (int64_t c = 0; c < padded; ++c) *nnt_panels_at(&rows->gradient, r, c) = 0.0F;
    for (int i = 0; i < labels.count; ++i)
      loss += (double)labels.shares[i] *
              hinge_row(rows, r, labels.classes[i], labels.shares[i] * share);
    rows->loss[r] = (float)loss;
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
    kernels->activation->derive[activation](
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
      kernels->activation->activate[NNT_SIGMOID](rows, NULL, count);
    if (model->loss == NNT_POISSON) kernels->elementwise->exponential(rows, count);
  }
}
