/* What was probably meant by a mistyped word. */
#ifndef NNT_CLI_NEAREST_WORD_H
#define NNT_CLI_NEAREST_WORD_H

/* The word of `candidates` (NULL-terminated) that is nearest to `word` by Levenshtein's distance,
 * or NULL when none is near. */
const char *nearest_word(const char *word, const char *const *candidates);

#endif
