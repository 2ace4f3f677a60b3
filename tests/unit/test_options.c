/* The command line, the run file, and the lists of names in help. */
#include <nntrain/methods.h>
#include <nntrain/model.h>

#include "cli/command_line.h"
#include "cli/data_options.h"
#include "cli/name_lists.h"
#include "cli/nearest_word.h"
#include "cli/run_file.h"

#include "unit.h"

static const option_spec specs[] = {
    {"data", "FILE", NULL, GROUP_DATA, "data"},
    {"batch-size", "N", "10", GROUP_TRAINING, "samples"},
    {"learning-rate", "X", "0.1", GROUP_TRAINING, "rate"},
    {"hidden", "N,N", NULL, GROUP_NETWORK, "layers"},
    {"loss", "NAME", "mse", GROUP_NETWORK | FIRST_SCREEN, "one of: {losses}"},
    {"order", "up|down", "up", GROUP_DATA, "choice"},
    {"quiet", NULL, NULL, GROUP_OUTPUT | CALL_ONLY, "flag"},
    {"config", "FILE", NULL, GROUP_RUNNING | CALL_ONLY, "run file"},
    {NULL, NULL, NULL, 0, NULL}};
static nnt_error error;

/* The options borrow the words, so these outlive a call. */
static nnt_status parse(options **out, int count, const char *const *words) {
  static char texts[16][64];
  char *argv[16];
  for (int i = 0; i < count; ++i) {
    (void)snprintf(texts[i], sizeof texts[i], "%s", words[i]);
    argv[i] = texts[i];
  }
  return command_line_parse(specs, "train", 1, count, argv, out, &error);
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

static void takes_choices(void **state) {
  (void)state;
  static const char *const orders[] = {"up", "down", NULL};
  options *o = NULL;
  int order = -1;
  assert_int_equal(PARSE(&o, "--quiet"), NNT_OK);
  assert_int_equal(options_choice(o, "order", orders, &order, &error), NNT_OK);
  assert_int_equal(order, 0);
  options_destroy(&o);
  assert_int_equal(PARSE(&o, "--order", "down"), NNT_OK);
  assert_int_equal(options_choice(o, "order", orders, &order, &error), NNT_OK);
  assert_int_equal(order, 1);
  options_destroy(&o);
  assert_int_equal(PARSE(&o, "--order", "sideways"), NNT_OK);
  assert_int_equal(options_choice(o, "order", orders, &order, &error), NNT_BAD_USAGE);
  assert_string_equal(error.where, "--order sideways");
  assert_non_null(strstr(error.remedy, "up, down"));
  options_destroy(&o);
}

static void lists_names(void **state) {
  (void)state;
  char text[NAME_LISTS_SIZE];
  name_lists_expand("plain {text}, {", text);
  assert_string_equal(text, "plain {text}, {");
  name_lists_expand("", text);
  assert_string_equal(text, "");
  char expected[NAME_LISTS_SIZE] = "a ";
  for (int i = 0; i < NNT_ACTIVATION_COUNT; ++i) {
    strcat(expected, i > 0 ? ", " : "");
    strcat(expected, nnt_activation_name((nnt_activation)i));
  }
  strcat(expected, "; ");
  for (int i = 0; i < NNT_LOSS_COUNT; ++i) {
    strcat(expected, i > 0 ? ", " : "");
    strcat(expected, nnt_loss_name((nnt_loss)i));
  }
  name_lists_expand("a {activations}; {losses}", text);
  assert_string_equal(text, expected);
}

/* Each optimiser once, behind its own default. */
static void lists_defaults(void **state) {
  (void)state;
  char rates[NAME_LISTS_SIZE], momenta[NAME_LISTS_SIZE], takers[NAME_LISTS_SIZE];
  name_lists_expand(", {defaults of learning-rate}", rates);
  name_lists_expand(", {defaults of momentum}", momenta);
  name_lists_expand(", {takers of betas},", takers);
  for (nnt_optimizer_kind kind = 0; kind < NNT_OPTIMIZER_COUNT; ++kind) {
    nnt_optimizer_settings settings;
    char value[32], name[40];
    nnt_optimizer_settings_default(kind, &settings);
    (void)snprintf(value, sizeof value, ", %g (", settings.learning_rate);
    const char *at = strstr(rates, value);
    assert_non_null(at);
    (void)snprintf(name, sizeof name, "%s", nnt_optimizer_name(kind));
    at = strstr(at, name);
    assert_true(at != NULL && strchr(",)", at[strlen(name)]) != NULL);
    bool momentum = (nnt_optimizer_takes(kind) & NNT_TAKES_MOMENTUM) != 0;
    assert_int_equal(strstr(momenta, name) != NULL, momentum);
    (void)snprintf(name, sizeof name, ", %s,", nnt_optimizer_name(kind));
    bool betas = (nnt_optimizer_takes(kind) & NNT_TAKES_BETAS) != 0;
    assert_int_equal(strstr(takers, name) != NULL, betas);
  }
}

static void finds_near_words(void **state) {
  (void)state;
  static const char *const words[] = {"train", "eval", "export", NULL};
  assert_string_equal(nearest_word("trian", words), "train");
  assert_string_equal(nearest_word("exprot", words), "export");
  assert_null(nearest_word("zzzzz", words));
  assert_null(nearest_word("", words));
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
  /* inih gets a long line in pieces; here the first one alone is the default. */
  for (int spaces = 150; spaces < 192; ++spaces) {
    char text[300];
    (void)snprintf(text, sizeof text, "batch-size =%*s1000\n", spaces, "");
    write_run_file(text);
    if (PARSE(&o, "--config", "run.ini") == NNT_OK)
      assert_string_equal(options_text(o, "batch-size"), "1000");
    else
      assert_non_null(strstr(error.where, "run.ini, line 1"));
    options_destroy(&o);
  }
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

static void writes_run_files(void **state) {
  (void)state;
  options *o = NULL;
  char *text = NULL;
  assert_int_equal(PARSE(&o, "--hidden", "8", "--data", "a ;b", "--quiet"), NNT_OK);
  assert_int_equal(run_file_write(o, "heading", &text, &error), NNT_OK);
  const char *data = strstr(text, "# --- data ---\n"),
             *network = strstr(text, "# --- network ---\n"),
             *training = strstr(text, "# --- training ---\n");
  assert_true(text == strstr(text, "# heading\n"));
  assert_true(data != NULL && network > data && training > network);
  assert_non_null(strstr(data, "give --data again\n\n# choice\norder = up\n\n# --- network"));
  assert_non_null(strstr(network, "hidden = 8\n"));
  assert_non_null(strstr(network, "# one of: cross-entropy, "));
  assert_non_null(strstr(network, "\nloss = mse\n"));
  assert_non_null(strstr(training, "learning-rate = 0.1\n"));
  assert_null(strstr(text, "quiet"));
  assert_null(strstr(text, "config"));
  free(text);
  options_destroy(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(takes_values_and_flags),
                                     cmocka_unit_test(refuses),
                                     cmocka_unit_test(checks_numbers),
                                     cmocka_unit_test(reads_sizes),
                                     cmocka_unit_test(splits_lists),
                                     cmocka_unit_test(takes_choices),
                                     cmocka_unit_test(lists_names),
                                     cmocka_unit_test(lists_defaults),
                                     cmocka_unit_test(finds_near_words),
                                     cmocka_unit_test(reads_run_files),
                                     cmocka_unit_test(writes_run_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
