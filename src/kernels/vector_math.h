/* exp, tanh, log and the normal distribution function on vectors: the same operations in every
 * instruction set with FMA, hence the same bits. Coefficients were fitted by weighted least squares
 * at Chebyshev points, minimising the maximum relative error. tests/unit/test_elementwise.c checks
 * the stated bounds against libm. */
#ifndef NNT_KERNELS_VECTOR_MATH_H
#define NNT_KERNELS_VECTOR_MATH_H

#include "kernels/simd.h"

/* Coefficients from the highest power down. */
static inline vf polynomial(vf x, const float *coefficients, int count) {
  vf sum = splat(coefficients[0]);
#pragma GCC unroll 16
  for (int i = 1; i < count; ++i) sum = fma_v(sum, x, splat(coefficients[i]));
  return sum;
}

/* exp(x), x clamped to [-87.3, 88.7]; error below 2 units in the last place. Cody and Waite's
 * reduction x = n log 2 + r. NaNs propagate. */
static inline vf exp_v(vf x) {
  static const float coefficients[] = {0.00138368399F, 0.00837481767F, 0.0416682251F, 0.166664198F,
                                       0.499999911F,   1.0F,           1.0F};
  const vf magic = splat(12582912.0F); /* 1.5 * 2^23: adding it rounds to a whole number */
  x = select_v(x > splat(88.7F), splat(88.7F), x);
  x = select_v(x < splat(-87.3F), splat(-87.3F), x);
  vf shifted = fma_v(x, splat(1.44269504F), magic);
  vf n = shifted - magic;
  vf r = fma_v(n, splat(-0.693359375F), x);
  r = fma_v(n, splat(2.12194440e-4F), r);
  vf p = polynomial(r, coefficients, 7);
  return (vf)((vi)p + ((vi)shifted << 23));
}

/* 1 / (1 + exp(-x)); error below 4 units in the last place. */
static inline vf sigmoid_v(vf x) {
  return splat(1.0F) / (splat(1.0F) + exp_v(-x));
}

/* tanh(x); error below 4 units in the last place. An odd polynomial near 0, else through exp. */
static inline vf tanh_v(vf x) {
  static const float coefficients[] = {-0.00571703631F, 0.0206505787F, -0.0537434965F, 0.133314908F,
                                       -0.333332837F};
  const vi sign_bit = (vi)splat(-0.0F);
  vf magnitude = (vf)((vi)x & ~sign_bit);
  vf square = x * x;
  vf small = fma_v(x * square, polynomial(square, coefficients, 5), x);
  vf e = exp_v(magnitude + magnitude);
  vf large = splat(1.0F) - splat(2.0F) / (e + splat(1.0F));
  large = (vf)((vi)large | ((vi)x & sign_bit));
  return select_v(magnitude < splat(0.625F), small, large);
}

/* *cdf = Phi(x), the normal distribution function, and *density = exp(-x^2 / 2) / sqrt(2 pi).
 * Phi(-z) = exp(-z^2 / 2) P(t), t = 1 / (1 + z / 4), z >= 0: the form of Abramowitz and Stegun
 * 7.1.26 with more terms. Absolute error of Phi below 2e-7. */
static inline void normal_v(vf x, vf *cdf, vf *density) {
  static const float coefficients[] = {0.0339468978F, -0.196178213F,  0.395003378F, -0.333471686F,
                                       0.304488778F,  -0.0203849953F, 0.12156824F,  0.0948201939F,
                                       0.100229003F,  -2.16004119e-5F};
  vf magnitude = (vf)((vi)x & ~(vi)splat(-0.0F));
  vf gauss = exp_v(splat(-0.5F) * x * x);
  vf t = splat(1.0F) / fma_v(magnitude, splat(0.25F), splat(1.0F));
  vf tail = gauss * polynomial(t, coefficients, 10);
  *cdf = select_v(x < splat(0.0F), tail, splat(1.0F) - tail);
  *density = gauss * splat(0.398942280F);
}

/* 2 atanh(s) = log((1 + s) / (1 - s)) for |s| <= 1/3, by its series. */
static inline vf twice_atanh_v(vf s) {
  static const float coefficients[] = {1.0F / 17, 1.0F / 15, 1.0F / 13, 1.0F / 11, 1.0F / 9,
                                       1.0F / 7,  1.0F / 5,  1.0F / 3,  1.0F};
  return (s + s) * polynomial(s * s, coefficients, 9);
}

/* log(1 + x) for x in [0, 1]; error below 4 units in the last place. */
static inline vf log1p_v(vf x) {
  return twice_atanh_v(x / (x + splat(2.0F)));
}

/* log(x) for normal x > 0; infinity and NaN are returned as they are. Relative error below 3e-7
 * away from x = 1, absolute error below 1e-7 near it. */
static inline vf log_v(vf x) {
  vi bits = (vi)x;
  vi exponent = ((bits - 0x3F3504F3) >> 23); /* m = x / 2^exponent in [sqrt(1/2), sqrt(2)) */
  vf m = (vf)(bits - (exponent << 23));
  vf n = __builtin_convertvector(exponent, vf);
  vf result = twice_atanh_v((m - splat(1.0F)) / (m + splat(1.0F)));
  result = fma_v(n, splat(0.693359375F), fma_v(n, splat(-2.12194440e-4F), result));
  vf limit = splat(3.40282347e38F);
  return select_v(x <= limit, result, x);
}

#endif
