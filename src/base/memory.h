/* Aligned memory, and arenas: one allocation cut into slices. */
#ifndef NNT_BASE_MEMORY_H
#define NNT_BASE_MEMORY_H

#include <nntrain/status.h>
#include <stddef.h>

/* Cache line, and the widest vector (AVX-512). */
#define NNT_ALIGNMENT 64

/* Zeroed memory aligned to NNT_ALIGNMENT, owned by the caller, freed with nnt_memory_free. Sets
 * *out to NULL on failure. `bytes` may be 0. Errors: NNT_OUT_OF_MEMORY. */
nnt_status nnt_memory_allocate(size_t bytes, const char *purpose, void **out,
                               nnt_error *error) NNT_MUST_CHECK;

/* Asks for huge pages: samples are read in random order, and with small pages the TLB miss of each
 * costs as much as reading it. `memory` is a mapping of `bytes` bytes; the system may ignore the
 * request. */
void nnt_memory_prefer_huge_pages(void *memory, size_t bytes);

/* Frees and clears *memory, which may be NULL. */
void nnt_memory_free(void **memory);

/* Returns freed memory to the system. The C library keeps it in the arena of the thread that freed
 * it, where fragmentation leaves much of it unused when large blocks alternate with small ones. */
void nnt_memory_return_unused(void);

/* An arena: first the slices are counted (base == NULL), then one block is allocated, then the
 * same calls return the slices. In builds with AddressSanitizer a poisoned red zone separates the
 * slices. */
typedef struct nnt_arena {
  char *base;  /* NULL while counting */
  size_t used; /* bytes handed out so far */
} nnt_arena;

/* The next slice of `bytes` bytes, aligned; NULL while counting. */
void *nnt_arena_slice(nnt_arena *arena, size_t bytes);

/* Allocates the counted block; from then on slices are handed out. */
nnt_status nnt_arena_allocate(nnt_arena *arena, const char *purpose,
                              nnt_error *error) NNT_MUST_CHECK;

/* Frees the block; an arena that is all zero is accepted. */
void nnt_arena_free(nnt_arena *arena);

/* `bytes` rounded up to a multiple of NNT_ALIGNMENT. */
static inline size_t nnt_align_up(size_t bytes) {
  return (bytes + NNT_ALIGNMENT - 1) / NNT_ALIGNMENT * NNT_ALIGNMENT;
}

#endif
