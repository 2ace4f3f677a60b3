/* Training. */
#ifndef NNTRAIN_TRAIN_H
#define NNTRAIN_TRAIN_H

#include <nntrain/comm.h>
#include <nntrain/evaluate.h>
#include <nntrain/log.h>
#include <nntrain/methods.h>
#include <nntrain/model.h>
#include <nntrain/parallel.h>
#include <nntrain/selection.h>
#include <nntrain/status.h>
#include <nntrain/streaming.h>
#include <stdbool.h>
#include <stdint.h>

/* How often something is done: after every `count` of these. */
typedef enum nnt_every { NNT_EVERY_EPOCHS, NNT_EVERY_STEPS, NNT_EVERY_SECONDS } nnt_every;

typedef struct nnt_interval {
  nnt_every unit;
  int64_t count;
} nnt_interval;

/* Strings are borrowed. nnt_train_options_default sets everything but the paths. */
typedef struct nnt_train_options {
  nnt_data_place data;
  nnt_data_place validation; /* path NULL: none, or the validation part of `data` */
  /* Of `data`. With split or folds, the training part is trained on and the other part is the
   * validation set; `part` is ignored. */
  nnt_selection selection;
  nnt_weighting weighting;
  /* A checkpoint (a file, or a run directory: its best.h5) with the initial weights of a run that
   * is not resumed; NULL: none. Inputs, hidden layers and activations must be the same; a last
   * layer that differs is initialised randomly. With NNT_NORMALIZE_AUTO its normalisation is used
   * too. */
  const char *init_from;
  int freeze_count;
  int64_t freeze[NNT_MAX_LAYERS]; /* layers whose parameters are frozen, from 0; not all */
  const char *x_name, *y_name;    /* NULL: "x", "y" */
  int hidden_count;
  int64_t hidden[NNT_MAX_LAYERS];
  int activation_count; /* 1 (all hidden layers) or hidden_count */
  nnt_activation activations[NNT_MAX_LAYERS];
  nnt_loss loss;
  nnt_initializer initializer;
  nnt_normalization normalization;
  nnt_optimizer_settings optimizer;
  nnt_schedule_settings schedule;
  nnt_regularization regularization;
  /* Early stopping: epochs without improvement of the validation (else train) loss by more than
   * min_delta before the run ends; 0 disables it. */
  int64_t patience;
  double min_delta;
  int64_t batch_size; /* samples per step, over all ranks */
  int64_t epochs;     /* of the whole run, including the finished ones of a resumed run */
  uint64_t seed;
  int threads; /* OpenMP threads per rank; 0: OMP_NUM_THREADS, or one per core that the rank may
                  use, divided among the ranks that may use it */
  nnt_allreduce allreduce;
  nnt_reduction_kind reduction;
  int64_t granules; /* leaves of the reduction tree, also the most ranks that can share a batch; 0:
                       the largest power of two not above the square root of the batch size */
  int64_t accumulate; /* gradient accumulation: parts in which a rank computes its share of a batch,
                         to save memory; bitwise the same result; at most the granules */
  int top_k;          /* 0 disables top-k accuracy */
  const char *output; /* run directory */
  /* A text with which the run can be repeated, stored as config.ini and in the checkpoints: the run
   * file of `nntrain train`. NULL: none. */
  const char *run_file;
  bool tensorboard; /* write TensorBoard event files to the run directory, too */
  bool resume;      /* continue from the newest intact checkpoint, or start if there is none */
  nnt_reading reading;
  nnt_shuffling shuffling;
  /* Also written after the last epoch and after an epoch that is the best so far. */
  nnt_interval checkpoint_every;
  int64_t keep; /* newest checkpoints to keep besides the best; 0: all */
  /* Seconds after the call by which the run must have ended: it stops early enough to write a
   * checkpoint; 0 disables it. Rank 0's value and clock count. */
  double time_limit;
  /* Seconds without progress on any rank before the run is aborted (see `abort_process`); 0
   * disables it. */
  double watchdog;
  bool dry_run; /* stop after the plan */
  /* Steps between two comparisons of the replicas of the parameters, which are also compared before
   * every checkpoint; 0 disables both. */
  int64_t check_every;
} nnt_train_options;

NNT_API void nnt_train_options_default(nnt_train_options *options);

