/* What a classifier gets right, class by class. Counts are whole numbers, and ranks are added up
 * as such: the same to the last bit on any number of ranks and threads. */
#ifndef NNTRAIN_SCORES_H
#define NNTRAIN_SCORES_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stdint.h>

/* Classes with a confusion matrix, at most. */
#define NNT_CONFUSION_MOST 2048
/* Outputs (samples times classes) whose AUC is computed, at most: they are held in memory. */
#define NNT_AUC_MOST (INT64_C(1) << 27)
/* Bins of the calibration error. */
#define NNT_CALIBRATION_BINS 15

typedef struct nnt_average {
  double precision, recall, f1;
} nnt_average;

/* A sample that a classifier gets wrong. */
typedef struct nnt_worst_sample {
  int64_t row;            /* in the data set */
  int64_t own, predicted; /* classes */
  double own_probability, predicted_probability;
  uint8_t *pixels; /* [height, width], the least value 0 and the largest 255; NULL: no image */
} nnt_worst_sample;

/* With t right decisions for a class, p samples that were given it and s that have it:
 * precision t / p, recall t / s, F1 2 t / (p + s); 0 where nothing is to be divided by, as
 * scikit-learn does. A class is what predict says; binary cross-entropy decides each of its
 * outputs by itself, at 1/2, and has "labels". */
typedef struct nnt_scores {
  int64_t samples;
  int64_t classes;    /* K */
  char **class_names; /* [K], or NULL */
  bool labels;
  int64_t *confusion;                   /* [K, K], rows are the true classes; NULL of labels and
                                           beyond NNT_CONFUSION_MOST */
  int64_t *support, *predicted, *right; /* [K]: s, p, t */
  double *precision, *recall, *f1;      /* [K] */
  /* [K] area under the receiver operating characteristic of the class's probability against all
   * other classes: the probability that it is larger for a random sample of the class than for a
   * random other one, ties count half (Mann and Whitney 1947); exact. NaN where there are no
   * samples on either side, and beyond NNT_AUC_MOST. */
  double *auc;
  /* Over the classes that occur or were predicted; weighted by s; and of all decisions together. */
  nnt_average macro, weighted, micro;
  double auc_macro;   /* mean of those that are not NaN */
  double exact_match; /* of labels: fraction of samples with all labels right; else NaN */
  /* Expected calibration error: decisions are put into 15 bins by their probability; the mean over
   * all of |fraction that is right - mean probability| of their bin. Guo et al., ICML 2017. NaN
   * where outputs are no probabilities: quadratic and hinge. */
  double calibration_error;
  /* On rank 0, where asked for, with cross-entropy: the samples with the least probability for
   * their class, that first. */
  int64_t worst_count;
  nnt_worst_sample *worst;
  int64_t height, width; /* of their images, x of [samples, height, width]; else 0 */
} nnt_scores;

/* *scores may be NULL. */
NNT_API void nnt_scores_destroy(nnt_scores **scores);

#endif
