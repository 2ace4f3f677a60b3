/* Sets of CPUs as Linux writes them, and this machine's. */
#include "base/cpus.h"

#include <string.h>

#include "unit.h"

static void there_and_back(void **state) {
  (void)state;
  static const struct {
    const char *text, *same;
    int count;
  } cases[] = {{"0", "0", 1},           {"0-3", "0-3", 4},
               {"1,3,5", "1,3,5", 3},   {"0-3,8\n", "0-3,8", 5},
               {"7,0,1,2", "0-2,7", 4}, {"62-65", "62-65", 4},
               {"2047", "2047", 1},     {"2046-5000", "2046-2047", 2}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    nnt_cpus cpus;
    char text[64];
    assert_true(nnt_cpus_parse(cases[i].text, &cpus));
    assert_int_equal(nnt_cpus_count(&cpus), cases[i].count);
    nnt_cpus_text(&cpus, text, sizeof text);
    assert_string_equal(text, cases[i].same);
  }
}

static void nonsense(void **state) {
  (void)state;
  static const char *const texts[] = {"",    "\n",   "-",    "1-", "1-x",
                                      "all", "0,,1", "0-3,", "-1", "0 1"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    nnt_cpus cpus;
    assert_false(nnt_cpus_parse(texts[i], &cpus));
  }
}

/* Any size of text ends with whole ranges, or with the mark that there are more. */
static void short_text(void **state) {
  (void)state;
  nnt_cpus cpus = {{0}};
  char whole[256], text[256];
  for (int cpu = 0; cpu < 100; cpu += 3) nnt_cpus_add(&cpus, cpu);
  nnt_cpus_text(&cpus, whole, sizeof whole);
  for (size_t size = sizeof "0,..."; size < sizeof text; ++size) {
    memset(text, '#', sizeof text);
    nnt_cpus_text(&cpus, text, size);
    assert_true(strlen(text) < size);
    const char *more = strstr(text, ",...");
    assert_true(more != NULL || strcmp(text, whole) == 0);
    size_t kept = more != NULL ? (size_t)(more - text) : strlen(text);
    assert_memory_equal(text, whole, kept);
    assert_true(whole[kept] == ',' || whole[kept] == '\0');
  }
}

static void this_machine(void **state) {
  (void)state;
  nnt_cpus allowed, online, cores, again;
  nnt_cpus_allowed(&allowed);
  nnt_cpus_online(&online);
  nnt_cpus_cores(&allowed, &cores);
  nnt_cpus_cores(&cores, &again);
  assert_true(nnt_cpus_count(&allowed) >= 1);
  assert_in_range(nnt_cpus_count(&cores), 1, nnt_cpus_count(&allowed));
  assert_memory_equal(&again, &cores, sizeof cores);
  for (int cpu = 0; cpu < NNT_CPUS_MOST; ++cpu)
    assert_true(!nnt_cpus_has(&allowed, cpu) || nnt_cpus_has(&online, cpu));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(there_and_back),
      cmocka_unit_test(nonsense),
      cmocka_unit_test(short_text),
      cmocka_unit_test(this_machine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
