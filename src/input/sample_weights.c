/* The weight of each sample in training. */
#include "input/sample_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "base/sha256.h"
#include "comm/comm.h"

/* Samples processed at a time. */
#define PIECE 65536

/* Weights being computed. */
typedef struct weighing {
  nnt_comm *comm;
  const nnt_weighting *weighting;
  nnt_resident *data;
  int32_t *labels;  /* [PIECE] */
  double *of_class; /* [classes]: first the sample count of each class, then its weight */
  int64_t classes;
} weighing;

static bool is_balanced(const nnt_weighting *weighting) {
  return strcmp(weighting->of_classes, "balanced") == 0;
}

bool nnt_weighting_is_on(const nnt_weighting *weighting) {
  return weighting->name != NULL || weighting->of_classes != NULL;
}

nnt_status nnt_weighting_text(const nnt_weighting *weighting, char *text, size_t size,
                              nnt_error *error) {
  const char *of_classes = weighting->of_classes != NULL ? weighting->of_classes : "";
  char classes[80] = "", digest[NNT_SHA256_TEXT];
  if (of_classes[0] != '\0') (void)snprintf(classes, sizeof classes, "classes %.64s", of_classes);
  /* A long list is represented by its hash. */
  if (strlen(of_classes) > 64) {
    nnt_status status = nnt_sha256_of(of_classes, strlen(of_classes), digest, error);
    if (status != NNT_OK) return status;
    (void)snprintf(classes, sizeof classes, "classes of sha256 %.16s", digest);
  }
  (void)snprintf(text, size, "%s%.120s%s%s", weighting->name != NULL ? "weights " : "",
                 weighting->name != NULL ? weighting->name : "",
                 weighting->name != NULL && classes[0] != '\0' ? ", " : "", classes);
  return NNT_OK;
}

int64_t nnt_sample_weights_bytes(const nnt_weighting *weighting, int64_t samples) {
  return nnt_weighting_is_on(weighting) ? samples * (int64_t)sizeof(float) : 0;
}

/* Grows of_class, with zeros for the new classes. */
static nnt_status make_room(weighing *w, int64_t classes, nnt_error *error) {
  size_t bytes = (size_t)classes * sizeof *w->of_class;
  if (classes <= w->classes) return NNT_OK;
  double *longer = realloc(w->of_class, bytes);
  if (longer == NULL) return nnt_fail_memory(error, bytes, "the classes' weights");
  for (int64_t c = w->classes; c < classes; ++c) longer[c] = 0.0;
  w->of_class = longer;
  w->classes = classes;
  return NNT_OK;
}

/* Counts the classes in this rank's share of the samples. Local. */
static nnt_status count_labels(weighing *w, nnt_error *error) {
  int64_t samples = w->data->samples.count, size = nnt_comm_size(w->comm);
  int64_t rank = nnt_comm_rank(w->comm);
  int64_t end = nnt_partition_begin(samples, size, rank + 1);
  nnt_status status = NNT_OK;
  for (int64_t i = nnt_partition_begin(samples, size, rank); i < end && status == NNT_OK;
       i += PIECE) {
    int64_t count = nnt_min_i64(PIECE, end - i);
    status = nnt_dataset_read_classes(w->data->source, i, count, w->labels, error);
    for (int64_t j = 0; j < count && status == NNT_OK; ++j) {
      status = make_room(w, w->labels[j] + INT64_C(1), error);
      if (status == NNT_OK) w->of_class[w->labels[j]] += 1.0;
    }
  }
  return status;
}

/* Samples of each class over all ranks. Collective. */
static nnt_status count_classes(weighing *w, nnt_error *error) {
  nnt_status status = nnt_comm_agree(w->comm, count_labels(w, error), error);
  int64_t classes = w->classes;
  if (status == NNT_OK) status = nnt_comm_max_int(w->comm, &classes, 1, error);
  if (status != NNT_OK) return status;
  status = nnt_comm_agree(w->comm, make_room(w, classes, error), error);
  if (status != NNT_OK) return status;
  return nnt_comm_sum(w->comm, w->of_class, classes, error);
}

static nnt_status balance(weighing *w, nnt_error *error) {
  double there = 0.0;
  nnt_status status = count_classes(w, error);
  if (status != NNT_OK) return status;
  for (int64_t c = 0; c < w->classes; ++c) there += w->of_class[c] > 0.0;
  for (int64_t c = 0; c < w->classes; ++c) {
    if (w->of_class[c] > 0.0)
      w->of_class[c] = (double)w->data->samples.count / (there * w->of_class[c]);
  }
  return NNT_OK;
}

