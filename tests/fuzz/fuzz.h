/* Fuzz targets: a parser is handed any bytes as a file. Whatever they are, it comes back with
 * NNT_OK and what it promises, or with an error record that is whole. libFuzzer calls fuzz_one, and
 * so does replay.c with the files of a corpus. */
#ifndef NNT_TESTS_FUZZ_H
#define NNT_TESTS_FUZZ_H

#include <nntrain/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define fuzz_one LLVMFuzzerTestOneInput
int fuzz_one(const uint8_t *data, size_t size);

/* Ends the process, as a finding, unless the condition holds. */
#define REQUIRE(condition)                                        \
  do {                                                            \
    if (!(condition)) fuzz_found(#condition, __FILE__, __LINE__); \
  } while (0)

_Noreturn static inline void fuzz_found(const char *what, const char *file, int line) {
  (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}

/* The record of a refused input: all three parts, printable, and for the user to mend. */
static inline void require_error(nnt_status status, const nnt_error *error) {
  REQUIRE(error->status == status);
  REQUIRE(status == NNT_BAD_INPUT || status == NNT_BAD_USAGE);
  const char *parts[] = {error->what, error->where, error->remedy};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(parts[i][0] != '\0');
    REQUIRE(strchr(parts[i], '\n') == NULL);
  }
}

/* A file in memory; its path is good until it is closed. */
typedef struct fuzz_file {
  int descriptor;
  char path[40];
} fuzz_file;

fuzz_file fuzz_file_create(const uint8_t *data, size_t size);
void fuzz_file_close(fuzz_file *file);

/* fake_writer.c: samples that were committed since the last call, -1 when nothing was. Blocks are
 * of `block` samples from then on. */
int64_t fuzz_writer_samples(int64_t block);

#endif
