/* Which samples of a data set are used, and how much each counts. */
#ifndef NNTRAIN_SELECTION_H
#define NNTRAIN_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

typedef enum nnt_part {
  NNT_PART_ALL,   /* the whole selection */
  NNT_PART_TRAIN, /* everything but the validation part */
  NNT_PART_VALIDATION
} nnt_part;

/* A part of a data set, a function of these fields, the number of samples and, with `stratify`,
 * their classes: the same on any number of ranks, for every seed and in every version.
 *
 * Without `stratify` sample i belongs to the training part if u(i) < split, and to fold
 * floor(u(i) folds) + 1, with u(i) = Philox4x32-10(i) in [0, 1) (base/rng.h): appending samples
 * does not move earlier ones to another part. With `stratify` the samples of each class are
 * permuted and dealt out, so that every part has the class proportions of the data set, up to
 * rounding.
 *
 * All zero selects the whole data set. */
typedef struct nnt_selection {
  int64_t limit; /* the first `limit` samples (with stratify: in class proportions); 0: all */
  double split;  /* fraction of the training part, in (0, 1); 0 disables it */
  int64_t folds; /* K of K-fold cross-validation, at least 2; 0 disables it */
  int64_t fold;  /* the validation part, from 1 to `folds` */
  bool stratify; /* needs classes */
  nnt_part part;
} nnt_selection;

/* Sample weights in training: the loss of a batch is sum w_i l_i / sum w_i, as with the weights of
 * PyTorch's CrossEntropyLoss. w_i is the product of the sample's weight and that of its class.
 * Validation and evaluation are unweighted. All zero means no weights. */
typedef struct nnt_weighting {
  const char *name; /* HDF5 dataset [samples] of non-negative weights beside y; NULL: none */
  /* A non-negative number per class, separated by commas; or "balanced": samples / (C K_c) for
   * class c, with K_c samples of it and C classes that occur (as class_weight="balanced" of
   * scikit-learn; King and Zeng, Political Analysis 9, 2001). NULL: 1 each. Borrowed. */
  const char *of_classes;
} nnt_weighting;

#endif
