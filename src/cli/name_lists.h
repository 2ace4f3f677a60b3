/* Lists of what the library knows, for texts of help: a new activation is listed without being
 * typed again. */
#ifndef NNT_CLI_NAME_LISTS_H
#define NNT_CLI_NAME_LISTS_H

#include <stddef.h>

/* Bytes of a text with its lists, at most. */
#define NAME_LISTS_SIZE 1024

/* Copies `text` to `out`, of NAME_LISTS_SIZE bytes, with lists in place of
 *   {activations}, {initializers}, {losses}, {normalizations}, {optimizers}, {schedules} and
 *   {workloads}: their names, "sigmoid, tanh, relu"
 *   {takers of OPTION}: the optimisers that have this option
 *   {defaults of OPTION}: its defaults, "0.9 (sgd, lars), 0 (rmsprop)" */
void name_lists_expand(const char *text, char *out);

#endif
