/* The selected samples of a data set. */
#include "data/index_set.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/partition.h"
#include "base/rng.h"
#include "data/sample_order.h"

/* Rows per word, and words per entry of `before`. */
#define WORD 64
#define WORDS 8
/* Of the permutations of the samples of each class; must never change. */
#define SEED UINT64_C(0x73656c656374)
/* Labels read at a time. */
#define BLOCK 65536

struct nnt_index_set {
  int64_t rows, count;
  uint64_t *bits;  /* [ceil(rows / WORD)] */
  int64_t *before; /* [ceil(rows / (WORD * WORDS)) + 1]: set bits before */
};

bool nnt_selection_is_whole(const nnt_selection *selection) {
  return selection->limit == 0 && selection->part == NNT_PART_ALL;
}

/* What is wrong with the fields, or NULL. */
static const char *find_fault(const nnt_selection *s) {
  bool divided = s->folds != 0 || s->split != 0.0;
  if (s->limit < 0) return "limit is negative";
  if (!(s->split >= 0.0 && s->split < 1.0)) return "split is not in (0, 1)";
  if (s->folds != 0 && (s->folds < 2 || s->fold < 1 || s->fold > s->folds))
    return "fold is not in [1, folds], or there are fewer than 2 folds";
  if (s->folds != 0 && s->split != 0.0) return "both split and folds are given";
  if (s->part != NNT_PART_ALL && !divided) return "a part without split or folds";
  if (s->stratify && !divided && s->limit == 0) return "stratify without split, folds or limit";
  return NULL;
}

void nnt_selection_text(const nnt_selection *s, char *text, size_t size) {
  char parts[3][48] = {"", "", ""};
  const char *comma = s->limit > 0 ? ", " : "";
  if (s->limit > 0) (void)snprintf(parts[0], sizeof parts[0], "limit %" PRId64, s->limit);
  if (s->split > 0.0) (void)snprintf(parts[1], sizeof parts[1], "%ssplit %.17g", comma, s->split);
  if (s->folds > 0)
    (void)snprintf(parts[1], sizeof parts[1], "%sfold %" PRId64 "/%" PRId64, comma, s->fold,
                   s->folds);
  if (s->stratify) (void)snprintf(parts[2], sizeof parts[2], ", stratified");
  (void)snprintf(text, size, "%s%s%s", parts[0], parts[1], parts[2]);
}

static void add(nnt_index_set *set, int64_t row) {
  set->bits[row / WORD] |= UINT64_C(1) << (row % WORD);
}

/* Whether sample `place` of `count` belongs to the validation part, if the training part has
 * `train`. */
static bool is_validation(const nnt_selection *s, int64_t place, int64_t count, int64_t train) {
  if (s->folds > 0) return place * s->folds / count == s->fold - 1;
  return place >= train;
}

static bool wants(const nnt_selection *s, bool validation) {
  return s->part == NNT_PART_ALL || (s->part == NNT_PART_VALIDATION) == validation;
}

static void add_by_hash(const nnt_selection *s, nnt_index_set *set) {
  int64_t rows = s->limit > 0 ? nnt_min_i64(s->limit, set->rows) : set->rows;
  for (int64_t i = 0; i < rows; ++i) {
    nnt_rng_block block = nnt_rng_words(0, NNT_RNG_SELECTION, 0, (uint64_t)i);
    uint64_t word = (uint64_t)block.word[0] << 32 | block.word[1];
    double u = (double)(word >> 11) * 0x1p-53;
    bool validation = s->folds > 0 ? (int64_t)(u * (double)s->folds) == s->fold - 1 : u >= s->split;
    if (wants(s, validation)) add(set, i);
  }
}

/* How one class is divided. */
typedef struct class_share {
  int64_t count; /* its samples */
  int64_t kept;  /* those within the limit */
  int64_t train; /* those in the training part */
  int64_t seen;
  nnt_sample_order order;
} class_share;

typedef struct strata {
  class_share *classes;
  int64_t count; /* of classes */
  nnt_read_classes read;
  void *context;
  int32_t *labels; /* [BLOCK] */
} strata;

static nnt_status count_label(strata *all, int32_t label, nnt_error *error) {
  if (all->classes == NULL || label >= all->count) {
    size_t bytes = ((size_t)label + 1) * sizeof *all->classes;
    class_share *longer = realloc(all->classes, bytes);
    if (longer == NULL) return nnt_fail_memory(error, bytes, "the shares of the classes");
    memset(longer + all->count, 0, bytes - (size_t)all->count * sizeof *longer);
    all->classes = longer;
    all->count = label + 1;
  }
  ++all->classes[label].count;
  return NNT_OK;
}

/* Rounds cumulative sums, so that the shares of the classes add up to that of the whole. */
static void divide(const nnt_selection *s, strata *all, int64_t rows) {
  double limit = s->limit > 0 ? (double)nnt_min_i64(s->limit, rows) / (double)rows : 1.0;
  int64_t rows_before = 0, kept_before = 0;
  for (int64_t c = 0; c < all->count; ++c) {
    class_share *share = &all->classes[c];
    int64_t rows_end = rows_before + share->count;
    share->kept = llround((double)rows_end * limit) - llround((double)rows_before * limit);
    int64_t kept_end = kept_before + share->kept;
    share->train = llround((double)kept_end * s->split) - llround((double)kept_before * s->split);
    share->order = nnt_sample_order_of(nnt_max_i64(share->count, 1), SEED, c);
    rows_before = rows_end;
    kept_before = kept_end;
  }
}

