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

/* How often something is done: after every so many of these. */
typedef enum nnt_every { NNT_EVERY_EPOCHS, NNT_EVERY_STEPS, NNT_EVERY_SECONDS } nnt_every;

typedef struct nnt_interval {
  nnt_every unit;
  int64_t count;
} nnt_interval;

/* Strings are borrowed. nnt_train_options_default fills everything but the places. */
typedef struct nnt_train_options {
  nnt_data_place data;
  nnt_data_place validation; /* path NULL: none, or the validation part of `data` */
  /* Of `data`. Where it is cut, the training part is trained on and the other is the validation
   * set; `part` is not read. */
  nnt_selection selection;
  nnt_weighting weighting;
  /* A checkpoint (a file, or a run's directory: its best.h5) whose weights a run that is not
   * resumed begins with; NULL: none. Inputs, hidden layers and activations are the same; a last
   * layer that differs begins anew. With NNT_NORMALIZE_AUTO its normalisation is taken too. */
  const char *init_from;
  int freeze_count;
  int64_t freeze[NNT_MAX_LAYERS]; /* layers that keep their parameters, from 0; not all */
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
  /* Epochs without a validation (or else train) loss below the lowest minus min_delta, after which
   * the run ends; 0: it does not. */
  int64_t patience;
  double min_delta;
  int64_t batch_size; /* samples of a step, over all ranks */
  int64_t epochs;     /* of the whole run, finished ones of a resumed run included */
  uint64_t seed;
  int threads; /* OpenMP threads of a rank; 0: OMP_NUM_THREADS, or one for each core that the rank
                  may use, divided among the ranks that may use it */
  nnt_allreduce allreduce;
  nnt_reduction_kind reduction;
  int64_t granules;   /* parts of a batch that the exact sum is made of: as many ranks can share it;
                         0: the largest power of two not above the square root of the batch size */
  int64_t accumulate; /* parts in which a rank computes its share of a batch, one after the other,
                         to save memory; the bits stay the same; at most the granules */
  int top_k;          /* 0: none */
  const char *output; /* directory of the run */
  /* A text that says how to repeat the run, kept as config.ini and in the checkpoints: `nntrain
   * train` gives its run file. NULL: none. */
  const char *run_file;
  bool tensorboard; /* write event files of TensorBoard there, too */
  bool resume;      /* go on from the newest good checkpoint, or start when there is none */
  nnt_reading reading;
  nnt_shuffling shuffling;
  /* Also after the last epoch, and after an epoch that is the best so far. */
  nnt_interval checkpoint_every;
  int64_t keep; /* newest checkpoints kept, beside the best; 0: all */
  /* Seconds from the call within which the run ends or, in time for a checkpoint, stops; 0: none.
   * Of rank 0. */
  double time_limit;
  /* Seconds without any progress of any rank, after which the run is given up (see abandon); 0:
   * never. */
  double watchdog;
  bool dry_run; /* stop after the plan */
  /* Steps between two comparisons of the copies of the parameters, which are also compared before
   * every checkpoint; 0: never. */
  int64_t check_every;
} nnt_train_options;

NNT_API void nnt_train_options_default(nnt_train_options *options);

/* What is about to be done. */
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
  bool streaming, validation_streaming; /* else whole in memory */
  nnt_shuffling shuffling;              /* settled */
  int64_t memory_limit;                 /* of the data sets, on a node */
  int64_t node_data_bytes;              /* data sets (or their windows), once a node */
  int64_t node_model_bytes;             /* parameters and optimiser state, once a node */
  int64_t rank_bytes;                   /* gradients and activations of one rank */
  int node_ranks;                       /* ranks on the first node */
} nnt_train_plan;

/* After every step, on rank 0; the seconds and samples of a resumed epoch count from its start. */
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

/* Seconds of an epoch on rank 0's main thread. The rest went into checkpoints, comparisons and what
 * is shown of the run. The parts of a step are estimated from some of the steps. */
typedef struct nnt_epoch_times {
  double reading;           /* waiting for data that are streamed */
  double gather;            /* finding a batch's samples */
  double forward, backward; /* backward: with the exchange that it hides, and on one rank updates */
  double exchange;          /* of gradients, what was not hidden, with the wait for slower ranks */
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
  double samples_per_second; /* of training, without validation and checkpoint */
  double seconds;            /* of the epoch, all included */
  nnt_epoch_times times;
  bool last; /* no epoch follows */
  bool best; /* the lowest validation (or else train) loss so far */
  int ranks, threads;
} nnt_epoch_event;

/* Called on rank 0 alone, but for the last two; any may be NULL. */
typedef struct nnt_train_events {
  void *context;
  void (*plan)(void *context, const nnt_train_plan *plan);
  void (*step)(void *context, const nnt_step_event *event);
  void (*epoch)(void *context, const nnt_epoch_event *event);
  nnt_log log;
  /* Called by the watchdog, on every running rank, on its own thread, while the training thread
   * hangs: neither may take a lock that the training thread could hold. `alarm`: reports a line.
   * `abort`: ends the process with exit code 1, after what can be saved has been saved; `launcher`,
   * true on one rank per node of several: also makes sure that the job's launcher ends, which may
   * wait for an unreachable host. Without `abort` there is no watchdog. */
  void (*alarm)(void *context, const char *line);
  void (*abort)(void *context, bool launcher);
} nnt_train_events;

typedef struct nnt_train_result {
  int64_t epochs; /* finished */
  int64_t best_epoch;
  double best_loss;
  bool stopped_early; /* patience was over before the last epoch */
  char digest[65];    /* SHA-256 of all parameters */
} nnt_train_result;

/* Collective. Everything the run leaves lies in options->output. A checkpoint that cannot be
 * written is a warning, unless it is the last. Errors: NNT_STOPPED after nnt_stop_request on any
 * rank, or ahead of the time limit, with a checkpoint of the last finished step; NNT_BAD_USAGE and
 * NNT_BAD_INPUT before the first step, with nothing left behind; NNT_NON_FINITE when the loss is no
 * longer a number, with the checkpoints before it kept; NNT_DIFFERENT when copies of the parameters
 * do not hold the same bits any more, likewise; NNT_IO_ERROR, NNT_MPI_ERROR, NNT_OUT_OF_MEMORY. The
 * same on all ranks. */
NNT_API nnt_status nnt_train(nnt_comm *comm, const nnt_train_options *options,
                             const nnt_train_events *events, nnt_train_result *out,
                             nnt_error *error) NNT_MUST_CHECK;

#endif
