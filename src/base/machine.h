/* What the machine has to give. */
#ifndef NNT_BASE_MACHINE_H
#define NNT_BASE_MACHINE_H

#include <stdint.h>

/* Bytes of memory of the machine. */
int64_t nnt_machine_memory(void);
/* Bytes that this process and its neighbours may still take without swapping: what the kernel
 * calls available, or what the limits of the job's control groups leave, whichever is less. */
int64_t nnt_machine_available(void);
/* Free bytes where MPI puts memory that processes share (/dev/shm); INT64_MAX when it is not
 * there. */
int64_t nnt_machine_shareable(void);

#endif
