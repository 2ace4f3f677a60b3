/* Status codes and the error record.
 *
 * Every function of the library that can fail returns an nnt_status, which must be checked, and
 * fills the caller's nnt_error, once, where the error arises: what is wrong, where (file, option,
 * value), and what to do about it. */
#ifndef NNTRAIN_STATUS_H
#define NNTRAIN_STATUS_H

#include <nntrain/export.h>
#include <stddef.h>

/* name, value (pinned: they may be stored and compared across versions), exit code, text */
#define NNT_STATUS_TABLE(X)                                    \
  X(NNT_OK, 0, 0, "done")                                      \
  X(NNT_BAD_USAGE, 1, 2, "bad usage")                          \
  X(NNT_BAD_INPUT, 2, 2, "bad input")                          \
  X(NNT_IO_ERROR, 3, 1, "reading or writing failed")           \
  X(NNT_MPI_ERROR, 4, 1, "MPI failed")                         \
  X(NNT_OUT_OF_MEMORY, 5, 1, "not enough memory")              \
  X(NNT_NON_FINITE, 6, 1, "the loss is not a finite number")   \
  X(NNT_STOPPED, 7, 75, "stopped by a signal, can be resumed") \
  X(NNT_INTERNAL, 8, 1, "internal error")                      \
  X(NNT_DIFFERENT, 9, 1, "results that must agree differ")

typedef enum nnt_status {
#define NNT_STATUS_ENUM(name, value, exit_code, text) name = value,
  NNT_STATUS_TABLE(NNT_STATUS_ENUM)
#undef NNT_STATUS_ENUM
} nnt_status;

/* Owned by the caller; plain data, so it can be copied and sent between ranks. */
typedef struct nnt_error {
  nnt_status status;
  char what[256];   /* what is wrong */
  char where[640];  /* file, option, value, row */
  char remedy[256]; /* what to do about it */
} nnt_error;

#if defined(__GNUC__)
#define NNT_MUST_CHECK __attribute__((warn_unused_result))
#define NNT_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define NNT_MUST_CHECK
#define NNT_FORMAT(text, first)
#endif

/* A short description of a status; never NULL. */
NNT_API const char *nnt_status_text(nnt_status status);

/* The exit code of the program for a status: 0, 1, 2 or 75. */
NNT_API int nnt_status_exit_code(nnt_status status);

/* Fills *error (may be NULL) and returns `status`. The formatted text has three parts separated by
 * newlines: what is wrong, where, the remedy. Parts longer than their field are truncated. */
NNT_API nnt_status nnt_fail(nnt_error *error, nnt_status status, const char *format, ...)
    NNT_FORMAT(3, 4);

/* nnt_fail for an allocation of `bytes` bytes for `purpose`. */
NNT_API nnt_status nnt_fail_memory(nnt_error *error, size_t bytes, const char *purpose);

#endif
