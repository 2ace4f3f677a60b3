/* Layer normalisation. Compiled once per instruction set. */
#include "kernels/norm.h"

#include <stddef.h>

#include "kernels/row_tools.h"
#include "kernels/simd.h"

#define NORM_EPSILON 1e-5F

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
    vf inverse = splat(1.0F) / sqrt_v(variance + splat(NORM_EPSILON));
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

extern const nnt_norm_kernels FOR_ISA(nnt_norm_);
const nnt_norm_kernels FOR_ISA(nnt_norm_) = {.normalize = normalize, .denormalize = denormalize};
