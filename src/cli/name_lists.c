/* Lists of the names that the library knows. */
#include "cli/name_lists.h"

#include <assert.h>
#include <nntrain/bench.h>
#include <nntrain/methods.h>
#include <nntrain/model.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *activation_at(int i) {
  return nnt_activation_name((nnt_activation)i);
}

static const char *initializer_at(int i) {
  return nnt_initializer_name((nnt_initializer)i);
}

static const char *loss_at(int i) {
  return nnt_loss_name((nnt_loss)i);
}

static const char *normalization_at(int i) {
  return nnt_normalization_name((nnt_normalization)i);
}

static const char *norm_at(int i) {
  return nnt_norm_name((nnt_norm)i);
}

static const char *optimizer_at(int i) {
  return nnt_optimizer_name((nnt_optimizer_kind)i);
}

static const char *schedule_at(int i) {
  return nnt_schedule_name((nnt_schedule_kind)i);
}

static const char *workload_at(int i) {
  const nnt_bench_workload *workload = nnt_bench_workload_at(i);
  return workload != NULL ? workload->name : NULL;
}

/* Names; NULL beyond the last one. */
static const struct list {
  const char *key;
  const char *(*name_at)(int i);
} lists[] = {{"activations", activation_at},
             {"initializers", initializer_at},
             {"losses", loss_at},
             {"normalizations", normalization_at},
             {"norms", norm_at},
             {"optimizers", optimizer_at},
             {"schedules", schedule_at},
             {"workloads", workload_at}};

/* Optimisers that have an option. */
static const struct takers {
  const char *key;
  unsigned takes; /* of nnt_optimizer_options */
} takers[] = {{"takers of betas", NNT_TAKES_BETAS}, {"takers of nesterov", NNT_TAKES_NESTEROV}};

static const struct defaults {
  const char *key;
  unsigned takes; /* 0: all optimisers have it */
  size_t offset;  /* of the number, a double, in nnt_optimizer_settings */
} defaults[] = {
    {"defaults of learning-rate", 0, offsetof(nnt_optimizer_settings, learning_rate)},
    {"defaults of weight-decay", 0, offsetof(nnt_optimizer_settings, weight_decay)},
    {"defaults of momentum", NNT_TAKES_MOMENTUM, offsetof(nnt_optimizer_settings, momentum)},
    {"defaults of alpha", NNT_TAKES_ALPHA, offsetof(nnt_optimizer_settings, alpha)},
    {"defaults of epsilon", NNT_TAKES_EPSILON, offsetof(nnt_optimizer_settings, epsilon)},
    {"defaults of trust", NNT_TAKES_TRUST, offsetof(nnt_optimizer_settings, trust)}};

static void append(char *out, const char *text, size_t length) {
  size_t used = strlen(out);
  assert(used + length < NAME_LISTS_SIZE);
  (void)snprintf(out + used, NAME_LISTS_SIZE - used, "%.*s", (int)length, text);
}

/* One more of a list that begins where `out` was `begin` long. */
static void append_name(char *out, size_t begin, const char *name) {
  if (strlen(out) > begin) append(out, ", ", 2);
  append(out, name, strlen(name));
}

static bool has(nnt_optimizer_kind kind, unsigned takes) {
  return (nnt_optimizer_takes(kind) & takes) == takes;
}

static double default_of(nnt_optimizer_kind kind, size_t offset) {
  nnt_optimizer_settings settings;
  double value = 0.0;
  nnt_optimizer_settings_default(kind, &settings);
  memcpy(&value, (const char *)&settings + offset, sizeof value);
  return value;
}

/* Each value once, with the optimisers whose default it is. */
static void append_defaults(char *out, const struct defaults *of) {
  const size_t begin = strlen(out);
  bool done[NNT_OPTIMIZER_COUNT] = {false};
  for (nnt_optimizer_kind kind = 0; kind < NNT_OPTIMIZER_COUNT; ++kind) {
    char value[32];
    if (done[kind] || !has(kind, of->takes)) continue;
    (void)snprintf(value, sizeof value, "%g (", default_of(kind, of->offset));
    append_name(out, begin, value);
    const size_t first = strlen(out);
    for (nnt_optimizer_kind other = kind; other < NNT_OPTIMIZER_COUNT; ++other) {
      bool same = default_of(other, of->offset) == default_of(kind, of->offset);
      if (!same || !has(other, of->takes)) continue;
      done[other] = true;
      append_name(out, first, nnt_optimizer_name(other));
    }
    append(out, ")", 1);
  }
}

static bool is_key(const char *candidate, const char *key, size_t length) {
  return strlen(candidate) == length && strncmp(candidate, key, length) == 0;
}

/* The list of this key, of `length` characters; false when there is none. */
static bool append_list(char *out, const char *key, size_t length) {
  const size_t begin = strlen(out);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; ++i) {
    if (!is_key(lists[i].key, key, length)) continue;
    for (int n = 0; lists[i].name_at(n) != NULL; ++n) append_name(out, begin, lists[i].name_at(n));
    return true;
  }
  for (size_t i = 0; i < sizeof takers / sizeof *takers; ++i) {
    if (!is_key(takers[i].key, key, length)) continue;
    for (nnt_optimizer_kind kind = 0; kind < NNT_OPTIMIZER_COUNT; ++kind)
      if (has(kind, takers[i].takes)) append_name(out, begin, nnt_optimizer_name(kind));
    return true;
  }
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; ++i) {
    if (!is_key(defaults[i].key, key, length)) continue;
    append_defaults(out, &defaults[i]);
    return true;
  }
  return false;
}

void name_lists_expand(const char *text, char *out) {
  out[0] = '\0';
  while (*text != '\0') {
    size_t plain = strcspn(text, "{");
    append(out, text, plain);
    text += plain;
    if (*text == '\0') return;
    size_t key = strcspn(text + 1, "}");
    if (text[1 + key] == '}' && append_list(out, text + 1, key)) {
      text += key + 2;
    } else {
      append(out, text++, 1);
    }
  }
}
