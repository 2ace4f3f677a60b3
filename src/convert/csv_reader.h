/* Reading delimited text (RFC 4180), plain or gzip-compressed: fields and rows, with their line
 * numbers. Memory does not grow with the file. Errors: NNT_BAD_INPUT with file, line and column;
 * those of the callbacks. */
#ifndef NNT_CONVERT_CSV_READER_H
#define NNT_CONVERT_CSV_READER_H

#include <nntrain/status.h>
#include <stdint.h>

/* Lines count from 1, columns from 0; the text is valid during the call only. A status other than
 * NNT_OK ends reading. */
typedef struct nnt_csv_events {
  nnt_status (*field)(void *context, const char *text, int64_t line, int64_t column,
                      nnt_error *error);
  nnt_status (*row)(void *context, int64_t line, int64_t columns, nnt_error *error);
} nnt_csv_events;

/* `delimiter` 0: a tab if the first line has one and no comma, else a comma. A byte-order mark,
 * empty lines and spaces around an unquoted field are skipped. */
nnt_status nnt_csv_read(const char *path, char delimiter, const nnt_csv_events *events,
                        void *context, nnt_error *error) NNT_MUST_CHECK;

#endif