/* Numbers separated by commas. */
static nnt_status take_given(weighing *w, nnt_error *error) {
  const char *text = w->weighting->of_classes;
  for (;;) {
    char *end = NULL;
    double weight = strtod(text, &end);
    if (end == text || (*end != ',' && *end != '\0') || !(isfinite(weight) && weight >= 0.0))
      return nnt_fail(error, NNT_BAD_USAGE,
                      "invalid class weights\n--class-weight %.200s\ngive 'balanced', or a "
                      "non-negative number for every class, separated by commas",
                      w->weighting->of_classes);
    nnt_status status = make_room(w, w->classes + 1, error);
    if (status != NNT_OK) return status;
    w->of_class[w->classes - 1] = weight;
    if (*end == '\0') return NNT_OK;
    text = end + 1;
  }
}

/* Collective. */
static nnt_status weigh_classes(weighing *w, nnt_error *error) {
  if (w->weighting->of_classes == NULL) return NNT_OK;
  if (w->data->mode != NNT_READ_CLASSES)
    return nnt_fail(error, NNT_BAD_USAGE,
                    "there are no classes to weight\n%s, --class-weight\nomit the option, or use a "
                    "classification loss",
                    w->data->name);
  if (is_balanced(w->weighting)) return balance(w, error);
  return nnt_comm_agree(w->comm, take_given(w, error), error);
}

static nnt_status fail_class(const weighing *w, int64_t position, int32_t label, nnt_error *error) {
  return nnt_fail(error, NNT_BAD_USAGE,
                  "a class without a weight\n%s, row %" PRId64 ": class %" PRId32
                  ", --class-weight has %" PRId64 "\ngive a weight for every class",
                  w->data->name, nnt_resident_row(w->data, position), label, w->classes);
}

/* The weights of samples [first, first + count). Local. */
static nnt_status weigh(const weighing *w, int64_t first, int64_t count, float *out,
                        nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int64_t i = 0; i < count; ++i) out[i] = 1.0F;
  if (w->weighting->name != NULL)
    status = nnt_dataset_read_weights(w->data->source, first, count, out, error);
  if (status != NNT_OK || w->weighting->of_classes == NULL) return status;
  status = nnt_dataset_read_classes(w->data->source, first, count, w->labels, error);
  for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
    if (w->of_class == NULL || w->labels[i] >= w->classes)
      return fail_class(w, first + i, w->labels[i], error);
    out[i] = (float)((double)out[i] * w->of_class[w->labels[i]]);
  }
  return status;
}

/* Fills this rank's part of its node's array; *some: whether any weight is not 0. Local. */
static nnt_status fill(const weighing *w, int64_t *some, nnt_error *error) {
  int64_t samples = w->data->samples.count;
  int64_t rank = nnt_comm_node_rank(w->comm), size = nnt_comm_node_size(w->comm);
  int64_t end = nnt_partition_begin(samples, size, rank + 1);
  float *weights = nnt_node_memory_data(w->data->weights);
  nnt_status status = NNT_OK;
  for (int64_t i = nnt_partition_begin(samples, size, rank); i < end && status == NNT_OK;
       i += PIECE) {
    int64_t count = nnt_min_i64(PIECE, end - i);
    status = weigh(w, i, count, weights + i, error);
    for (int64_t j = i; j < i + count && status == NNT_OK; ++j) *some |= weights[j] > 0.0F;
  }
  return status;
}

static nnt_status fill_all(weighing *w, nnt_error *error) {
  int64_t some = 0;
  size_t bytes = (size_t)w->data->samples.count * sizeof(float);
  nnt_status status =
      nnt_node_memory_create(w->comm, bytes, NNT_MEMORY_OF_NODE, &w->data->weights, error);
  if (status != NNT_OK) return status;
  status = nnt_comm_agree(w->comm, fill(w, &some, error), error);
  if (status == NNT_OK) status = nnt_node_memory_sync(w->data->weights, error);
  if (status == NNT_OK) status = nnt_comm_max_int(w->comm, &some, 1, error);
  if (status != NNT_OK) return status;
  if (some == 0)
    return nnt_fail(error, NNT_BAD_INPUT, "all weights are 0\n%s\nmake some weight positive",
                    w->data->name);
  w->data->samples.weights = nnt_node_memory_data(w->data->weights);
  return NNT_OK;
}

nnt_status nnt_sample_weights_create(nnt_comm *comm, const nnt_weighting *weighting,
                                     nnt_resident *data, nnt_error *error) {
  void *labels = NULL;
  if (!nnt_weighting_is_on(weighting)) return NNT_OK;
  nnt_status status = nnt_memory_allocate(PIECE * sizeof(int32_t), "labels", &labels, error);
  status = nnt_comm_agree(comm, status, error);
  weighing w = {.comm = comm, .weighting = weighting, .data = data, .labels = labels};
  if (status == NNT_OK) status = weigh_classes(&w, error);
  if (status == NNT_OK) status = fill_all(&w, error);
  free(w.of_class);
  nnt_memory_free(&labels);
  return status;
}
