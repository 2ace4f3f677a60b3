/* Numbers with a point: strtof and strtod follow the language that a host program has chosen,
 * which may write 0,5. */
#ifndef NNT_IO_PLAIN_NUMBERS_H
#define NNT_IO_PLAIN_NUMBERS_H

#include <locale.h>

typedef struct nnt_plain_numbers {
  locale_t plain, before;
} nnt_plain_numbers;

/* For the calling thread, until nnt_plain_numbers_end. */
nnt_plain_numbers nnt_plain_numbers_begin(void);
void nnt_plain_numbers_end(nnt_plain_numbers *state);

#endif
