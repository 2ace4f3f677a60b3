/* The run file of `nntrain train`, with inih, and the options' values. An input is the file. What
 * it says is said again as words of a command line, and has to be understood in the same way. */
#include <math.h>
#include <nntrain/bench.h>

#include "cli/command_line.h"
#include "cli/train_options.h"
#include "cli/train_settings.h"
#include "fuzz.h"

/* --- what the library says, beside --- */

void nnt_train_options_default(nnt_train_options *train) {
  memset(train, 0, sizeof *train);
}

const nnt_bench_workload *nnt_bench_workload_at(int index) {
  (void)index;
  return NULL;
}

/* --- the two ways --- */

/* --name=value for all that the file gave; returns their number. */
static int as_words(const options *parsed, char **words) {
  int count = 0;
  for (const option_spec *spec = train_options; spec->name != NULL; ++spec) {
    if (!options_given(parsed, spec->name) || strcmp(spec->name, "config") == 0) continue;
    const char *value = options_text(parsed, spec->name);
    size_t size = strlen(spec->name) + strlen(value) + 4;
    words[count] = malloc(size);
    REQUIRE(words[count] != NULL);
    (void)snprintf(words[count++], size, spec->value_name == NULL ? "--%s" : "--%s=%s", spec->name,
                   value);
  }
  return count;
}

static void require_sensible(const nnt_train_options *train) {
  REQUIRE(train->batch_size >= 1 && train->epochs >= 1);
  REQUIRE(train->hidden_count >= 0 && train->hidden_count < NNT_MAX_LAYERS);
  for (int i = 0; i < train->hidden_count; ++i)
    REQUIRE(train->hidden[i] >= 1 && train->hidden[i] <= NNT_MAX_WIDTH);
  REQUIRE(isfinite(train->optimizer.learning_rate) && train->optimizer.learning_rate >= 0);
}

int fuzz_one(const uint8_t *data, size_t size) {
  fuzz_file file = fuzz_file_create(data, size);
  char config[] = "--config";
  char *argv[OPTIONS_MOST] = {config, file.path};
  options *parsed = NULL, *again = NULL;
  nnt_train_options train, same;
  nnt_error error, other;
  nnt_status status = command_line_parse(train_options, "train", 0, 2, argv, &parsed, &error);
  if (status != NNT_OK) {
    require_error(status, &error);
    REQUIRE(parsed == NULL);
    fuzz_file_close(&file);
    return 0;
  }
  status = train_settings_take(parsed, true, &train, &error);
  int words = as_words(parsed, argv);
  REQUIRE(command_line_parse(train_options, "train", 0, words, argv, &again, &other) == NNT_OK);
  REQUIRE(train_settings_take(again, true, &same, &other) == status);
  if (status == NNT_OK) {
    require_sensible(&train);
    REQUIRE(train.batch_size == same.batch_size && train.seed == same.seed);
    REQUIRE(strcmp(train.data.path, same.data.path) == 0);
  } else {
    require_error(status, &error);
    REQUIRE(strcmp(error.what, other.what) == 0 && strcmp(error.where, other.where) == 0);
  }
  for (int i = 0; i < words; ++i) free(argv[i]);
  options_destroy(&parsed);
  options_destroy(&again);
  fuzz_file_close(&file);
  return 0;
}
