/* How a data set is loaded into memory, and the order of its samples in training. */
#ifndef NNTRAIN_STREAMING_H
#define NNTRAIN_STREAMING_H

#include <stdint.h>

typedef enum nnt_data_mode {
  NNT_DATA_AUTO,     /* resident when it fits into the memory limit */
  NNT_DATA_RESIDENT, /* whole, one copy per node */
  NNT_DATA_STREAMING /* two windows of it, read ahead */
} nnt_data_mode;

typedef enum nnt_io {
  NNT_IO_INDEPENDENT, /* every rank reads its part independently */
  NNT_IO_COLLECTIVE   /* collective reads (MPI-IO); needs parallel HDF5 */
} nnt_io;

/* The default of every field is zero. */
typedef struct nnt_reading {
  nnt_data_mode mode;
  int64_t memory_limit; /* bytes of data per node; 0: half of the available memory */
  nnt_io io;
} nnt_reading;

typedef enum nnt_shuffle {
  NNT_SHUFFLE_AUTO,     /* full when resident, windowed when streaming */
  NNT_SHUFFLE_FULL,     /* a permutation of all samples */
  NNT_SHUFFLE_WINDOWED, /* blocks of consecutive samples are shuffled, then the samples within each
                           window of consecutive blocks */
  NNT_SHUFFLE_NONE,     /* file order */
  NNT_SHUFFLE_COUNT
} nnt_shuffle;

/* Together with seed and epoch, this determines the order of the samples. */
typedef struct nnt_shuffling {
  nnt_shuffle kind;
  int64_t block;  /* samples per block; 0: chosen automatically */
  int64_t window; /* samples per window, rounded to whole blocks; 0: chosen automatically */
} nnt_shuffling;

#endif
