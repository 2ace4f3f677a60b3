/* The command line and the run file. */
#include "cli/options.h"

#include "cli/data_options.h"

#include "unit.h"

static const option_spec specs[] = {{"data", "FILE", NULL, "data"},
                                    {"batch-size", "N", "128", "samples"},
                                    {"learning-rate", "X", "0.1", "rate"},
                                    {"hidden", "N,N", NULL, "layers"},
                                    {"quiet", NULL, NULL, "flag"},
                                    {"config", "FILE", NULL, "run file"},
                                    {NULL, NULL, NULL, NULL}};
static nnt_error error;

/* The options borrow the words, so these outlive a call. */
static nnt_status parse(options **out, int count, const char *const *words) {
  static char texts[16][64];
  char *argv[16];
  for (int i = 0; i < count; ++i) {
    (void)snprintf(texts[i], sizeof texts[i], "%s", words[i]);
    argv[i] = texts[i];
  }
  return options_parse(specs, "train", 1, count, argv, out, &error);
}
#define PARSE(out, ...)                                                           \
  parse(out, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)), \
        (const char *[]){__VA_ARGS__})

static void takes_values_and_flags(void **state) {
  (void)state;
  options *o = NULL;
  int64_t batch = 0;
  double rate = 0.0;
  assert_int_equal(PARSE(&o, "--data", "a.h5", "--batch-size=64", "file", "--quiet"), NNT_OK);
  assert_string_equal(options_text(o, "data"), "a.h5");
  assert_int_equal(options_int(o, "batch-size", 1, 1000, &batch, &error), NNT_OK);
  assert_int_equal(batch, 64);
  assert_int_equal(options_real(o, "learning-rate", 0, 1, &rate, &error), NNT_OK);
  assert_true(rate == 0.1);
  assert_true(options_flag(o, "quiet"));
  assert_false(options_given(o, "hidden"));
  assert_int_equal(options_positional_count(o), 1);
  assert_string_equal(options_positional(o, 0), "file");
  options_destroy(&o);
}

static void refuses(void **state) {
  (void)state;
  options *o = NULL;
  assert_int_equal(PARSE(&o, "--batchsize", "3"), NNT_BAD_USAGE);
  assert_non_null(strstr(error.remedy, "--batch-size"));
  assert_int_equal(PARSE(&o, "--data"), NNT_BAD_USAGE);
  assert_int_equal(PARSE(&o, "--data", "--quiet"), NNT_BAD_USAGE);
  assert_int_equal(PARSE(&o, "--data="), NNT_BAD_USAGE);
  assert_int_equal(PARSE(&o, "--quiet=yes"), NNT_BAD_USAGE);
  assert_int_equal(PARSE(&o, "--data", "a", "--data", "b"), NNT_BAD_USAGE);
  assert_int_equal(PARSE(&o, "a", "b"), NNT_BAD_USAGE);
  assert_int_equal(PARSE(&o, "-q"), NNT_BAD_USAGE);
  assert_int_equal(PARSE(&o, "--zzzzzzzzzz", "1"), NNT_BAD_USAGE);
  assert_null(o);
}

static void checks_numbers(void **state) {
  (void)state;
  static const char *const wrong[] = {"0", "-1", "1001", "x", "1.5", "", "9999999999999999999",
                                      "1 "};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    options *o = NULL;
    int64_t value = 0;
    if (PARSE(&o, "--batch-size", wrong[i]) == NNT_OK) {
      assert_int_equal(options_int(o, "batch-size", 1, 1000, &value, &error), NNT_BAD_USAGE);
      assert_non_null(strstr(error.where, "--batch-size"));
    }
    options_destroy(&o);
  }
  double real = 0.0;
  assert_false(parse_real("nan", &real) || parse_real("inf", &real) || parse_real("1e999", &real));
  assert_true(parse_real("-2.5e-3", &real) && real == -2.5e-3);
}

static void reads_sizes(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t bytes;
  } good[] = {{"1", 1},
              {"4096", 4096},
              {"500M", INT64_C(500) << 20},
              {"4G", INT64_C(4) << 30},
              {"1.5k", 1536},
              {"2T", INT64_C(2) << 40},
              {"8GiB", INT64_C(8) << 30},
              {"64MB", INT64_C(64) << 20},
              {"100b", 100}};
  static const char *const wrong[] = {"",    "0",   "-1M",   "M",   "4X",
                                      "4 G", "4GG", "1e30T", "nan", "inf"};
  int64_t bytes = 0;
  for (size_t i = 0; i < sizeof good / sizeof *good; ++i) {
    assert_true(parse_size(good[i].text, &bytes));
    assert_int_equal(bytes, good[i].bytes);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i)
    assert_false(parse_size(wrong[i], &bytes));
}

static void splits_lists(void **state) {
  (void)state;
  options *o = NULL;
  char **words = NULL;
  int64_t count = 0;
  assert_int_equal(PARSE(&o, "--hidden", "512, 256,10"), NNT_OK);
  assert_int_equal(options_words(o, "hidden", 3, &words, &count, &error), NNT_OK);
  assert_int_equal(count, 3);
  assert_string_equal(words[1], "256");
  free(words);
  assert_int_equal(options_words(o, "hidden", 2, &words, &count, &error), NNT_BAD_USAGE);
  options_destroy(&o);
  assert_int_equal(PARSE(&o, "--hidden", "1,,2"), NNT_OK);
  assert_int_equal(options_words(o, "hidden", 9, &words, &count, &error), NNT_BAD_USAGE);
  options_destroy(&o);
}

static void write_run_file(const char *text) {
  FILE *file = fopen("run.ini", "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void reads_run_files(void **state) {
  (void)state;
  options *o = NULL;
  write_run_file("# a comment\nbatch-size = 32\nlearning-rate = 0.5 ; another\nquiet = true\n");
  assert_int_equal(PARSE(&o, "--config", "run.ini", "--batch-size", "8"), NNT_OK);
  assert_string_equal(options_text(o, "batch-size"), "8");
  assert_string_equal(options_text(o, "learning-rate"), "0.5");
  assert_true(options_flag(o, "quiet"));
  options_destroy(&o);
  static const char *const wrong[] = {"batchsize = 3\n",      "just words\n",
                                      "quiet = maybe\n",      "data =\n",
                                      "data = a\ndata = b\n", "[part]\ndata = a\n"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    write_run_file(wrong[i]);
    assert_int_equal(PARSE(&o, "--config", "run.ini"), NNT_BAD_USAGE);
    assert_non_null(strstr(error.where, "run.ini"));
  }
  assert_int_equal(PARSE(&o, "--config", "missing.ini"), NNT_BAD_USAGE);
  assert_int_equal(remove("run.ini"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_values_and_flags), cmocka_unit_test(refuses),
      cmocka_unit_test(checks_numbers),         cmocka_unit_test(reads_sizes),
      cmocka_unit_test(splits_lists),           cmocka_unit_test(reads_run_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
