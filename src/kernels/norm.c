/* Layer and batch normalisation. Compiled once per instruction set. */
#include "kernels/norm.h"

#include <stddef.h>

#include "kernels/row_tools.h"
#include "kernels/simd.h"

static void normalize(const nnt_norm_rows *call) {
  const nnt_panels *z = &call->values;
  const int64_t padded = nnt_panel_count(z->columns) * NNT_PANEL;
  const float share = 1.0F / (float)z->columns;
  for (int64_t r = call->begin; r < call->end; ++r) {
    vf sums[VECTORS] = {{0}}, squares[VECTORS] = {{0}};
    for (int64_t c = 0; c < padded; c += VECTOR)
      sums[c % NNT_PANEL / VECTOR] += (vf)((vi)load(at(z, r, c)) & columns_below(c, z->columns));
    vf mean = splat(sum_lanes(sums) * share);
    for (int64_t c = 0; c < padded; c += VECTOR) {
      vf x = (vf)((vi)(load(at(z, r, c)) - mean) & columns_below(c, z->columns));
      vf *square = &squares[c % NNT_PANEL / VECTOR];
      *square = fma_v(x, x, *square);
      store(at(z, r, c), x);
    }
    vf variance = splat(sum_lanes(squares) * share);
    vf inverse = splat(1.0F) / sqrt_v(variance + splat(NNT_NORM_EPSILON));
    if (call->inverse_deviation != NULL) call->inverse_deviation[r] = inverse[0];
    for (int64_t c = 0; c < padded; c += VECTOR) {
      vf x = load(at(z, r, c)) * inverse;
      if (call->normal != NULL) store(call->normal + (at(z, r, c) - z->data), x);
      store(at(z, r, c), fma_v(x, load(call->gain + c), load(call->shift + c)));
    }
  }
}

/* With h = gain dU: dZ = (h - mean h - x' mean (h x')) / deviation. */
static void denormalize(const nnt_norm_rows *call) {
  const nnt_panels *d = &call->values;
  const int64_t padded = nnt_panel_count(d->columns) * NNT_PANEL;
  const float share = 1.0F / (float)d->columns;
  for (int64_t r = call->begin; r < call->end; ++r) {
    const float *normal = call->normal + (at(d, r, 0) - d->data);
    vf sums[VECTORS] = {{0}}, products[VECTORS] = {{0}};
    for (int64_t c = 0; c < padded; c += VECTOR) {
      vf h = load(at(d, r, c)) * load(call->gain + c);
      h = (vf)((vi)h & columns_below(c, d->columns));
      int lane = (int)(c % NNT_PANEL / VECTOR);
      sums[lane] += h;
      products[lane] = fma_v(h, load(normal + (at(d, r, c) - at(d, r, 0))), products[lane]);
      store(at(d, r, c), h);
    }
    vf mean = splat(sum_lanes(sums) * share), along = splat(sum_lanes(products) * share);
    vf inverse = splat(call->inverse_deviation[r]);
    for (int64_t c = 0; c < padded; c += VECTOR) {
      vf x = load(normal + (at(d, r, c) - at(d, r, 0)));
      vf g = inverse * fma_v(-x, along, load(at(d, r, c)) - mean);
      store(at(d, r, c), (vf)((vi)g & columns_below(c, d->columns)));
    }
  }
}

/* --- panel by panel --- */

/* Two passes: the rows of a granule are few enough to stay in the L1 cache. */
static void measure(const float *panel, int64_t rows, const nnt_moments *out) {
  vf mean[VECTORS] = {{0}}, squares[VECTORS] = {{0}};
  float share = rows > 0 ? 1.0F / (float)rows : 0.0F;
  for (int64_t r = 0; r < rows; ++r) {
    for (int v = 0; v < VECTORS; ++v) mean[v] += load(panel + r * NNT_PANEL + v * VECTOR);
  }
  for (int v = 0; v < VECTORS; ++v) mean[v] *= splat(share);
  for (int64_t r = 0; r < rows; ++r) {
    for (int v = 0; v < VECTORS; ++v) {
      vf x = load(panel + r * NNT_PANEL + v * VECTOR) - mean[v];
      squares[v] = fma_v(x, x, squares[v]);
    }
  }
  for (int v = 0; v < VECTORS; ++v) {
    store(out->mean + v * VECTOR, mean[v]);
    store(out->squares + v * VECTOR, squares[v]);
  }
}

static void merge_moments(const nnt_moments *a, float a_rows, const nnt_moments *b, float b_rows,
                          const nnt_moments *out) {
  float rows = a_rows + b_rows;
  vf part = splat(rows > 0.0F ? b_rows / rows : 0.0F);
  vf weight = splat(rows > 0.0F ? a_rows * (b_rows / rows) : 0.0F);
  for (int i = 0; i < NNT_PANEL; i += VECTOR) {
    vf mean = load(a->mean + i), distance = load(b->mean + i) - mean;
    vf squares = load(a->squares + i) + load(b->squares + i);
    store(out->mean + i, fma_v(distance, part, mean));
    store(out->squares + i, fma_v(distance * distance, weight, squares));
  }
}

static void invert(const float *variance, float *inverse) {
  for (int i = 0; i < NNT_PANEL; i += VECTOR)
    store(inverse + i, splat(1.0F) / sqrt_v(load(variance + i) + splat(NNT_NORM_EPSILON)));
}

static void normalize_panel(const nnt_norm_panel *call) {
  for (int64_t r = 0; r < call->rows; ++r) {
    for (int i = 0; i < NNT_PANEL; i += VECTOR) {
      int64_t at_row = r * NNT_PANEL + i;
      vf x = (load(call->values + at_row) - load(call->mean + i)) * load(call->inverse + i);
      if (call->normal != NULL) store(call->normal + at_row, x);
      store(call->values + at_row, fma_v(x, load(call->gain + i), load(call->shift + i)));
    }
  }
}

static void denormalize_panel(const nnt_norm_panel *call) {
  vf share = splat(1.0F / call->samples);
  for (int i = 0; i < NNT_PANEL; i += VECTOR) {
    vf mean = load(call->sum + i) * share, along = load(call->product_sum + i) * share;
    vf factor = load(call->gain + i) * load(call->inverse + i);
    for (int64_t r = 0; r < call->rows; ++r) {
      float *d = call->values + r * NNT_PANEL + i;
      vf x = load(call->normal + r * NNT_PANEL + i);
      store(d, factor * fma_v(-x, along, load(d) - mean));
    }
  }
}

extern const nnt_norm_kernels FOR_ISA(nnt_norm_);
const nnt_norm_kernels FOR_ISA(nnt_norm_) = {.normalize = normalize,
                                             .denormalize = denormalize,
                                             .measure = measure,
                                             .merge_moments = merge_moments,
                                             .invert = invert,
                                             .normalize_panel = normalize_panel,
                                             .denormalize_panel = denormalize_panel};
