/* TensorBoard's event files. */
#include "record/tensorboard_file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH_SIZE 4096
/* Most bytes of an event: ten scalars of 60 bytes. */
#define EVENT_SIZE 1024

struct nnt_tensorboard_file {
  FILE *stream;
  char path[PATH_SIZE];
};

/* A message of protocol buffers under construction. */
typedef struct message {
  uint8_t bytes[EVENT_SIZE];
  size_t size;
} message;

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void put_bytes(message *m, const void *bytes, size_t size) {
  if (size > sizeof m->bytes - m->size) return; /* never: the tags are ours */
  memcpy(m->bytes + m->size, bytes, size);
  m->size += size;
}

static void put_varint(message *m, uint64_t value) {
  do {
    uint8_t byte = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
    put_bytes(m, &byte, 1);
    value >>= 7;
  } while (value > 0);
}

/* Numbers in little-endian order. */
static void put_little(message *m, uint64_t bits, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    uint8_t byte = (uint8_t)(bits >> (8 * i));
    put_bytes(m, &byte, 1);
  }
}

static void put_key(message *m, unsigned field, unsigned type) {
  put_varint(m, (field << 3) | type);
}

static void put_field(message *m, unsigned field, const void *bytes, size_t size) {
  put_key(m, field, BYTES);
  put_varint(m, size);
  put_bytes(m, bytes, size);
}

static uint32_t masked_crc32c(const uint8_t *bytes, size_t size) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < size; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

static nnt_status fail(const nnt_tensorboard_file *file, nnt_error *error) {
  return nnt_fail(error, NNT_IO_ERROR,
                  "cannot write the TensorBoard events\n%s: %s\nfree space, or omit --tensorboard",
                  file->path, strerror(errno));
}

static nnt_status write_record(nnt_tensorboard_file *file, const message *event, nnt_error *error) {
  message head = {.size = 0}, tail = {.size = 0};
  put_little(&head, event->size, 8);
  put_little(&head, masked_crc32c(head.bytes, head.size), 4);
  put_little(&tail, masked_crc32c(event->bytes, event->size), 4);
  bool good = fwrite(head.bytes, head.size, 1, file->stream) == 1 &&
              fwrite(event->bytes, event->size, 1, file->stream) == 1 &&
              fwrite(tail.bytes, tail.size, 1, file->stream) == 1 && fflush(file->stream) == 0;
  return good ? NNT_OK : fail(file, error);
}

/* Event: 1 wall_time, 2 step. */
static message begin_event(int64_t step) {
  message event = {.size = 0};
  struct timespec now;
  uint64_t bits = 0;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  memcpy(&bits, &seconds, sizeof bits);
  put_key(&event, 1, FIXED64);
  put_little(&event, bits, 8);
  put_key(&event, 2, VARINT);
  put_varint(&event, (uint64_t)step);
  return event;
}

/* Event: 3 file_version; 7 session_log {1 status = 1, START}, which discards earlier events of
 * later steps. */
static nnt_status write_start(nnt_tensorboard_file *file, int64_t step, nnt_error *error) {
  static const char version[] = "brain.Event:2";
  static const uint8_t start[] = {1 << 3, 1};
  message first = begin_event(0), second = begin_event(step + 1);
  put_field(&first, 3, version, strlen(version));
  put_field(&second, 7, start, sizeof start);
  nnt_status status = write_record(file, &first, error);
  if (status == NNT_OK && step > 0) status = write_record(file, &second, error);
  return status;
}

nnt_status nnt_tensorboard_file_create(const char *directory, int64_t step,
                                       nnt_tensorboard_file **out, nnt_error *error) {
  struct timespec now;
  *out = NULL;
  nnt_tensorboard_file *file = calloc(1, sizeof *file);
  if (file == NULL) return nnt_fail_memory(error, sizeof *file, "an event file");
  (void)clock_gettime(CLOCK_REALTIME, &now);
  /* Readers read the files of a directory in the order of their names. */
  (void)snprintf(file->path, sizeof file->path, "%s/events.out.tfevents.%010" PRId64 ".%09ld",
                 directory, (int64_t)now.tv_sec, now.tv_nsec);
  file->stream = fopen(file->path, "wb");
  nnt_status status = file->stream != NULL ? NNT_OK : fail(file, error);
  if (status == NNT_OK) status = write_start(file, step, error);
  if (status != NNT_OK) nnt_tensorboard_file_destroy(&file);
  *out = file;
  return status;
}

/* Summary: 1 value {1 tag, 2 simple_value}. */
static void put_scalar(message *summary, const char *tag, double value) {
  message scalar = {.size = 0};
  const float single = (float)value;
  uint32_t bits = 0;
  if (!isfinite(single)) return;
  memcpy(&bits, &single, sizeof bits);
  put_field(&scalar, 1, tag, strlen(tag));
  put_key(&scalar, 2, FIXED32);
  put_little(&scalar, bits, 4);
  put_field(summary, 1, scalar.bytes, scalar.size);
}

nnt_status nnt_tensorboard_file_append(nnt_tensorboard_file *file, const nnt_epoch_event *epoch,
                                       nnt_error *error) {
  message event = begin_event(epoch->step), summary = {.size = 0};
  const nnt_metrics *validation = &epoch->validation;
  put_scalar(&summary, "loss/train", epoch->train_loss);
  if (epoch->has_validation) {
    put_scalar(&summary, "loss/validation", validation->loss);
    put_scalar(&summary, "validation/accuracy", validation->accuracy);
    put_scalar(&summary, "validation/f1_macro", validation->f1);
    put_scalar(&summary, "validation/top_k_accuracy", validation->top_k_accuracy);
    put_scalar(&summary, "validation/mse", validation->mse);
    put_scalar(&summary, "validation/mae", validation->mae);
    put_scalar(&summary, "validation/r2", validation->r2);
  }
  put_scalar(&summary, "training/learning_rate", epoch->learning_rate);
  put_scalar(&summary, "training/samples_per_second", epoch->samples_per_second);
  put_scalar(&summary, "training/epoch_seconds", epoch->seconds);
  put_scalar(&summary, "training/epoch", (double)epoch->epoch);
  put_field(&event, 5, summary.bytes, summary.size);
  return write_record(file, &event, error);
}

void nnt_tensorboard_file_destroy(nnt_tensorboard_file **file) {
  if (*file == NULL) return;
  if ((*file)->stream != NULL) (void)fclose((*file)->stream);
  free(*file);
  *file = NULL;
}
