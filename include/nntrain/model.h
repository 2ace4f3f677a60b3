/* What a network is: layers, activations, loss, initial weights, input normalisation. */
#ifndef NNTRAIN_MODEL_H
#define NNTRAIN_MODEL_H

#include <nntrain/activations.h>
#include <nntrain/status.h>
#include <stdint.h>

/* Layers with weights, the output layer included. */
#define NNT_MAX_LAYERS 64
/* Neurons of a layer. */
#define NNT_MAX_WIDTH (INT64_C(1) << 24)

/* What stands between a hidden layer's product, z, and its activation. X(NAME, name, kind): the
 * value NNT_NORM_NAME, the name for options and files, and the kind of layer that it is
 * (src/layers/KIND.c). A new row comes last. */
#define NNT_NORMS(X)                                                                               \
  /* u = gain (z - mean z) / sqrt(var z + 1e-5) + shift, mean and variance over the layer's        \
   * outputs of a sample; gain and shift, from 1 and 0, are learned and do not decay               \
   * (torch.nn.LayerNorm). Ba, Kiros and Hinton, arXiv:1607.06450. */                              \
  X(LAYER, "layer", layer_norm)                                                                    \
  /* The same with mean and variance of an output over all samples of the batch, on all ranks,     \
   * unweighted (torch.nn.SyncBatchNorm). Validation, eval and predict take running ones instead,  \
   * from 0 and 1, r + (s - r) / 10 after every batch with s its mean and unbiased variance (which \
   * a batch of one sample does not have: then both stay), and so does a frozen layer.             \
   * Ioffe and Szegedy, ICML 2015. */                                                              \
  X(BATCH, "batch", batch_norm)

#define NNT_NORM_VALUE(NAME, ...) NNT_NORM_##NAME,
typedef enum nnt_norm { NNT_NORM_NONE, NNT_NORMS(NNT_NORM_VALUE) NNT_NORM_COUNT } nnt_norm;

/* The loss is the mean over the samples of a batch; z are the logits (the output layer before its
 * activation), a the output, t the target, K the outputs, y the class. */
typedef enum nnt_loss {
  NNT_CROSS_ENTROPY,        /* -log softmax(z)[y]; output activation softmax */
  NNT_BINARY_CROSS_ENTROPY, /* 1/K sum_k softplus(z_k) - t_k z_k; output activation sigmoid */
  NNT_MSE,                  /* 1/K sum_k (a_k - t_k)^2; output activation identity */
  NNT_QUADRATIC,            /* 1/2 sum_k (a_k - t_k)^2, with the hidden layers' activation on the
                               output too; Nielsen, Neural Networks and Deep Learning, eq. 6 */
  NNT_HUBER,   /* 1/K sum_k h(a_k - t_k), h(d) = d^2 / 2 for |d| < 1, else |d| - 1/2; output
                  activation identity; Huber, Ann. Math. Stat. 35, 1964 (torch.nn.HuberLoss) */
  NNT_MAE,     /* 1/K sum_k |a_k - t_k|, gradient 0 at 0; output activation identity
                  (torch.nn.L1Loss) */
  NNT_POISSON, /* 1/K sum_k exp(z_k) - t_k z_k, targets from 0; output activation exp
                  (torch.nn.PoissonNLLLoss) */
  NNT_HINGE,   /* 1/K sum_{k != y} max(0, 1 - z_y + z_k); output activation identity; Crammer and
                  Singer, JMLR 2, 2001, by all classes (torch.nn.MultiMarginLoss) */
  NNT_LOSS_COUNT
} nnt_loss;

/* Distribution of the initial weights; i and o are the inputs and outputs of the layer. Biases
 * start at 0, but normal(0, 1) with NNT_INIT_FAN_IN (Nielsen, chapter 3). */
typedef enum nnt_initializer {
  NNT_INIT_DEFAULT,        /* the one that suits the activation (nntrain/activations.h) */
  NNT_INIT_XAVIER_UNIFORM, /* uniform(+-sqrt(6 / (i + o))); Glorot and Bengio, AISTATS 2010 */
  NNT_INIT_XAVIER_NORMAL,  /* normal(0, 2 / (i + o)) */
  NNT_INIT_HE_UNIFORM,     /* uniform(+-sqrt(6 / i)); He et al., ICCV 2015 */
  NNT_INIT_HE_NORMAL,      /* normal(0, 2 / i) */
  NNT_INIT_LECUN_NORMAL,   /* normal(0, 1 / i); LeCun et al., Efficient BackProp, 1998 */
  NNT_INIT_FAN_IN,         /* normal(0, 1 / i), biases normal(0, 1); Nielsen, chapter 3 */
  NNT_INITIALIZER_COUNT
} nnt_initializer;

/* What is done to each input before the first layer; computed on the training set. */
typedef enum nnt_normalization {
  NNT_NORMALIZE_AUTO,  /* range for 8- and 16-bit integers that are not all 0 or 1; else none */
  NNT_NORMALIZE_NONE,  /* x */
  NNT_NORMALIZE_RANGE, /* the integer type's range to [0, 1] */
  NNT_NORMALIZE_STANDARDIZE, /* (x - mean) / standard deviation, per feature; constant features
                               become 0 */
  NNT_NORMALIZATION_COUNT
} nnt_normalization;

/* Names as the command line and files use them ("leaky-relu"); NULL beyond the last value. */
NNT_API const char *nnt_activation_name(nnt_activation value);
NNT_API const char *nnt_loss_name(nnt_loss value);
NNT_API const char *nnt_initializer_name(nnt_initializer value);
NNT_API const char *nnt_normalization_name(nnt_normalization value);
NNT_API const char *nnt_norm_name(nnt_norm value);

/* Names to values. Errors: NNT_BAD_USAGE, with the names that exist. */
NNT_API nnt_status nnt_activation_parse(const char *name, nnt_activation *out,
                                        nnt_error *error) NNT_MUST_CHECK;
NNT_API nnt_status nnt_loss_parse(const char *name, nnt_loss *out, nnt_error *error) NNT_MUST_CHECK;
NNT_API nnt_status nnt_initializer_parse(const char *name, nnt_initializer *out,
                                         nnt_error *error) NNT_MUST_CHECK;
NNT_API nnt_status nnt_norm_parse(const char *name, nnt_norm *out, nnt_error *error) NNT_MUST_CHECK;
NNT_API nnt_status nnt_normalization_parse(const char *name, nnt_normalization *out,
                                           nnt_error *error) NNT_MUST_CHECK;

#endif
