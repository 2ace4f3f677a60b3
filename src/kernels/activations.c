/* Activations and their derivatives. Compiled once per instruction set. Formulas:
 * nntrain/activations.h. */
#include "kernels/activations.h"

#include <stddef.h>

#include "kernels/simd.h"
#include "kernels/vector_math.h"

#define LEAKY_SLOPE 0.01F

static void activate_sigmoid(float *z, float *auxiliary, int64_t count) {
  (void)auxiliary;
  for (int64_t i = 0; i < count; i += VECTOR) store(z + i, sigmoid_v(load(z + i)));
}

static void derive_sigmoid(float *gradient, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf a = load(y + i);
    store(gradient + i, load(gradient + i) * (a * (splat(1.0F) - a)));
  }
}

static void activate_tanh(float *z, float *auxiliary, int64_t count) {
  (void)auxiliary;
  for (int64_t i = 0; i < count; i += VECTOR) store(z + i, tanh_v(load(z + i)));
}

static void derive_tanh(float *gradient, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf a = load(y + i);
    store(gradient + i, load(gradient + i) * fma_v(-a, a, splat(1.0F)));
  }
}

/* NaNs must propagate, so that divergence is detected: hence "not below zero". */
static void activate_relu(float *z, float *auxiliary, int64_t count) {
  (void)auxiliary;
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf x = load(z + i);
    store(z + i, (vf)((vi)x & ~(x < splat(0.0F))));
  }
}

static void derive_relu(float *gradient, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR)
    store(gradient + i, (vf)((vi)load(gradient + i) & (load(y + i) > splat(0.0F))));
}

static void activate_leaky_relu(float *z, float *auxiliary, int64_t count) {
  (void)auxiliary;
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf x = load(z + i);
    store(z + i, select_v(x < splat(0.0F), x * splat(LEAKY_SLOPE), x));
  }
}

static void derive_leaky_relu(float *gradient, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf g = load(gradient + i);
    store(gradient + i, select_v(load(y + i) > splat(0.0F), g, g * splat(LEAKY_SLOPE)));
  }
}

static void activate_gelu(float *z, float *auxiliary, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf x = load(z + i), cdf, density;
    normal_v(x, &cdf, &density);
    store(z + i, x * cdf);
    if (auxiliary != NULL) store(auxiliary + i, fma_v(x, density, cdf));
  }
}

static void activate_silu(float *z, float *auxiliary, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR) {
    vf x = load(z + i);
    vf s = sigmoid_v(x);
    store(z + i, x * s);
    if (auxiliary != NULL) store(auxiliary + i, s * fma_v(x, splat(1.0F) - s, splat(1.0F)));
  }
}

/* The forward pass has stored the derivative. */
static void derive_stored(float *gradient, float *derivative, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR)
    store(gradient + i, load(gradient + i) * load(derivative + i));
}

static void leave_as_is(float *values, float *auxiliary, int64_t count) {
  (void)values;
  (void)auxiliary;
  (void)count;
}

#define VALUE(NAME, name, value, derivative, ...) [NNT_##NAME] = value,
#define DERIVATIVE(NAME, name, value, derivative, ...) [NNT_##NAME] = derivative,

extern const nnt_activation_kernels FOR_ISA(nnt_activation_);
const nnt_activation_kernels FOR_ISA(nnt_activation_) = {.activate = {NNT_ACTIVATIONS(VALUE)},
                                                         .derive = {NNT_ACTIVATIONS(DERIVATIVE)},
                                                         .derive_stored = derive_stored};
