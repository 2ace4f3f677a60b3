/* The update at the end of a step: every range of the parameters as its average arrives, or, for
 * methods that need norms, all of them in stages (net/optimizer.h). */
#ifndef NNT_STEP_UPDATER_H
#define NNT_STEP_UPDATER_H

#include <nntrain/methods.h>

#include "comm/gradient_exchange.h"
#include "net/layout.h"

typedef struct nnt_updater nnt_updater;

/* The exchange, made with the method's arenas and scratch, and the layout are borrowed. `threads`
 * is the largest number of OpenMP threads to use. Local. */
nnt_status nnt_updater_create(const nnt_optimizer_settings *settings, const nnt_layout *layout,
                              nnt_gradient_exchange *exchange, int threads, nnt_updater **out,
                              nnt_error *error) NNT_MUST_CHECK;
/* NULL in it is accepted. */
void nnt_updater_destroy(nnt_updater **updater);

/* How many updates were done before the next one. */
void nnt_updater_go_on(nnt_updater *updater, int64_t updates);
void nnt_updater_begin(nnt_updater *updater, double learning_rate);

/* The number of the running update, from 0. */
int64_t nnt_updater_number(const nnt_updater *updater);

/* Whether any range can be updated on its own, as soon as its gradient is there. */
bool nnt_updater_is_immediate(const nnt_updater *updater);
/* Then: `count` floats at `offset`, all of one tensor. On any thread. */
void nnt_updater_take(const nnt_updater *updater, const nnt_tensor *tensor, int64_t offset,
                      const float *values, int64_t count);
/* Prefetches what these floats need, a while before they are taken. */
void nnt_updater_expect(const nnt_updater *updater, int64_t offset, int64_t count);

/* Floats [begin, end), of one bucket of the layout, are averaged in this rank's gradients. */
void nnt_updater_range(nnt_updater *updater, int bucket, int64_t begin, int64_t end);
/* All ranges of the step have been there, on all ranks: does what is left of the update. Collective
 * over the ranks that share parameters. */
nnt_status nnt_updater_finish(nnt_updater *updater, nnt_error *error) NNT_MUST_CHECK;

#endif
