/* The C locale's numbers, for one thread and a while. */
#include "io/plain_numbers.h"

nnt_plain_numbers nnt_plain_numbers_begin(void) {
  nnt_plain_numbers state = {.plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0)};
  if (state.plain != (locale_t)0) state.before = uselocale(state.plain);
  return state;
}

void nnt_plain_numbers_end(nnt_plain_numbers *state) {
  if (state->plain == (locale_t)0) return;
  (void)uselocale(state->before);
  freelocale(state->plain);
}
