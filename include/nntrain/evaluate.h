/* Evaluating and predicting with a checkpoint. Collective; the same numbers, to the last bit, for
 * every number of ranks and threads. */
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

/* Where a data set lies: FILE or FILE:GROUP in HDF5 files; or several of them, separated by commas,
 * which are one data set in this order; FILE may be a pattern (glob). Strings are borrowed. */
typedef struct nnt_data_place {
  const char *path;
  const char *group; /* of the files that name none; NULL: the root */
} nnt_data_place;

/* Values that do not apply are NaN. */
typedef struct nnt_metrics {
  int64_t samples;
  double loss; /* mean over the samples */
  bool classification;
  double accuracy; /* fraction of samples (binary cross-entropy: of labels) that are right */
  double f1; /* of classes, up to 1024 of them: the mean over those that occur or were predicted of
                2 t / (p + s), with t right decisions for it, p samples that were given it and s
                that have it (macro F1; nntrain/scores.h has more) */
  int top_k; /* 0 when not asked for */
  double top_k_accuracy; /* the true class is among the k most probable */
  double mse;            /* mean over samples and outputs of (a - t)^2 */
  double mae;            /* mean over samples and outputs of |a - t| */
  double r2; /* 1 - sum (a - t)^2 / sum (t - mean t)^2, mean over the outputs whose target
                varies */
} nnt_metrics;

typedef struct nnt_evaluate_options {
  const char *checkpoint; /* a file, or a run's directory: its best.h5 */
  nnt_data_place data;
  const char *x_name, *y_name; /* NULL: "x", "y" */
  nnt_selection selection;
  int top_k;     /* 0: none */
  int64_t worst; /* how many of the worst samples go into the scores; 0: none */
  int threads;   /* 0: as nnt_train_options.threads */
  nnt_reading reading;
} nnt_evaluate_options;

/* `scores` may be NULL; else a classification is scored class by class too, on every rank: owned by
 * the caller, freed with nnt_scores_destroy, NULL for values. */
NNT_API nnt_status nnt_evaluate(nnt_comm *comm, const nnt_evaluate_options *options,
                                nnt_metrics *out, nnt_scores **scores,
                                nnt_error *error) NNT_MUST_CHECK;

typedef struct nnt_predict_options {
  const char *checkpoint;
  nnt_data_place data;
  const char *x_name, *y_name; /* y is read to stratify alone */
  nnt_selection selection;     /* of a part the rows are written too */
  const char *output;          /* .csv: CSV, .npy: NumPy's, else HDF5; replaced when it exists */
  int threads;
  nnt_reading reading;
} nnt_predict_options;

typedef struct nnt_predict_result {
  int64_t samples;
  int64_t outputs;
  bool classification;
} nnt_predict_result;

/* Writes outputs (probabilities or values) and, for classification, classes; whole or not at
 * all. */
NNT_API nnt_status nnt_predict(nnt_comm *comm, const nnt_predict_options *options,
                               nnt_predict_result *out, nnt_error *error) NNT_MUST_CHECK;

#endif
