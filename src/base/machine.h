/* Memory of the machine. */
#ifndef NNT_BASE_MACHINE_H
#define NNT_BASE_MACHINE_H

#include <stdint.h>

/* Bytes of physical memory. */
int64_t nnt_machine_memory(void);
/* Bytes that the processes of this machine can still allocate without swapping: the kernel's
 * MemAvailable, or what the limits of the job's control groups leave, whichever is less. */
int64_t nnt_machine_available(void);
/* Free bytes in /dev/shm, where MPI allocates shared memory; INT64_MAX when it does not exist. */
int64_t nnt_machine_shareable(void);

#endif
