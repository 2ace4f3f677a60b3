/* The C locale's number format, for one thread, until it is restored. */
#include "base/c_locale.h"

nnt_c_locale nnt_c_locale_begin(void) {
  nnt_c_locale state = {.plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0)};
  if (state.plain != (locale_t)0) state.before = uselocale(state.plain);
  return state;
}

void nnt_c_locale_end(nnt_c_locale *state) {
  if (state->plain == (locale_t)0) return;
  (void)uselocale(state->before);
  freelocale(state->plain);
}