/* The plan of a run. */
typedef struct nnt_train_plan {
  char shape[256]; /* "784-512-512-10" */
  nnt_loss loss;
  nnt_normalization normalization;
  const char *isa;
  int64_t parameters;
  int64_t samples, validation_samples;
  int64_t batch_size, steps_per_epoch, epochs;
  int64_t finished_epochs; /* of a resumed run */
  int64_t finished_steps;  /* of its next epoch */
  int ranks, nodes, threads;
  int64_t shard_least, shard_most;      /* samples of a full batch on a rank */
  bool streaming, validation_streaming; /* else resident */
  nnt_shuffling shuffling;              /* resolved */
  int64_t memory_limit;                 /* for data sets, per node */
  int64_t node_data_bytes;              /* data sets (or their windows), per node */
  int64_t node_model_bytes;             /* parameters and optimiser state, per node */
  int64_t rank_bytes;                   /* gradients and activations, per rank */
  int node_ranks;                       /* ranks on the first node */
} nnt_train_plan;

/* After every step, on rank 0; in a resumed epoch seconds and samples count from its start. */
typedef struct nnt_step_event {
  int64_t epoch; /* from 1 */
  int64_t epochs;
  int64_t step; /* of the epoch, from 1 */
  int64_t steps;
  int64_t total_step; /* of the whole run, from 1 */
  double loss;        /* mean over the epoch's samples so far */
  double seconds;     /* since the epoch began */
  int64_t samples;    /* trained on since the epoch began */
} nnt_step_event;

/* Seconds of an epoch on rank 0's main thread. The rest is spent on checkpoints, comparisons and
 * output. The parts of a step are estimated from a sample of the steps. */
typedef struct nnt_epoch_times {
  double reading;           /* waiting for streamed data */
  double gather;            /* locating the samples of a batch */
  double forward, backward; /* backward: with the overlapped exchange, and on one rank the update */
  double exchange;          /* exposed gradient exchange, including the wait for slower ranks */
  double update;
  double validation;
} nnt_epoch_times;

/* After every epoch, on rank 0. */
typedef struct nnt_epoch_event {
  int64_t epoch; /* from 1 */
  int64_t epochs;
  int64_t step; /* updates of the whole run */
  double train_loss;
  bool has_validation;
  nnt_metrics validation;
  double learning_rate;      /* of the epoch's last update */
  double samples_per_second; /* of training, without validation and checkpoints */
  double seconds;            /* of the epoch, everything included */
  nnt_epoch_times times;
  bool last; /* no epoch follows */
  bool best; /* the lowest validation (else train) loss so far */
  int ranks, threads;
} nnt_epoch_event;

/* Called on rank 0 only, except for the last two; any may be NULL. */
typedef struct nnt_train_events {
  void *context;
  void (*plan)(void *context, const nnt_train_plan *plan);
  void (*step)(void *context, const nnt_step_event *event);
  void (*epoch)(void *context, const nnt_epoch_event *event);
  nnt_log log;
  /* Called by the watchdog, on every running rank, on its own thread, while the training thread
   * hangs: neither may take a lock that the training thread could hold. `alarm`: reports a line.
   * `abort_process`: ends the process with exit code 1, after what can be saved has been saved;
   * `launcher`, true on one rank per node of several: also makes sure that the job's launcher ends,
   * which may wait for an unreachable host. Without `abort_process` there is no watchdog. */
  void (*alarm)(void *context, const char *line);
  void (*abort_process)(void *context, bool launcher);
} nnt_train_events;

typedef struct nnt_train_result {
  int64_t epochs; /* finished */
  int64_t best_epoch;
  double best_loss;
  bool stopped_early; /* ended by `patience` before the last epoch */
  char digest[65];    /* SHA-256 of all parameters */
} nnt_train_result;

/* Collective. All output is in options->output. A checkpoint that cannot be written is a warning,
 * unless it is the last. Errors, the same on all ranks: NNT_STOPPED after nnt_stop_request on any
 * rank, or ahead of the time limit, with a checkpoint of the last finished step; NNT_BAD_USAGE and
 * NNT_BAD_INPUT before the first step, with nothing left behind; NNT_NON_FINITE when the loss is
 * not finite, with earlier checkpoints kept; NNT_DIFFERENT when replicas of the parameters are no
 * longer bitwise identical, likewise; NNT_IO_ERROR, NNT_MPI_ERROR, NNT_OUT_OF_MEMORY. */
NNT_API nnt_status nnt_train(nnt_comm *comm, const nnt_train_options *options,
                             const nnt_train_events *events, nnt_train_result *out,
                             nnt_error *error) NNT_MUST_CHECK;

#endif
