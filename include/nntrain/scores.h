/* Per-class scores of a classifier. They are computed from integer counts summed over the ranks:
 * bitwise the same on any number of ranks and threads. */
#ifndef NNTRAIN_SCORES_H
#define NNTRAIN_SCORES_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

/* Most classes for a confusion matrix. */
#define NNT_CONFUSION_MOST 2048
/* Most outputs (samples times classes) for the AUC, which keeps them in memory. */
#define NNT_AUC_MOST (INT64_C(1) << 27)
/* Bins of the calibration error. */
#define NNT_CALIBRATION_BINS 15

typedef struct nnt_average {
  double precision, recall, f1;
} nnt_average;

/* One of the worst classified samples. */
typedef struct nnt_worst_sample {
  int64_t row;            /* in the data set */
  int64_t own, predicted; /* classes */
  double own_probability, predicted_probability;
  uint8_t *pixels; /* [height, width], scaled to 0 ... 255; NULL: not an image */
} nnt_worst_sample;

/* With t correct predictions of a class, p samples predicted as it and s samples of it: precision
 * t / p, recall t / s, F1 2 t / (p + s); 0 for a division by zero, as in scikit-learn. The
 * predicted class is that of predict; with binary cross-entropy (multi-label) each output is
 * thresholded at 1/2. */
typedef struct nnt_scores {
  int64_t samples;
  int64_t classes;                      /* K */
  char **class_names;                   /* [K], or NULL */
  bool labels;                          /* multi-label */
  int64_t *confusion;                   /* [K, K], rows are the true classes; NULL if multi-label or
                                           beyond NNT_CONFUSION_MOST */
  int64_t *support, *predicted, *right; /* [K]: s, p, t */
  double *precision, *recall, *f1;      /* [K] */
  /* [K] area under the ROC curve, one class against the rest: the probability that the class's
   * probability is larger for a random sample of the class than for a random other one, ties count
   * half (Mann and Whitney 1947); exact. NaN without positives or negatives, and beyond
   * NNT_AUC_MOST. */
  double *auc;
  /* Mean over the classes that occur or were predicted; mean weighted by s; over all decisions. */
  nnt_average macro, weighted, micro;
  double auc_macro;   /* mean of the values that are not NaN */
  double exact_match; /* multi-label: fraction of samples with all labels right; else NaN */
  /* Expected calibration error: predictions are binned by probability into 15 bins; the mean over
   * all predictions of |accuracy - mean probability| of their bin. Guo et al., ICML 2017. NaN where
   * outputs are not probabilities: quadratic and hinge. */
  double calibration_error;
  /* On rank 0, if requested, with cross-entropy: the samples with the lowest probability of their
   * own class, the lowest first. */
  int64_t worst_count;
  nnt_worst_sample *worst;
  int64_t height, width; /* of their images, x of [samples, height, width]; else 0 */
} nnt_scores;

/* *scores may be NULL. */
NNT_API void nnt_scores_destroy(nnt_scores **scores);

#endif
