/* Scores of a classification, as a table and as JSON. */
#ifndef NNT_CLI_SCORE_PRINT_H
#define NNT_CLI_SCORE_PRINT_H

#include <nntrain/scores.h>
#include <stdio.h>

/* A table of the classes, averages and, unless it is too wide, the confusion matrix. */
void score_print_table(FILE *stream, const nnt_scores *scores);
/* Members of a JSON object that has some already: each begins with ", ". What is not a number is
 * omitted, or null in a list. */
void score_print_json(FILE *stream, const nnt_scores *scores);

#endif