static void assign(const nnt_selection *s, strata *all, int64_t row, int32_t label,
                   nnt_index_set *set) {
  class_share *share = &all->classes[label];
  /* Only if the file has changed between the passes, which is detected later. */
  if (label >= all->count || share->seen == share->count) return;
  int64_t place = nnt_sample_order_at(&share->order, share->seen++);
  if (place < share->kept && wants(s, is_validation(s, place, share->kept, share->train)))
    add(set, row);
}

static nnt_status add_by_class(const nnt_selection *s, strata *all, nnt_index_set *set,
                               nnt_error *error) {
  nnt_status status = NNT_OK;
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t first = 0; first < set->rows && status == NNT_OK; first += BLOCK) {
      int64_t count = nnt_min_i64(BLOCK, set->rows - first);
      status = all->read(all->context, first, count, all->labels, error);
      for (int64_t i = 0; i < count && status == NNT_OK; ++i) {
        if (pass == 0)
          status = count_label(all, all->labels[i], error);
        else
          assign(s, all, first + i, all->labels[i], set);
      }
    }
    if (pass == 0 && status == NNT_OK) divide(s, all, set->rows);
  }
  return status;
}

static nnt_status add_stratified(const nnt_selection *s, nnt_read_classes read, void *context,
                                 nnt_index_set *set, nnt_error *error) {
  strata all = {.read = read, .context = context, .labels = malloc(BLOCK * sizeof(int32_t))};
  nnt_status status = all.labels != NULL
                          ? add_by_class(s, &all, set, error)
                          : nnt_fail_memory(error, BLOCK * sizeof(int32_t), "labels");
  free(all.labels);
  free(all.classes);
  return status;
}

/* Fills `before`. */
static void count_bits(nnt_index_set *set) {
  int64_t words = nnt_ceil_div(set->rows, WORD);
  for (int64_t w = 0; w < words; ++w) {
    if (w % WORDS == 0) set->before[w / WORDS] = set->count;
    set->count += __builtin_popcountll(set->bits[w]);
  }
  set->before[nnt_ceil_div(words, WORDS)] = set->count;
}

nnt_status nnt_index_set_create(const nnt_selection *selection, int64_t rows, const char *name,
                                nnt_read_classes read, void *context, nnt_index_set **out,
                                nnt_error *error) {
  const char *fault = find_fault(selection);
  size_t words = (size_t)nnt_ceil_div(rows, WORD);
  *out = NULL;
  if (fault != NULL)
    return nnt_fail(error, NNT_BAD_USAGE, "invalid selection of samples\n%s: %s\ncorrect it", name,
                    fault);
  nnt_index_set *set = calloc(1, sizeof *set);
  if (set == NULL) return nnt_fail_memory(error, sizeof *set, "a selection of samples");
  set->rows = rows;
  set->bits = calloc(words, sizeof *set->bits);
  set->before = calloc(words / WORDS + 2, sizeof *set->before);
  nnt_status status = NNT_OK;
  if (set->bits == NULL || set->before == NULL)
    status = nnt_fail_memory(error, words * sizeof *set->bits, "a selection of samples");
  else if (selection->stratify)
    status = add_stratified(selection, read, context, set, error);
  else
    add_by_hash(selection, set);
  if (status == NNT_OK) count_bits(set);
  if (status == NNT_OK && set->count == 0)
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "the selection has no samples\n%s: %s part of %" PRId64
                      " samples\nraise the limit, or change the split or folds",
                      name, selection->part == NNT_PART_TRAIN ? "training" : "validation", rows);
  if (status != NNT_OK) {
    nnt_index_set_destroy(&set);
    return status;
  }
  *out = set;
  return NNT_OK;
}

void nnt_index_set_destroy(nnt_index_set **set) {
  if (*set == NULL) return;
  free((*set)->bits);
  free((*set)->before);
  free(*set);
  *set = NULL;
}

int64_t nnt_index_set_count(const nnt_index_set *set) {
  return set->count;
}

bool nnt_index_set_has(const nnt_index_set *set, int64_t row) {
  return (set->bits[row / WORD] >> (row % WORD) & 1) != 0;
}

int64_t nnt_index_set_row(const nnt_index_set *set, int64_t position) {
  int64_t low = 0, high = nnt_ceil_div(nnt_ceil_div(set->rows, WORD), WORDS);
  while (high - low > 1) { /* before[low] <= position < before[high] */
    int64_t middle = low + (high - low) / 2;
    if (set->before[middle] <= position)
      low = middle;
    else
      high = middle;
  }
  int64_t word = low * WORDS, left = position - set->before[low];
  for (int set_bits = __builtin_popcountll(set->bits[word]); left >= set_bits;
       set_bits = __builtin_popcountll(set->bits[word])) {
    left -= set_bits;
    ++word;
  }
  uint64_t bits = set->bits[word];
  for (; left > 0; --left) bits &= bits - 1;
  return word * WORD + __builtin_ctzll(bits);
}
