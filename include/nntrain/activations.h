/* The activations, one row each: everything that distinguishes them is derived from this table. */
#ifndef NNTRAIN_ACTIVATIONS_H
#define NNTRAIN_ACTIVATIONS_H

/* X(NAME, name, value, derivative, stored, initialiser, onnx, pytorch):
 *   NAME         of the value NNT_NAME
 *   name         for options and files: that of torch.nn.functional, with hyphens
 *   value, derivative   kernels of src/kernels/activations.c
 *   stored       what the derivative is computed from: OUTPUT, the output itself, or DERIVATIVE,
 *                f'(z) as stored by the value's kernel (the derivative is then derive_stored)
 *   initialiser  default of the layers with this activation
 *   onnx         operators of opset 17, each applied to the previous result: "Name", or "Name
 *                operand", with x for the activation's input, or "Name attribute=value"
 *   pytorch      class of torch.nn
 * Append new rows at the end, so that existing values do not change. */
#define NNT_ACTIVATIONS(X)                                                                        \
  /* 1 / (1 + exp(-z)) */                                                                         \
  X(SIGMOID, "sigmoid", activate_sigmoid, derive_sigmoid, OUTPUT, XAVIER_UNIFORM, "Sigmoid",      \
    "Sigmoid")                                                                                    \
  /* tanh(z) */                                                                                   \
  X(TANH, "tanh", activate_tanh, derive_tanh, OUTPUT, XAVIER_UNIFORM, "Tanh", "Tanh")             \
  /* max(z, 0); Nair and Hinton, ICML 2010 */                                                     \
  X(RELU, "relu", activate_relu, derive_relu, OUTPUT, HE_NORMAL, "Relu", "ReLU")                  \
  /* z > 0 ? z : 0.01 z; Maas, Hannun and Ng, ICML 2013 */                                        \
  X(LEAKY_RELU, "leaky-relu", activate_leaky_relu, derive_leaky_relu, OUTPUT, HE_NORMAL,          \
    "LeakyRelu alpha=0.01", "LeakyReLU")                                                          \
  /* z Phi(z), Phi the normal distribution function (the exact form, not the tanh approximation); \
   * Hendrycks and Gimpel, arXiv:1606.08415 */                                                    \
  X(GELU, "gelu", activate_gelu, derive_stored, DERIVATIVE, HE_NORMAL,                            \
    "Mul 0.70710678 | Erf | Add 1 | Mul x | Mul 0.5", "GELU")                                     \
  /* z / (1 + exp(-z)); Elfwing, Uchibe and Doya, Neural Networks 107, 2018 */                    \
  X(SILU, "silu", activate_silu, derive_stored, DERIVATIVE, HE_NORMAL, "Sigmoid | Mul x", "SiLU") \
  /* z */                                                                                         \
  X(IDENTITY, "identity", leave_as_is, leave_as_is, OUTPUT, XAVIER_UNIFORM, "", "Identity")

/* y = f(z), elementwise. */
#define NNT_ACTIVATION_VALUE(NAME, ...) NNT_##NAME,
typedef enum nnt_activation {
  NNT_ACTIVATIONS(NNT_ACTIVATION_VALUE) NNT_ACTIVATION_COUNT
} nnt_activation;

#endif
