/* Into how many parts the sum of a batch is cut, and who takes which. */
#include <string.h>

#include "base/partition.h"
#include "step/step.h"

nnt_status nnt_reduction_parse(const char *name, nnt_reduction_kind *out, nnt_error *error) {
  bool fast = strcmp(name, "fast") == 0;
  *out = fast ? NNT_REDUCTION_FAST : NNT_REDUCTION_EXACT;
  if (fast || strcmp(name, "exact") == 0) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "unknown way to sum gradients\n--reduction %s\nchoose one of: exact, fast", name);
}

int64_t nnt_granules_of(const nnt_train_options *options) {
  int64_t granules = 1;
  if (options->reduction == NNT_REDUCTION_FAST) return 0;
  if (options->granules > 0) return options->granules;
  while (4 * granules * granules <= options->batch_size) granules *= 2;
  return granules;
}

int64_t nnt_shard_rows(const nnt_train_options *options, int64_t batch, int ranks, int rank) {
  int64_t granules = nnt_granules_of(options);
  if (granules == 0) return nnt_partition_count(batch, ranks, rank);
  return nnt_partition_begin(batch, granules, nnt_partition_begin(granules, ranks, rank + 1)) -
         nnt_partition_begin(batch, granules, nnt_partition_begin(granules, ranks, rank));
}
