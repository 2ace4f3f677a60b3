/* Files in memory. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

fuzz_file fuzz_file_create(const uint8_t *data, size_t size) {
  fuzz_file file = {.descriptor = memfd_create("fuzz", MFD_CLOEXEC)};
  REQUIRE(file.descriptor >= 0);
  while (size > 0) {
    ssize_t written = write(file.descriptor, data, size);
    REQUIRE(written > 0);
    data += written;
    size -= (size_t)written;
  }
  (void)snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.descriptor);
  return file;
}

void fuzz_file_close(fuzz_file *file) {
  (void)close(file->descriptor);
  file->descriptor = -1;
}
