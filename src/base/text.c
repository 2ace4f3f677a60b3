/* Terminal width of UTF-8 text. */
#include <nntrain/text.h>

#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

/* The character at `text`: its bytes and its columns. */
static size_t next_of(const char *text, int *columns) {
  mbstate_t state;
  wchar_t character = 0;
  memset(&state, 0, sizeof state);
  size_t bytes = mbrtowc(&character, text, strlen(text), &state);
  bool good = bytes > 0 && bytes <= MB_LEN_MAX;
  int width = good ? wcwidth(character) : 1;
  *columns = width >= 0 ? width : 1;
  return good ? bytes : 1;
}

/* The columns and bytes of the characters that fit into `most` columns. */
static int measure(const char *text, int most, size_t *bytes) {
  locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
  int sum = 0;
  *bytes = 0;
  while (text[*bytes] != '\0') {
    int columns = 0;
    size_t length = next_of(text + *bytes, &columns);
    if (columns > most - sum) break;
    sum += columns;
    *bytes += length;
  }
  if (utf8 != (locale_t)0) {
    (void)uselocale(before);
    freelocale(utf8);
  }
  return sum;
}

int nnt_text_width(const char *text) {
  size_t bytes = 0;
  return measure(text, INT_MAX, &bytes);
}

size_t nnt_text_fit(const char *text, int width) {
  size_t bytes = 0;
  (void)measure(text, width, &bytes);
  return bytes;
}
