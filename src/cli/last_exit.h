/* Ending a process that hangs, and the launcher of its job. */
#ifndef NNT_CLI_LAST_EXIT_H
#define NNT_CLI_LAST_EXIT_H

#include <stdbool.h>

/* Ends the process with exit code 1, at once: no handlers, no MPI_Finalize, which would wait for
 * ranks that are gone. `launcher`: ends Open MPI's mpirun or orted, too, if it started this process
 * and is still there seconds later, waiting for a host that cannot be reached. May be called on any
 * thread. */
_Noreturn void last_exit(bool launcher);

#endif
