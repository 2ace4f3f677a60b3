/* The worst classified samples. */
#include "score/worst_samples.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/partition.h"
#include "comm/comm.h"

typedef struct search {
  nnt_evaluator *evaluator;
  const nnt_resident *data;
  const nnt_samples *samples;
  const float *parameters;
  int64_t outputs, most;
  float *block; /* [NNT_EVALUATION_BLOCK, outputs] */
  nnt_scores *scores;
} search;

static double value_at(nnt_element element, const void *row, int64_t i) {
  switch (element) {
    case NNT_U8:
      return ((const uint8_t *)row)[i];
    case NNT_I8:
      return ((const int8_t *)row)[i];
    case NNT_U16:
      return ((const uint16_t *)row)[i];
    case NNT_I16:
      return ((const int16_t *)row)[i];
    case NNT_F32:
    case NNT_ELEMENT_COUNT:
      break;
  }
  return (double)((const float *)row)[i];
}

/* Renders the image, scaled from its smallest to its largest value. */
static void draw(const search *s, int64_t index, uint8_t *pixels) {
  const void *row = nnt_samples_row(s->samples, index);
  const nnt_element element = s->samples->element;
  double low = value_at(element, row, 0), high = low;
  for (int64_t i = 1; i < s->samples->features; ++i) {
    double value = value_at(element, row, i);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  double scale = high > low ? 255.0 / (high - low) : 0.0;
  for (int64_t i = 0; i < s->samples->features; ++i)
    pixels[i] = (uint8_t)((value_at(element, row, i) - low) * scale + 0.5);
}

static int64_t largest(const float *values, int64_t count) {
  int64_t at = 0;
  for (int64_t i = 1; i < count; ++i)
    if (values[i] > values[at]) at = i;
  return at;
}

/* Inserts the sample into the sorted list if it is bad enough; ties keep the earlier one. */
static nnt_status consider(search *s, int64_t index, const float *probabilities, nnt_error *error) {
  nnt_scores *scores = s->scores;
  int64_t own = s->samples->classes[nnt_samples_place(s->samples, index)];
  nnt_worst_sample found = {.row = nnt_resident_row(s->data, index),
                            .own = own,
                            .own_probability = (double)probabilities[own],
                            .predicted = largest(probabilities, s->outputs)};
  found.predicted_probability = (double)probabilities[found.predicted];
  int64_t at = scores->worst_count;
  while (at > 0 && found.own_probability < scores->worst[at - 1].own_probability) --at;
  if (at == s->most) return NNT_OK;
  if (scores->height > 0) {
    void *pixels = NULL;
    nnt_status status =
        nnt_memory_allocate((size_t)s->samples->features, "an image", &pixels, error);
    if (status != NNT_OK) return status;
    found.pixels = pixels;
    draw(s, index, found.pixels);
  }
  if (scores->worst_count == s->most) free(scores->worst[--scores->worst_count].pixels);
  memmove(scores->worst + at + 1, scores->worst + at,
          (size_t)(scores->worst_count - at) * sizeof found);
  scores->worst[at] = found;
  ++scores->worst_count;
  return NNT_OK;
}

static nnt_status search_block(search *s, int64_t first, int64_t count, nnt_error *error) {
  nnt_status status = NNT_OK;
  nnt_evaluator_outputs(s->evaluator, s->parameters, first, count, s->block);
  for (int64_t i = 0; i < count && status == NNT_OK; ++i)
    status = consider(s, first + i, s->block + i * s->outputs, error);
  return status;
}

static nnt_status allocate(search *s, nnt_error *error) {
  void *block = NULL, *list = NULL;
  nnt_status status =
      nnt_memory_allocate((size_t)(NNT_EVALUATION_BLOCK * s->outputs) * sizeof(float),
                          "the worst samples", &block, error);
  s->block = block;
  if (status == NNT_OK)
    status = nnt_memory_allocate((size_t)s->most * sizeof(nnt_worst_sample), "the worst samples",
                                 &list, error);
  s->scores->worst = list;
  s->scores->worst_count = 0;
  s->scores->height = s->data->shape.height;
  s->scores->width = s->data->shape.width;
  return status;
}

nnt_status nnt_worst_samples_find(nnt_comm *comm, nnt_evaluator *evaluator, const nnt_model *model,
                                  const float *parameters, const nnt_resident *data,
                                  const nnt_data_source *source, int64_t most, nnt_scores *scores,
                                  nnt_error *error) {
  search s = {.evaluator = evaluator,
              .data = data,
              .samples = nnt_data_source_samples(source),
              .parameters = parameters,
              .outputs = nnt_model_outputs(model),
              .most = most,
              .scores = scores};
  if (model->loss != NNT_CROSS_ENTROPY || most < 1) return NNT_OK;
  nnt_status status = nnt_comm_rank(comm) == 0 ? allocate(&s, error) : NNT_OK;
  status = nnt_comm_agree(comm, status, error);
  for (int64_t first = 0; first < s.samples->count && status == NNT_OK;
       first += NNT_EVALUATION_BLOCK) {
    int64_t count = nnt_min_i64(NNT_EVALUATION_BLOCK, s.samples->count - first);
    status = nnt_evaluator_bring(evaluator, first, count, error);
    if (status == NNT_OK && s.block != NULL && scores->worst != NULL)
      status = search_block(&s, first, count, error);
    status = nnt_comm_agree(comm, status, error);
  }
  free(s.block);
  return status;
}
