/* Signals that ask a run to stop. */
#ifndef NNT_CLI_SIGNALS_H
#define NNT_CLI_SIGNALS_H

/* SIGTERM, SIGINT and SIGUSR1 become a request to stop; a second SIGINT ends the process. To be
 * called before MPI_Init, which starts threads. */
void signals_catch(void);

#endif
