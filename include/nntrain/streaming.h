/* How a data set is brought to the nodes' memory, and in which order its samples are trained on. */
#ifndef NNTRAIN_STREAMING_H
#define NNTRAIN_STREAMING_H

#include <stdint.h>

typedef enum nnt_data_mode {
  NNT_DATA_AUTO,     /* resident when it fits into the memory limit */
  NNT_DATA_RESIDENT, /* whole, once a node */
  NNT_DATA_STREAMING /* two windows of it, read ahead of their use */
} nnt_data_mode;

typedef enum nnt_io {
  NNT_IO_INDEPENDENT, /* every rank reads its part for itself */
  NNT_IO_COLLECTIVE   /* the ranks read together (MPI-IO); needs the parallel HDF5 */
} nnt_io;

/* Zero is the default of every field. */
typedef struct nnt_reading {
  nnt_data_mode mode;
  int64_t memory_limit; /* bytes of data a node; 0: half of what is available */
  nnt_io io;
} nnt_reading;

typedef enum nnt_shuffle {
  NNT_SHUFFLE_AUTO,     /* full when resident, windowed when streaming */
  NNT_SHUFFLE_FULL,     /* any sample anywhere in the epoch */
  NNT_SHUFFLE_WINDOWED, /* blocks of consecutive samples are shuffled; then the samples of each
                           window of successive blocks */
  NNT_SHUFFLE_NONE,     /* as stored */
  NNT_SHUFFLE_COUNT
} nnt_shuffle;

/* With seed and epoch, all that the order of the samples depends on. */
typedef struct nnt_shuffling {
  nnt_shuffle kind;
  int64_t block;  /* samples of a block; 0: chosen */
  int64_t window; /* samples of a window, rounded to whole blocks; 0: chosen */
} nnt_shuffling;

#endif
