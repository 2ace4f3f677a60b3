/* Samples that are changed before the first layer reads them. */
#include "layers/staging.h"

#include "base/partition.h"
#include "net/augment.h"
#include "net/mixup.h"

/* A sample as stored, changed into `out` when it is an image that is to be changed. */
static const void *change_image(const nnt_pass *p, const void *sample, int64_t position,
                                void *out) {
  const nnt_network *network = p->network;
  if (!nnt_augments(&network->model->augmentation)) return sample;
  nnt_augment(&network->model->augmentation, network->input.element, p->call->seed, p->call->update,
              position, sample, out);
  return out;
}

void nnt_stage_samples(const nnt_pass *p, nnt_team team) {
  nnt_network *network = p->network;
  const nnt_network_step_call *call = p->call;
  for (int64_t r = nnt_partition_begin(p->rows, team.threads, team.thread);
       r < nnt_partition_begin(p->rows, team.threads, team.thread + 1); ++r) {
    char *out = network->staged + r * network->staged_bytes;
    int64_t position = call->position + r;
    network->staged_rows[r] = out;
    if (network->partner_rows == NULL) {
      (void)change_image(p, network->rows[r], position, out);
      continue;
    }
    char *pair = network->pairs;
    if (pair != NULL) pair += 2 * team.thread * network->staged_bytes;
    const void *own = change_image(p, network->rows[r], position, pair);
    const void *partner =
        change_image(p, network->partner_rows[r], nnt_mixup_partner(call->batch, position),
                     pair != NULL ? pair + network->staged_bytes : NULL);
    nnt_mixup_rows(network->input.element, own, partner, network->input.features, call->share,
                   (float *)(void *)out);
  }
}
