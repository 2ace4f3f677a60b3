/* Numbers with a decimal point: strtof and strtod obey the locale that the host program has set,
 * which may write 0,5. */
#ifndef NNT_BASE_C_LOCALE_H
#define NNT_BASE_C_LOCALE_H

#include <locale.h>

typedef struct nnt_c_locale {
  locale_t plain, before;
} nnt_c_locale;

/* For the calling thread, until nnt_c_locale_end. */
nnt_c_locale nnt_c_locale_begin(void);
void nnt_c_locale_end(nnt_c_locale *state);

#endif
