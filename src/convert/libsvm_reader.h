/* Reading LIBSVM's sparse text. */
#ifndef NNT_CONVERT_LIBSVM_READER_H
#define NNT_CONVERT_LIBSVM_READER_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nnt_libsvm_events {
  /* The label of the next sample. */
  nnt_status (*label)(void *context, const char *text, int64_t line, nnt_error *error);
  /* One of its features: the index from 0, ascending, below NNT_MAX_WIDTH. */
  nnt_status (*value)(void *context, int64_t feature, float value, int64_t line, nnt_error *error);
  /* The sample is complete. */
  nnt_status (*end)(void *context, nnt_error *error);
} nnt_libsvm_events;

/* Calls the events for every sample. Errors: NNT_BAD_INPUT with file and line; those of the events.
 */
nnt_status nnt_libsvm_read(const char *path, bool zero_based, const nnt_libsvm_events *events,
                           void *context, nnt_error *error) NNT_MUST_CHECK;

/* An error at a word of the file, which the message shows. */
nnt_status nnt_libsvm_fail(const char *path, int64_t line, const char *word, const char *what,
                           const char *remedy, nnt_error *error) NNT_MUST_CHECK;

/* For nnt_format: whether the first line that has more than a number begins with
 * LABEL INDEX:VALUE. */
bool nnt_libsvm_recognise(const char *bytes, size_t size);

#endif
