/* The table of formats and nnt_convert, as a program in C uses them. */
#include <nntrain/convert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs those above. */
#include <cmocka.h>

static void write_text(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

/* --- the table --- */

static void test_rows(void **state) {
  (void)state;
  int count = 0;
  for (const nnt_convert_format *format = NULL; (format = nnt_convert_format_at(count)) != NULL;
       ++count) {
    assert_true(format->files == 1 || format->files == 2);
    assert_true(format->title[0] != '\0' && format->help[0] != '\0');
    assert_true(strlen(format->help) <= 94);
    for (int i = 0; i < count; ++i)
      assert_string_not_equal(nnt_convert_format_at(i)->name, format->name);
  }
  assert_true(count >= 5);
  assert_null(nnt_convert_format_at(-1));
  assert_null(nnt_convert_format_at(count + 1));
}

static void test_takes(void **state) {
  (void)state;
  const nnt_convert_format format = {.options = "--target --x-name --label"};
  const char *taken[] = {"target", "x-name", "label"};
  const char *other[] = {"", "targe", "targets", "x", "name", "--label", "labe", "target --x-name"};
  for (size_t i = 0; i < sizeof taken / sizeof *taken; ++i)
    assert_true(nnt_convert_format_takes(&format, taken[i]));
  for (size_t i = 0; i < sizeof other / sizeof *other; ++i)
    assert_false(nnt_convert_format_takes(&format, other[i]));
}

static void test_recognise(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *name;
  } cases[] = {{"", "csv"},         {"1,2,3\n", "csv"},    {"\x93NUMPY", "npy"},
               {"\x93NUMP", "csv"}, {"PK\3\4", "npz"},     {"PK\5\6", "npz"},
               {"PK\3", "csv"},     {"1 2:3\n", "libsvm"}, {"# two lines\n1 2:3\n", "libsvm"}};
  const nnt_convert_format *format = NULL;
  nnt_error error;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    write_text("input", cases[i].bytes);
    assert_int_equal(nnt_convert_recognise("input", &format, &error), NNT_OK);
    assert_string_equal(format->name, cases[i].name);
  }
  assert_int_equal(nnt_convert_recognise("none", &format, &error), NNT_BAD_INPUT);
  assert_null(format);
}

/* --- converting --- */

static void test_convert(void **state) {
  (void)state;
  static const char *const names[] = {NULL, "auto", "csv"};
  nnt_convert_options options = {.input = "input", .output = {.path = "out.h5", .force = true}};
  nnt_convert_result result;
  nnt_error error;
  write_text("input", "1,2,0\n3,4,1\n5,6,2\n");
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    options.format = names[i];
    assert_int_equal(nnt_convert(&options, &result, &error), NNT_OK);
    assert_int_equal(result.samples, 3);
    assert_int_equal(result.features, 2);
    assert_int_equal(result.classes, 3);
    assert_int_equal(result.targets, 0);
    assert_string_equal(result.type, "float32");
  }
}

static void refuse(const nnt_convert_options *options, const char *what) {
  nnt_convert_result result;
  nnt_error error;
  assert_int_equal(nnt_convert(options, &result, &error), NNT_BAD_USAGE);
  assert_non_null(strstr(error.what, what));
  assert_int_equal(result.samples, 0);
}

static void test_refused(void **state) {
  (void)state;
  nnt_convert_output output = {.path = "refused.h5"};
  write_text("input", "1,2,0\n3,4,1\n");
  refuse(&(nnt_convert_options){.output = output}, "no input file");
  refuse(&(nnt_convert_options){.input = "input"}, "an option is missing");
  refuse(&(nnt_convert_options){.input = "input", .format = "png", .output = output},
         "unknown format");
  refuse(&(nnt_convert_options){.input = "input", .labels = "input", .output = output},
         "more than one CSV file");
  refuse(&(nnt_convert_options){.input = "input", .format = "idx", .output = output},
         "the file of labels is missing");
  refuse(&(nnt_convert_options){.input = "input", .features = 2, .output = output},
         "--features is only for LIBSVM files");
  refuse(
      &(nnt_convert_options){
          .input = "input", .format = "npz", .target = "label", .output = output},
      "--target is only for LIBSVM and CSV files");
  assert_null(fopen("refused.h5", "r"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows), cmocka_unit_test(test_takes), cmocka_unit_test(test_recognise),
      cmocka_unit_test(test_convert), cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
