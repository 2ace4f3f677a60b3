/* Images that are shown a little different in every update. Formulas: nntrain/methods.h. */
#ifndef NNT_NET_AUGMENT_H
#define NNT_NET_AUGMENT_H

#include "kernels/elementwise.h"
#include "net/model.h"

/* Whether samples are changed as they are stored, by nnt_augment; noise is added later. */
bool nnt_augments(const nnt_augmentation *augmentation);

/* One image as stored, of height x width elements, to `out`: a function of the seed, the update and
 * the sample's position in the batch. */
void nnt_augment(const nnt_augmentation *augmentation, nnt_element element, uint64_t seed,
                 int64_t update, int64_t position, const void *image, void *out);

#endif
