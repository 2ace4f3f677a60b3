/* Images that are shown a little different in every update. */
#include "net/augment.h"

#include <math.h>
#include <string.h>

#include "base/partition.h"
#include "base/rng.h"

/* Random erasing: share of the image, aspect ratio, and how often a place is looked for
 * (torchvision.transforms.RandomErasing). */
#define ERASE_LEAST 0.02
#define ERASE_MOST 0.33
#define ERASE_ASPECT 3.3
#define ERASE_TRIES 10

/* Blocks of random numbers of a sample: one for shift and flip, one for each try. */
enum { DRAW_SHIFT, DRAW_ERASE, DRAWS = DRAW_ERASE + ERASE_TRIES };

bool nnt_augments(const nnt_augmentation *augmentation) {
  return augmentation->shift > 0 || augmentation->flip || augmentation->erase > 0.0;
}

/* One image on its way. */
typedef struct picture {
  const nnt_augmentation *augmentation;
  int64_t bytes; /* of an element */
  uint64_t seed;
  uint32_t update;
  uint64_t first_draw;
} picture;

static nnt_rng_block draw(const picture *p, int which) {
  return nnt_rng_words(p->seed, NNT_RNG_AUGMENTATION, p->update, p->first_draw + (uint64_t)which);
}

/* A whole number from 0 to count - 1. */
static int64_t below(uint32_t word, int64_t count) {
  return (int64_t)((uint64_t)word * (uint64_t)count >> 32);
}

static double fraction(uint32_t word) {
  return (double)word * 0x1p-32;
}

/* Moves the image by (down, right); what comes in is 0. */
static void move(const picture *p, const char *in, char *out, int64_t down, int64_t right) {
  int64_t height = p->augmentation->height, width = p->augmentation->width;
  int64_t first = nnt_max_i64(right, 0), end = nnt_min_i64(width + right, width);
  memset(out, 0, (size_t)(height * width * p->bytes));
  for (int64_t y = nnt_max_i64(down, 0); y < nnt_min_i64(height + down, height) && first < end; ++y)
    memcpy(out + (y * width + first) * p->bytes,
           in + ((y - down) * width + first - right) * p->bytes,
           (size_t)((end - first) * p->bytes));
}

static void mirror(const picture *p, char *image) {
  int64_t width = p->augmentation->width;
  for (int64_t y = 0; y < p->augmentation->height; ++y) {
    char *row = image + y * width * p->bytes;
    for (int64_t x = 0; x < width / 2; ++x) {
      char *left = row + x * p->bytes, *right = row + (width - 1 - x) * p->bytes;
      char kept[sizeof(float)];
      memcpy(kept, left, (size_t)p->bytes);
      memcpy(left, right, (size_t)p->bytes);
      memcpy(right, kept, (size_t)p->bytes);
    }
  }
}

static void erase(const picture *p, char *image) {
  int64_t height = p->augmentation->height, width = p->augmentation->width;
  for (int i = 0; i < ERASE_TRIES; ++i) {
    nnt_rng_block word = draw(p, DRAW_ERASE + i);
    double share = ERASE_LEAST + fraction(word.word[0]) * (ERASE_MOST - ERASE_LEAST);
    double area = share * (double)(height * width);
    double aspect = exp((2.0 * fraction(word.word[1]) - 1.0) * log(ERASE_ASPECT));
    int64_t rows = (int64_t)round(sqrt(area * aspect));
    int64_t columns = (int64_t)round(sqrt(area / aspect));
    if (rows >= height || columns >= width) continue;
    int64_t top = below(word.word[2], height - rows + 1);
    int64_t left = below(word.word[3], width - columns + 1);
    for (int64_t y = top; y < top + rows; ++y)
      memset(image + (y * width + left) * p->bytes, 0, (size_t)(columns * p->bytes));
    return;
  }
}

void nnt_augment(const nnt_augmentation *augmentation, nnt_element element, uint64_t seed,
                 int64_t update, int64_t position, const void *image, void *out) {
  const picture p = {.augmentation = augmentation,
                     .bytes = nnt_element_bytes(element),
                     .seed = seed,
                     .update = (uint32_t)update,
                     .first_draw = (uint64_t)position * DRAWS};
  nnt_rng_block word = draw(&p, DRAW_SHIFT);
  int64_t places = 2 * augmentation->shift + 1;
  move(&p, image, out, below(word.word[0], places) - augmentation->shift,
       below(word.word[1], places) - augmentation->shift);
  if (augmentation->flip && word.word[2] >> 31 != 0) mirror(&p, out);
  if (augmentation->erase > 0.0 && fraction(word.word[3]) < augmentation->erase) erase(&p, out);
}
