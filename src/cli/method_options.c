/* Options that say how the parameters are updated. */
#include "cli/method_options.h"

#include <stdlib.h>

/* A setting of the optimiser; what is not given keeps its default. */
typedef struct number {
  const char *name;
  unsigned takes; /* nnt_optimizer_options of those that have it; 0: all have it */
  double least, most;
  double *value;
} number;

static nnt_status refuse(const char *name, const char *optimizer, nnt_error *error) {
  return nnt_fail(
      error, NNT_BAD_USAGE,
      "this optimiser has no such option\n--%s with --optimizer %s\nomit --%s, or choose "
      "another optimiser",
      name, optimizer, name);
}

static nnt_status take_betas(const options *parsed, nnt_optimizer_settings *out, nnt_error *error) {
  char **words = NULL;
  int64_t count = 0;
  nnt_status status = options_words(parsed, "betas", 2, &words, &count, error);
  if (status != NNT_OK) return status;
  bool good = count == 2 && parse_real(words[0], &out->beta1) && parse_real(words[1], &out->beta2);
  free(words);
  if (good && out->beta1 >= 0.0 && out->beta1 < 1.0 && out->beta2 >= 0.0 && out->beta2 < 1.0)
    return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "not valid numbers\n--betas %s\ngive two numbers from 0 to below 1, such as "
                  "--betas 0.9,0.999",
                  options_text(parsed, "betas"));
}

nnt_status take_optimizer(const options *parsed, nnt_optimizer_settings *out, nnt_error *error) {
  nnt_optimizer_kind kind = NNT_SGD;
  const char *name = options_text(parsed, "optimizer");
  nnt_status status = nnt_optimizer_parse(name, &kind, error);
  if (status != NNT_OK) return status;
  const unsigned takes = nnt_optimizer_takes(kind);
  nnt_optimizer_settings_default(kind, out);
  const number numbers[] = {{"learning-rate", 0, 0.0, 1e9, &out->learning_rate},
                            {"momentum", NNT_TAKES_MOMENTUM, 0.0, 0.999999, &out->momentum},
                            {"weight-decay", 0, 0.0, 1e9, &out->weight_decay},
                            {"alpha", NNT_TAKES_ALPHA, 0.0, 0.9999999, &out->alpha},
                            {"epsilon", NNT_TAKES_EPSILON, 1e-15, 1.0, &out->epsilon},
                            {"trust", NNT_TAKES_TRUST, 1e-9, 1e9, &out->trust},
                            {"clip-norm", 0, 0.0, 1e30, &out->clip_norm},
                            {"clip-value", 0, 0.0, 1e30, &out->clip_value},
                            {"l1", 0, 0.0, 1e9, &out->l1},
                            {"max-norm", 0, 0.0, 1e30, &out->max_norm}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers && status == NNT_OK; ++i) {
    const number *n = &numbers[i];
    if (!options_given(parsed, n->name)) continue;
    if ((n->takes & takes) != n->takes) return refuse(n->name, name, error);
    status = options_real(parsed, n->name, n->least, n->most, n->value, error);
  }
  if (status != NNT_OK) return status;
  out->nesterov = options_flag(parsed, "nesterov");
  if (out->nesterov && (takes & NNT_TAKES_NESTEROV) == 0) return refuse("nesterov", name, error);
  if (out->nesterov && !(out->momentum > 0.0))
    return nnt_fail(error, NNT_BAD_USAGE,
                    "conflicting options\n--nesterov with --momentum 0\ngive a "
                    "momentum such as 0.9, or omit --nesterov");
  if (!options_given(parsed, "betas")) return NNT_OK;
  return (takes & NNT_TAKES_BETAS) != 0 ? take_betas(parsed, out, error)
                                        : refuse("betas", name, error);
}
