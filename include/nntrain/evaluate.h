/* Evaluation and prediction with a checkpoint. Collective; bitwise the same results for any number
 * of ranks and threads. */
#ifndef NNTRAIN_EVALUATE_H
#define NNTRAIN_EVALUATE_H

#include <nntrain/comm.h>
#include <nntrain/log.h>
#include <nntrain/scores.h>
#include <nntrain/selection.h>
#include <nntrain/status.h>
#include <nntrain/streaming.h>
#include <stdbool.h>
#include <stdint.h>

/* Location of a data set: FILE or FILE:GROUP in HDF5 files, or several of them separated by commas,
 * which are concatenated in this order; FILE may be a glob pattern. Strings are borrowed. */
typedef struct nnt_data_place {
  const char *path;
  const char *group; /* of files without a group; NULL: the root */
} nnt_data_place;

/* Values that do not apply are NaN. */
typedef struct nnt_metrics {
  int64_t samples;
  double loss; /* mean over the samples */
  bool classification;
  double accuracy; /* fraction of samples (binary cross-entropy: of labels) that are right */
  double f1; /* macro F1, for up to 1024 classes: mean of 2 t / (p + s) over the classes that occur
                or were predicted, with t correct predictions of the class, p samples predicted as
                it and s samples of it (nntrain/scores.h has more) */
  int top_k; /* 0 if not requested */
  double top_k_accuracy; /* fraction with the true class among the k most probable */
  double mse;            /* mean over samples and outputs of (a - t)^2 */
  double mae;            /* mean over samples and outputs of |a - t| */
  double r2; /* 1 - sum (a - t)^2 / sum (t - mean t)^2, mean over the outputs whose target
                varies */
} nnt_metrics;

typedef struct nnt_evaluate_options {
  const char *checkpoint; /* a file, or a run directory: its best.h5 */
  nnt_data_place data;
  const char *x_name, *y_name; /* NULL: "x", "y" */
  nnt_selection selection;
  int top_k;     /* 0 disables top-k accuracy */
  int64_t worst; /* number of worst samples in the scores; 0 disables them */
  int threads;   /* 0: as nnt_train_options.threads */
  nnt_reading reading;
} nnt_evaluate_options;

/* `scores` may be NULL; else a classifier's per-class scores are computed too, on every rank: owned
 * by the caller, freed with nnt_scores_destroy, NULL for regression. */
NNT_API nnt_status nnt_evaluate(nnt_comm *comm, const nnt_evaluate_options *options,
                                nnt_metrics *out, nnt_scores **scores,
                                nnt_error *error) NNT_MUST_CHECK;

typedef struct nnt_predict_options {
  const char *checkpoint;
  nnt_data_place data;
  const char *x_name, *y_name; /* y is read only to stratify */
  nnt_selection selection;     /* if not the whole data set, row numbers are written too */
  const char *output;          /* .csv: CSV, .npy: NumPy, else HDF5; an existing file is replaced */
  int threads;
  nnt_reading reading;
} nnt_predict_options;

typedef struct nnt_predict_result {
  int64_t samples;
  int64_t outputs;
  bool classification;
} nnt_predict_result;

/* Writes outputs (probabilities or values) and, for classification, classes, atomically. */
NNT_API nnt_status nnt_predict(nnt_comm *comm, const nnt_predict_options *options,
                               nnt_predict_result *out, nnt_error *error) NNT_MUST_CHECK;

#endif
