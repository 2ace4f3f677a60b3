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

static const struct list {
  const char *placeholder;
  const char *(*name_at)(int i); /* NULL beyond the last one */
} lists[] = {{"{activations}", activation_at},
             {"{initializers}", initializer_at},
             {"{losses}", loss_at},
             {"{normalizations}", normalization_at},
             {"{optimizers}", optimizer_at},
             {"{schedules}", schedule_at},
             {"{workloads}", workload_at}};

/* The list whose placeholder `text` begins with; NULL: none. */
static const struct list *list_at(const char *text) {
  for (size_t i = 0; i < sizeof lists / sizeof *lists; ++i) {
    if (strncmp(text, lists[i].placeholder, strlen(lists[i].placeholder)) == 0) return &lists[i];
  }
  return NULL;
}

static size_t append(char *out, size_t used, const char *text, size_t length) {
  assert(used + length < NAME_LISTS_SIZE);
  (void)snprintf(out + used, NAME_LISTS_SIZE - used, "%.*s", (int)length, text);
  return strlen(out);
}

void name_lists_expand(const char *text, char *out) {
  size_t used = 0;
  out[0] = '\0';
  while (*text != '\0') {
    const struct list *list = list_at(text);
    size_t plain = strcspn(text + 1, "{") + 1;
    if (list == NULL) {
      used = append(out, used, text, plain);
      text += plain;
      continue;
    }
    for (int i = 0; list->name_at(i) != NULL; ++i) {
      if (i > 0) used = append(out, used, ", ", 2);
      used = append(out, used, list->name_at(i), strlen(list->name_at(i)));
    }
    text += strlen(list->placeholder);
  }
}
