/* Display width of text in tables: names of classes, files and runs may be in any script. Local. */
#ifndef NNTRAIN_TEXT_H
#define NNTRAIN_TEXT_H

#include <nntrain/status.h>
#include <stddef.h>

/* Terminal columns of a UTF-8 text; invalid bytes count as one each. */
NNT_API int nnt_text_width(const char *text);

/* Bytes of the longest prefix of whole characters that fits into `width` columns. */
NNT_API size_t nnt_text_fit(const char *text, int width);

#endif
