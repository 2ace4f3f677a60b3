/* How the parameters are updated: optimisers, learning-rate schedules, regularisation. */
#ifndef NNTRAIN_METHODS_H
#define NNTRAIN_METHODS_H

#include <nntrain/model.h>
#include <nntrain/optimizers.h>
#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

/* What a method does not take (nntrain/optimizers.h) is not read. */
typedef struct nnt_optimizer_settings {
  nnt_optimizer_kind kind;
  double learning_rate;
  double momentum; /* from 0 (none) to below 1 */
  bool nesterov;
  double weight_decay;
  double beta1, beta2, alpha; /* from 0 to below 1 */
  double epsilon;             /* above 0 */
  double trust;               /* from 0 */
  /* Before the optimiser sees it, a gradient becomes: with clip_norm c, g min(1, c / (|g| + 1e-6)),
   * |g| over all parameters (Pascanu, Mikolov and Bengio, ICML 2013); then with clip_value c, g cut
   * to [-c, c]; then with l1 c, g + c sign(w), not for biases. 0 disables. */
  double clip_norm, clip_value, l1;
  /* After an update the weights into each neuron are scaled to a norm of at most max_norm
   * (Srivastava et al., JMLR 15, 2014). 0 disables. */
  double max_norm;
} nnt_optimizer_settings;

/* Everything as torch.optim has it (lars: as its paper), with a momentum of 0.9 for sgd and lars
 * and their learning rate 0.1. */
NNT_API void nnt_optimizer_settings_default(nnt_optimizer_kind kind, nnt_optimizer_settings *out);

/* "sgd", "adam", ...; NULL beyond the last value. */
NNT_API const char *nnt_optimizer_name(nnt_optimizer_kind value);
/* What it takes, nnt_optimizer_options added up. */
NNT_API unsigned nnt_optimizer_takes(nnt_optimizer_kind value);
/* Errors: NNT_BAD_USAGE, with the names that exist. */
NNT_API nnt_status nnt_optimizer_parse(const char *name, nnt_optimizer_kind *out,
                                       nnt_error *error) NNT_MUST_CHECK;

/* The learning rate by update, as torch.optim.lr_scheduler has it. Step, multi-step and exponential
 * count the epochs or updates of the run; polynomial, cosine and one-cycle begin after the warm-up,
 * from where s counts the updates, and span S, all that are left; after that they stay where they
 * are. All are functions of the update alone, but for plateau: of the losses of the epochs before.
 */
typedef enum nnt_schedule_kind {
  NNT_SCHEDULE_CONSTANT,
  NNT_SCHEDULE_STEP,        /* lr factor^(updates / every), rounded down (StepLR) */
  NNT_SCHEDULE_MULTI_STEP,  /* lr factor^(milestones passed) (MultiStepLR) */
  NNT_SCHEDULE_EXPONENTIAL, /* lr factor^epochs (ExponentialLR) */
  NNT_SCHEDULE_POLYNOMIAL,  /* end + (lr - end) (1 - s / S)^power (PolynomialLR, with an end) */
  NNT_SCHEDULE_COSINE,      /* end + (lr - end) (1 + cos(pi s / S)) / 2 (CosineAnnealingLR);
                               Loshchilov and Hutter, ICLR 2017 */
  NNT_SCHEDULE_ONE_CYCLE,   /* by half cosines from lr / 25 up to lr over 30 % of the span, then
                               down to lr / 250000 (OneCycleLR, the momentum stays); Smith and
                               Topin, arXiv:1708.07120 */
  NNT_SCHEDULE_PLATEAU, /* lr times factor, not below end, when the validation (or else train) loss
                           has not been below best (1 - threshold) for more than `patience` epochs
                           (ReduceLROnPlateau) */
  NNT_SCHEDULE_COUNT
} nnt_schedule_kind;

/* Milestones of a schedule, at most. */
#define NNT_MILESTONES 32

/* A length of training. */
typedef struct nnt_span {
  int64_t count;
  bool epochs; /* else updates */
} nnt_span;

typedef struct nnt_schedule_settings {
  nnt_schedule_kind kind;
  /* Update u of W = warmup, from 1, has lr u / W. Goyal et al., arXiv:1706.02677. Not with
   * one-cycle, which has its own. */
  nnt_span warmup;
  nnt_span every;                     /* step */
  int milestone_count;                /* multi-step */
  int64_t milestones[NNT_MILESTONES]; /* epochs, ascending */
  double factor;                      /* step, multi-step, exponential, plateau */
  double power;                       /* polynomial */
  double end;                         /* polynomial, cosine, plateau: learning rate */
  int64_t patience;                   /* plateau: epochs */
  double threshold;                   /* plateau */
  int64_t epochs; /* that warm-up and schedule span together; 0: those of the run */
  /* The learning rate is times batch size / base_batch (linear scaling: Goyal et al.). 0 disables.
   */
  int64_t base_batch;
} nnt_schedule_settings;

/* Constant; factor 0.1, power 1, end 0, patience 10, threshold 1e-4. */
NNT_API void nnt_schedule_settings_default(nnt_schedule_settings *out);

/* What is done against overfitting, beside the optimiser's l1, weight_decay and max_norm. Only in
 * training: validation, eval and predict know nothing of it. Random choices are functions of seed,
 * update and position in the batch. */
typedef struct nnt_regularization {
  /* Fractions of the outputs of hidden layers, 1 (all of them) or one each, and of the inputs, that
   * are set to 0, from 0 to below 1, to 1 / 65536; the others are scaled by 1 / (1 - p)
   * (torch.nn.Dropout). Srivastava et al., JMLR 15, 2014. */
  int dropout_count; /* 0: none */
  double dropout[NNT_MAX_LAYERS];
  double input_dropout;
  /* Cross-entropy against (1 - e) of the class and e / K of all K classes
   * (torch.nn.CrossEntropyLoss). Szegedy et al., CVPR 2016. */
  double label_smoothing;
  /* Of hidden layers; part of the network, unlike the rest (nntrain/model.h). */
  nnt_norm norm;
  /* Images, x of shape [N, height, width] in the file, in this order; 0 disables each.
   * shift: by a whole number of pixels from -shift to shift down and right, what comes in is 0.
   * flip: left and right, every second. erase: with this probability a rectangle of 2 to 33 % of
   * the image, of an aspect from 1/3.3 to 3.3, becomes 0 (Zhong et al., AAAI 2020;
   * torchvision.transforms.RandomErasing). */
  int64_t shift;
  bool flip;
  double erase;
  /* Any inputs: plus normal numbers of this deviation, after normalisation. */
  double noise;
  /* Sample p of a batch of B becomes l x_p + (1 - l) x_q, q = B - 1 - p, with one l a batch from
   * Beta(mixup, mixup), before normalisation and after all changes of images. Its loss is
   * l loss(y_p) + (1 - l) loss(y_q) with classes, each with its own weight, else that of the target
   * mixed alike. Zhang et al., ICLR 2018. 0 disables. */
  double mixup;
} nnt_regularization;

/* "constant", "step", ...; NULL beyond the last value. */
NNT_API const char *nnt_schedule_name(nnt_schedule_kind value);
/* Errors: NNT_BAD_USAGE, with the names that exist. */
NNT_API nnt_status nnt_schedule_parse(const char *name, nnt_schedule_kind *out,
                                      nnt_error *error) NNT_MUST_CHECK;

#endif
