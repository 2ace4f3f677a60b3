/* Options that several verbs have: data and threads. */
#include "cli/data_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool parse_size(const char *text, int64_t *out) {
  static const char units[] = "KMGT";
  char *end = NULL;
  if (*text < '0' || *text > '9') return false;
  double value = strtod(text, &end);
  const char *unit = *end != '\0' ? strchr(units, *end & ~0x20) : NULL;
  if (unit != NULL) {
    for (++end; unit >= units; --unit) value *= 1024.0;
    if (*end == 'i') ++end;
  }
  if ((*end | 0x20) == 'b') ++end;
  if (*end != '\0' || !(value >= 1.0 && value < 9e18)) return false;
  *out = (int64_t)value;
  return true;
}

nnt_status take_threads(const options *parsed, int *out, nnt_error *error) {
  int64_t threads = 0;
  nnt_status status = NNT_OK;
  if (options_given(parsed, "threads"))
    status = options_int(parsed, "threads", 1, 4096, &threads, error);
  *out = (int)threads;
  return status;
}

nnt_status take_reading(const options *parsed, nnt_reading *out, nnt_error *error) {
  static const char *const modes[] = {[NNT_DATA_AUTO] = "auto",
                                      [NNT_DATA_RESIDENT] = "resident",
                                      [NNT_DATA_STREAMING] = "streaming",
                                      NULL};
  static const char *const ways[] = {
      [NNT_IO_INDEPENDENT] = "independent", [NNT_IO_COLLECTIVE] = "collective", NULL};
  int mode = 0, way = 0;
  *out = (nnt_reading){.mode = NNT_DATA_AUTO};
  nnt_status status = options_choice(parsed, "data-mode", modes, &mode, error);
  if (status == NNT_OK) status = options_choice(parsed, "io", ways, &way, error);
  const char *limit = options_text(parsed, "memory-limit");
  if (status == NNT_OK && limit != NULL && !parse_size(limit, &out->memory_limit))
    status =
        nnt_fail(error, NNT_BAD_USAGE,
                 "not a size\n--memory-limit %s\ngive a number of bytes such as 500M or 4G", limit);
  out->mode = (nnt_data_mode)mode;
  out->io = (nnt_io)way;
  return status;
}

nnt_status take_shuffling(const options *parsed, nnt_shuffling *out, nnt_error *error) {
  static const char *const kinds[] = {[NNT_SHUFFLE_AUTO] = "auto",
                                      [NNT_SHUFFLE_FULL] = "full",
                                      [NNT_SHUFFLE_WINDOWED] = "windowed",
                                      [NNT_SHUFFLE_NONE] = "none",
                                      NULL};
  int kind = 0;
  *out = (nnt_shuffling){.kind = NNT_SHUFFLE_AUTO};
  nnt_status status = options_choice(parsed, "shuffle", kinds, &kind, error);
  out->kind = (nnt_shuffle)kind;
  if (status == NNT_OK && options_given(parsed, "shuffle-block"))
    status = options_int(parsed, "shuffle-block", 1, INT32_MAX, &out->block, error);
  if (status == NNT_OK && options_given(parsed, "shuffle-window"))
    status = options_int(parsed, "shuffle-window", 1, INT64_MAX, &out->window, error);
  if (status == NNT_OK && out->kind == NNT_SHUFFLE_FULL && (out->block > 0 || out->window > 0))
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "conflicting options\n--shuffle full with --shuffle-%s\n"
                      "a full shuffle has no blocks: use --shuffle windowed",
                      out->block > 0 ? "block" : "window");
  return status;
}

/* "2/5": fold 2 of 5. */
static nnt_status take_fold(const options *parsed, nnt_selection *out, nnt_error *error) {
  const char *text = options_text(parsed, "fold");
  char fold[24];
  const char *slash = strchr(text, '/');
  size_t length = slash != NULL ? (size_t)(slash - text) : 0;
  bool good = slash != NULL && length < sizeof fold;
  if (good) {
    (void)snprintf(fold, sizeof fold, "%.*s", (int)length, text);
    good = parse_int(fold, &out->fold) && parse_int(slash + 1, &out->folds) && out->folds >= 2 &&
           out->folds <= 1000000 && out->fold >= 1 && out->fold <= out->folds;
  }
  if (good) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "not a fold\n--fold %s\ngive K/N, fold K of N, such as 1/5 to 5/5", text);
}

static nnt_status take_part(const options *parsed, nnt_selection *out, nnt_error *error) {
  static const char *const parts[] = {[NNT_PART_ALL] = "all",
                                      [NNT_PART_TRAIN] = "train",
                                      [NNT_PART_VALIDATION] = "validation",
                                      NULL};
  bool split = out->folds > 0 || out->split > 0.0;
  int part = NNT_PART_ALL;
  out->part = split ? NNT_PART_VALIDATION : NNT_PART_ALL;
  if (!options_given(parsed, "part")) return NNT_OK;
  nnt_status status = options_choice(parsed, "part", parts, &part, error);
  out->part = (nnt_part)part;
  if (status != NNT_OK || split || part == NNT_PART_ALL) return status;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "this data set is not split\n--part %s\ngive --split or --fold too", parts[part]);
}

nnt_status take_selection(const options *parsed, bool with_part, nnt_selection *out,
                          nnt_error *error) {
  nnt_status status = NNT_OK;
  *out = (nnt_selection){.stratify = options_flag(parsed, "stratify")};
  if (options_given(parsed, "limit"))
    status = options_int(parsed, "limit", 1, INT64_MAX, &out->limit, error);
  if (status == NNT_OK && options_given(parsed, "split")) {
    status = options_real(parsed, "split", 0.0, 1.0, &out->split, error);
    if (status == NNT_OK && !(out->split > 0.0 && out->split < 1.0))
      status = nnt_fail(error, NNT_BAD_USAGE,
                        "not a fraction of the samples\n--split %s\ngive the fraction to train on, "
                        "such as 0.9",
                        options_text(parsed, "split"));
  }
  if (status == NNT_OK && options_given(parsed, "fold")) status = take_fold(parsed, out, error);
  if (status == NNT_OK && out->split > 0.0 && out->folds > 0)
    status =
        nnt_fail(error, NNT_BAD_USAGE, "conflicting options\n--split with --fold\nuse one of them");
  if (status == NNT_OK && out->stratify && out->limit == 0 && out->split <= 0.0 && out->folds == 0)
    status = nnt_fail(error, NNT_BAD_USAGE,
                      "nothing to stratify\n--stratify\ngive --split, --fold or --limit "
                      "too");
  return status == NNT_OK && with_part ? take_part(parsed, out, error) : status;
}

nnt_status take_runs(const options *parsed, const char *verb, const char **runs, int *count,
                     nnt_error *error) {
  *count = options_positional_count(parsed);
  for (int i = 0; i < *count; ++i) runs[i] = options_positional(parsed, i);
  if (*count > 0) return NNT_OK;
  return nnt_fail(error, NNT_BAD_USAGE,
                  "no run is given\nnntrain %s\nname --output directories of 'nntrain train'",
                  verb);
}
