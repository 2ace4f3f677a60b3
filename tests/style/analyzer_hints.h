/* Included before the files that clang-tidy reads, but those that define these functions: what
 * the analyzer cannot see from one file. */
#include <nntrain/status.h>

/* They return the status they are given. */
#define nnt_fail(error, status, ...) ((void)nnt_fail((error), (status), __VA_ARGS__), (status))
#define nnt_fail_memory(error, bytes, purpose) \
  ((void)nnt_fail_memory((error), (bytes), (purpose)), NNT_OUT_OF_MEMORY)

/* Its result is NNT_OK only when this rank's status was. */
#if __has_include(<mpi.h>)
#include <nntrain/comm.h>
static inline nnt_status hint_agreed(nnt_status own, nnt_status agreed) {
  if (own != NNT_OK && agreed == NNT_OK) __builtin_unreachable();
  return agreed;
}
#define nnt_comm_agree(comm, status, error) \
  hint_agreed((status), nnt_comm_agree((comm), (status), (error)))
#endif
