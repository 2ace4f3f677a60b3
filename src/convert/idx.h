/* What IDX files begin with. */
#ifndef NNT_CONVERT_IDX_H
#define NNT_CONVERT_IDX_H

#include <stdbool.h>

/* Whether the first four bytes are those of an IDX file. */
bool nnt_idx_begins(const unsigned char magic[4]);

#endif
