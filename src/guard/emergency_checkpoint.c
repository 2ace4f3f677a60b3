/* The checkpoint that a rank writes when a run is aborted. */
#include "guard/emergency_checkpoint.h"

#include <math.h>

#include "base/memory.h"

/* A gradient can overflow while the loss is still finite; such weights are not saved. */
static nnt_status check_finite(const nnt_emergency_checkpoint_plan *plan, nnt_error *error) {
  const float *parameters = nnt_stepper_parameters(plan->stepper);
  for (int64_t i = 0; i < nnt_stepper_layout(plan->stepper)->tail; ++i) {
    if (!isfinite(parameters[i]))
      return nnt_fail(error, NNT_NON_FINITE, "a weight is not a finite number\n%s\n%s",
                      plan->options->output, "lower the learning rate");
  }
  return NNT_OK;
}

nnt_saved nnt_emergency_checkpoint_save(const nnt_emergency_checkpoint_plan *plan,
                                        const nnt_train_state *state,
                                        char name[NNT_CHECKPOINT_NAME], nnt_error *error) {
  void *bytes = NULL;
  size_t size = 0;
  nnt_checkpoint checkpoint = {.model = *plan->model,
                               .state = *state,
                               .optimizer = plan->options->optimizer,
                               .parameters = nnt_stepper_parameters(plan->stepper),
                               .history_count = state->epoch};
  /* Encoding only reads; the fields are not const for the checkpoints that own theirs. */
  checkpoint.history = (nnt_history_entry *)(uintptr_t)plan->history;
  checkpoint.run_file = (char *)(uintptr_t)plan->options->run_file;
  for (int s = 0; s < NNT_OPTIMIZER_SLOTS; ++s)
    checkpoint.slots[s] = nnt_stepper_state(plan->stepper, s);
  if (nnt_run_directory_has(plan->options->output, state, name)) return NNT_THERE_ALREADY;
  nnt_status status = check_finite(plan, error);
  if (status == NNT_OK) status = nnt_checkpoint_encode(&checkpoint, &bytes, &size, error);
  if (status == NNT_OK)
    status = nnt_run_directory_store(plan->options->output, state, bytes, size, 0, error);
  nnt_memory_free(&bytes);
  return status == NNT_OK ? NNT_WRITTEN : NNT_NOT_WRITTEN;
}
