/* Texts in tables: names of classes, files and runs may be in any script. Local. */
#ifndef NNTRAIN_TEXT_H
#define NNTRAIN_TEXT_H

#include <nntrain/status.h>
#include <stddef.h>

/* Columns of a terminal that a text in UTF-8 takes; a byte that is none of it takes one. */
NNT_API int nnt_text_width(const char *text);

/* Bytes of as many whole characters at its beginning as fit into `width` columns. */
NNT_API size_t nnt_text_fit(const char *text, int width);

#endif
