/* Aligned memory and arenas. */
/* madvise is not in POSIX. */
#define _DEFAULT_SOURCE
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define RED_ZONE ((size_t)NNT_ALIGNMENT)
#else
#define RED_ZONE ((size_t)0)
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

/* Bytes. */
#define HUGE_PAGE ((size_t)2 << 20)

void nnt_memory_prefer_huge_pages(void *memory, size_t bytes) {
#if defined(MADV_HUGEPAGE)
  if (bytes >= HUGE_PAGE) (void)madvise(memory, bytes, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}

nnt_status nnt_memory_allocate(size_t bytes, const char *purpose, void **out, nnt_error *error) {
  size_t rounded = nnt_align_up(bytes > 0 ? bytes : 1);
  size_t alignment = rounded < HUGE_PAGE ? NNT_ALIGNMENT : HUGE_PAGE;
  *out = NULL;
  if (rounded >= bytes && posix_memalign(out, alignment, rounded) != 0) *out = NULL;
  if (*out == NULL) return nnt_fail_memory(error, bytes, purpose);
  nnt_memory_prefer_huge_pages(*out, rounded);
  memset(*out, 0, rounded);
  return NNT_OK;
}

void nnt_memory_free(void **memory) {
  free(*memory);
  *memory = NULL;
}

void nnt_memory_return_unused(void) {
#if defined(__GLIBC__)
  (void)malloc_trim(0);
#endif
}

void *nnt_arena_slice(nnt_arena *arena, size_t bytes) {
  size_t start = arena->used;
  size_t end = start + nnt_align_up(bytes);
  arena->used = end + RED_ZONE;
  if (arena->base == NULL) return NULL;
  ASAN_POISON_MEMORY_REGION(arena->base + start + bytes, end + RED_ZONE - start - bytes);
  return arena->base + start;
}

nnt_status nnt_arena_allocate(nnt_arena *arena, const char *purpose, nnt_error *error) {
  void *block = NULL;
  nnt_status status = nnt_memory_allocate(arena->used, purpose, &block, error);
  arena->base = block;
  if (status == NNT_OK) arena->used = 0;
  return status;
}

void nnt_arena_free(nnt_arena *arena) {
  if (arena->base != NULL) ASAN_UNPOISON_MEMORY_REGION(arena->base, arena->used);
  free(arena->base);
  arena->base = NULL;
  arena->used = 0;
}
