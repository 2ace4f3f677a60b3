/* Reading delimited text (RFC 4180), plain or gzip-compressed: fields and rows, with their
 * lines. Memory does not grow with the file. Errors: NNT_BAD_INPUT with file, line and column;
 * what the callbacks return. */
#ifndef NNT_CONVERT_CSV_READER_H
#define NNT_CONVERT_CSV_READER_H

#include <nntrain/status.h>
#include <stdint.h>

/* Lines count from 1, columns from 0; the text ends with a zero and is gone after the call. A
 * status other than NNT_OK ends the reading. */
typedef struct nnt_csv_events {
  nnt_status (*field)(void *context, const char *text, int64_t line, int64_t column,
                      nnt_error *error);
  nnt_status (*row)(void *context, int64_t line, int64_t columns, nnt_error *error);
} nnt_csv_events;

/* `delimiter` 0: a tab when the first line holds one and no comma, else a comma. A byte-order
 * mark and empty lines are passed over; spaces around a field without quotes are not part of
 * it. */
nnt_status nnt_csv_read(const char *path, char delimiter, const nnt_csv_events *events,
                        void *context, nnt_error *error) NNT_MUST_CHECK;

#endif
