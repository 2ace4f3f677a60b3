/* Which samples of a data set are used, and how much each counts. */
#ifndef NNTRAIN_SELECTION_H
#define NNTRAIN_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

typedef enum nnt_part {
  NNT_PART_ALL,   /* of a data set that is not cut */
  NNT_PART_TRAIN, /* what the validation part leaves */
  NNT_PART_VALIDATION
} nnt_part;

/* Part of a data set, a function of these fields, the number of samples and, with `stratify`, their
 * classes: the same on any number of ranks, for every seed and in every version.
 *
 * Without `stratify` sample i belongs to the training part if u(i) < split, and to fold
 * floor(u(i) folds) + 1, with u(i) = Philox4x32-10(i) in [0, 1) (base/rng.h): samples that are
 * added at the end change nothing for those before.
 * With `stratify` the samples of each class are permuted and dealt out, so that every part holds
 * every class in its share, but for rounding.
 *
 * Zero in all fields is the whole data set. */
typedef struct nnt_selection {
  int64_t limit; /* the first so many samples (with stratify: of each class its share); 0: all */
  double split;  /* share of the training part, in (0, 1); 0: not cut so */
  int64_t folds; /* K of K-fold cross-validation, from 2; 0: not cut so */
  int64_t fold;  /* the validation part, from 1 to `folds` */
  bool stratify; /* needs classes */
  nnt_part part;
} nnt_selection;

/* How much a sample counts in training: the loss of a batch is sum w_i l_i / sum w_i, as with the
 * weights of PyTorch's CrossEntropyLoss. w_i is the product of the sample's weight and that of its
 * class. Validation and evaluation count every sample once. Zero is a weight of 1 for all. */
typedef struct nnt_weighting {
  const char *name; /* dataset [samples] of weights from 0 beside y; NULL: none */
  /* A number from 0 for each class, separated by commas; or "balanced": class c counts samples /
   * (C K_c), with K_c samples of it and C classes that occur (as class_weight="balanced" of
   * scikit-learn; King and Zeng, Political Analysis 9, 2001). NULL: 1 for each. Borrowed. */
  const char *of_classes;
} nnt_weighting;

#endif
