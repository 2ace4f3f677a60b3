/* Levenshtein's distance, by Wagner and Fischer's method with a single row. */
#include "cli/nearest_word.h"

#include <stddef.h>
#include <string.h>

static int smallest(int a, int b, int c) {
  int least = a < b ? a : b;
  return least < c ? least : c;
}

static int levenshtein(const char *a, const char *b) {
  enum { LONGEST = 63 };
  int row[LONGEST + 1];
  size_t length_a = strlen(a), length_b = strlen(b);
  if (length_a > LONGEST || length_b > LONGEST) return LONGEST;
  for (size_t j = 0; j <= length_b; ++j) row[j] = (int)j;
  for (size_t i = 1; i <= length_a; ++i) {
    int diagonal = row[0];
    row[0] = (int)i;
    for (size_t j = 1; j <= length_b; ++j) {
      int above = row[j];
      row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
      diagonal = above;
    }
  }
  return row[length_b];
}

const char *nearest_word(const char *word, const char *const *candidates) {
  const char *nearest = NULL;
  int limit = (int)strlen(word) / 2;
  int best = (limit < 4 ? limit : 4) + 1;
  for (int i = 0; candidates[i] != NULL; ++i) {
    int distance = levenshtein(word, candidates[i]);
    if (distance < best) {
      best = distance;
      nearest = candidates[i];
    }
  }
  return nearest;
}
