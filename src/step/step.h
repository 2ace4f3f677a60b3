/* One synchronous update: gather, forward, backward, exchange, update. Collective. */
#ifndef NNT_STEP_STEP_H
#define NNT_STEP_STEP_H

#include <nntrain/comm.h>
#include <nntrain/train.h>

#include "comm/heartbeat.h"
#include "data/sample_order.h"
#include "data/samples.h"
#include "net/layout.h"
#include "net/model.h"
#include "net/step_control.h"

typedef struct nnt_stepper nnt_stepper;

/* Model and samples are borrowed and must outlive the stepper; of the options batch size, seed,
 * optimizer, allreduce, reduction, granules and accumulate are read. */
nnt_status nnt_stepper_create(nnt_comm *comm, const nnt_model *model, const nnt_samples *samples,
                              const nnt_train_options *options, int threads, nnt_stepper **out,
                              nnt_error *error) NNT_MUST_CHECK;
/* Collective. NULL in it is accepted. */
void nnt_stepper_destroy(nnt_stepper **stepper);

/* Where the parameters and the optimiser's state lie (NULL beyond its last slot); net/layout.h. A
 * rank for which nnt_stepper_writes holds fills them before the first step, then all call
 * nnt_stepper_sync. */
const nnt_layout *nnt_stepper_layout(const nnt_stepper *stepper);
float *nnt_stepper_parameters(nnt_stepper *stepper);
float *nnt_stepper_state(nnt_stepper *stepper, int slot);
bool nnt_stepper_writes(const nnt_stepper *stepper);
int nnt_stepper_sharers(const nnt_stepper *stepper); /* ranks of one copy: the node's, or 1 */
nnt_status nnt_stepper_sync(nnt_stepper *stepper, nnt_error *error) NNT_MUST_CHECK;

/* How many updates were done before the first step, when it is not the first of the run. */
void nnt_stepper_go_on(nnt_stepper *stepper, int64_t updates);

/* Seconds of this rank's main thread. */
typedef struct nnt_step_times {
  double gather, forward, backward, exchange, update;
} nnt_step_times;

/* Trains on `batch` samples (over all ranks) from position `first` of the order. *loss is their
 * (weighted) mean; when it is not finite the parameters are no longer usable. `times` may be
 * NULL. */
nnt_status nnt_stepper_run(nnt_stepper *stepper, const nnt_sample_order *order, int64_t first,
                           int64_t batch, double learning_rate, double *loss, nnt_step_times *times,
                           nnt_error *error) NNT_MUST_CHECK;

/* The flags that this rank sets before a step are summed over all ranks after it, by the exchange
 * of the gradients. Local. */
nnt_step_control *nnt_stepper_control(nnt_stepper *stepper);
/* Whether this rank has a part of the batch, which its flags travel with: rank 0 always has. */
bool nnt_stepper_control_travels(const nnt_stepper *stepper);

/* Where this rank shows what it does (comm/heartbeat.h); borrowed, NULL: nowhere. */
void nnt_stepper_watch(nnt_stepper *stepper, const nnt_heartbeat *heartbeat);

/* Granules of the exact sum: as many ranks can share a batch. By default the largest power of two
 * not above the square root of the batch size, so that parts and their number grow together. 0: the
 * sum is a fast one. */
int64_t nnt_granules_of(const nnt_train_options *options);

/* Rows of a batch of `batch` samples that rank `rank` of `ranks` takes. */
int64_t nnt_shard_rows(const nnt_train_options *options, int64_t batch, int ranks, int rank);

/* Exchanges the gradients as they lie, without a pass or an update: for measuring. Collective. */
nnt_status nnt_stepper_exchange(nnt_stepper *stepper, nnt_error *error) NNT_MUST_CHECK;

/* Threads that a full batch is computed with. */
int nnt_stepper_threads(const nnt_stepper *stepper);

#endif
