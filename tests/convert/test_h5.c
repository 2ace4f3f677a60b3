/* HDF5 files: rows, types, attributes, images, and what is refused. */
#include <nntrain/version.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
/* cmocka needs those above. */
#include <cmocka.h>

#include "base/memory.h"
#include "hdf5/h5.h"
#include "io/atomic_file.h"

#define PATH "test_h5.h5"

static nnt_error error;

#define assert_ok(call) assert_int_equal((call), NNT_OK)

/* The call fails with this status; all three parts of the message are there. */
#define assert_fails(call, code, words)           \
  do {                                            \
    memset(&error, 0, sizeof error);              \
    assert_int_equal((call), (code));             \
    assert_int_equal(error.status, (code));       \
    assert_non_null(strstr(error.what, (words))); \
    assert_true(strlen(error.where) > 0);         \
    assert_true(strlen(error.remedy) > 0);        \
  } while (0)

static nnt_h5 *create(void) {
  nnt_h5 *file = NULL;
  assert_ok(nnt_h5_create(PATH, &file, &error));
  return file;
}

static nnt_h5 *reopen(nnt_h5 *file) {
  assert_ok(nnt_h5_close(&file, &error));
  assert_null(file);
  assert_ok(nnt_h5_open(PATH, &file, &error));
  assert_string_equal(nnt_h5_name(file), PATH);
  return file;
}

static void test_types(void **state) {
  static const struct {
    nnt_h5_type type;
    nnt_h5_class kind;
    bool is_signed;
    size_t bytes;
  } cases[] = {{NNT_H5_U8, NNT_H5_INTEGER, false, 1},  {NNT_H5_I8, NNT_H5_INTEGER, true, 1},
               {NNT_H5_U16, NNT_H5_INTEGER, false, 2}, {NNT_H5_I16, NNT_H5_INTEGER, true, 2},
               {NNT_H5_I32, NNT_H5_INTEGER, true, 4},  {NNT_H5_I64, NNT_H5_INTEGER, true, 8},
               {NNT_H5_U64, NNT_H5_INTEGER, false, 8}, {NNT_H5_F32, NNT_H5_FLOAT, true, 4},
               {NNT_H5_F64, NNT_H5_FLOAT, true, 8}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    const int64_t dims[] = {2, 3};
    const double zeros[6] = {0};
    double back[6];
    nnt_h5_dataset shape;
    nnt_h5 *file = create();
    assert_ok(nnt_h5_write(file, "/a/b/x", cases[i].type, 2, dims, zeros, &error));
    file = reopen(file);
    assert_ok(nnt_h5_describe(file, "/a/b/x", &shape, &error));
    assert_int_equal(shape.kind, cases[i].kind);
    assert_int_equal(shape.is_signed, cases[i].is_signed);
    assert_int_equal(shape.element_bytes, cases[i].bytes);
    assert_int_equal(shape.rank, 2);
    assert_int_equal(shape.dims[0], 2);
    assert_int_equal(shape.dims[1], 3);
    assert_int_equal(shape.chunk_rows, 0);
    assert_ok(nnt_h5_read_rows(file, "/a/b/x", 0, 2, NNT_H5_F64, back, &error));
    assert_memory_equal(back, zeros, sizeof back);
    nnt_h5_destroy(&file);
  }
}

static void test_rows_are_converted(void **state) {
  const uint8_t stored[4][2] = {{0, 1}, {2, 3}, {254, 255}, {6, 7}};
  const int64_t dims[] = {4, 2};
  float back[4];
  (void)state;
  nnt_h5 *file = create();
  assert_ok(nnt_h5_write(file, "x", NNT_H5_U8, 2, dims, stored, &error));
  file = reopen(file);
  assert_ok(nnt_h5_read_rows(file, "x", 1, 2, NNT_H5_F32, back, &error));
  assert_true(back[0] == 2.0F && back[1] == 3.0F && back[2] == 254.0F && back[3] == 255.0F);
  assert_ok(nnt_h5_read_rows(file, "x", 4, 0, NNT_H5_F32, back, &error));
  assert_fails(nnt_h5_read_rows(file, "x", 3, 2, NNT_H5_F32, back, &error), NNT_BAD_INPUT,
               "too few rows");
  assert_fails(nnt_h5_read_rows(file, "x", -1, 1, NNT_H5_F32, back, &error), NNT_BAD_INPUT,
               "too few rows");
  assert_fails(nnt_h5_read_rows(file, "z", 0, 1, NNT_H5_F32, back, &error), NNT_BAD_INPUT,
               "no such dataset");
  nnt_h5_destroy(&file);
}

static void test_growing(void **state) {
  enum { ROWS = 1000, COLUMNS = 3, BLOCK = 70 };
  static int32_t values[ROWS][COLUMNS], back[ROWS][COLUMNS];
  const int64_t dims[] = {99, COLUMNS};
  const int32_t other[COLUMNS] = {-1, -2, -3};
  nnt_h5_dataset shape;
  (void)state;
  for (int i = 0; i < ROWS * COLUMNS; ++i) values[i / COLUMNS][i % COLUMNS] = i;
  for (int level = 0; level <= 9; level += 9) {
    nnt_h5 *file = create();
    assert_ok(nnt_h5_make_growing(file, "/g/x", NNT_H5_I32, 2, dims, 64, level, &error));
    for (int first = 0; first < ROWS; first += BLOCK) {
      int count = ROWS - first < BLOCK ? ROWS - first : BLOCK;
      assert_ok(nnt_h5_write_rows(file, "/g/x", first, count, NNT_H5_I32, values[first], &error));
    }
    assert_ok(nnt_h5_write_rows(file, "/g/x", 5, 1, NNT_H5_I32, other, &error));
    file = reopen(file);
    assert_ok(nnt_h5_describe(file, "/g/x", &shape, &error));
    assert_int_equal(shape.dims[0], ROWS);
    assert_int_equal(shape.chunk_rows, 64);
    assert_ok(nnt_h5_read_rows(file, "/g/x", 0, ROWS, NNT_H5_I32, back, &error));
    assert_memory_equal(back[5], other, sizeof other);
    memcpy(back[5], values[5], sizeof back[5]);
    assert_memory_equal(back, values, sizeof values);
    nnt_h5_destroy(&file);
  }
}

/* More datasets than stay open at a time. */
static void test_many_datasets(void **state) {
  const int64_t one = 1;
  (void)state;
  nnt_h5 *file = create();
  for (int64_t i = 0; i < 20; ++i) {
    char path[32];
    (void)snprintf(path, sizeof path, "/d%d", (int)i);
    assert_ok(nnt_h5_write(file, path, NNT_H5_I64, 1, &one, &i, &error));
  }
  file = reopen(file);
  for (int64_t i = 0; i < 60; ++i) {
    char path[32];
    int64_t back = -1;
    (void)snprintf(path, sizeof path, "/d%d", (int)(i % 20));
    assert_ok(nnt_h5_read_rows(file, path, 0, 1, NNT_H5_I64, &back, &error));
    assert_int_equal(back, i % 20);
  }
  nnt_h5_destroy(&file);
}

static void test_numbers_as_attributes(void **state) {
  int64_t integer = 0;
  double real = 0.0;
  (void)state;
  nnt_h5 *file = create();
  assert_ok(nnt_h5_make_group(file, "/a/b", &error));
  assert_ok(nnt_h5_make_group(file, "/a/b/c/", &error));
  assert_ok(nnt_h5_set_int(file, "/a/b", "n", 1, &error));
  assert_ok(nnt_h5_set_int(file, "/a/b", "n", INT64_MIN, &error));
  assert_ok(nnt_h5_set_real(file, "/", "r", 0.1, &error));
  file = reopen(file);
  assert_ok(nnt_h5_get_int(file, "/a/b", "n", &integer, &error));
  assert_true(integer == INT64_MIN);
  assert_ok(nnt_h5_get_real(file, "/", "r", &real, &error));
  assert_true(real == 0.1);
  assert_true(nnt_h5_has_attribute(file, "/", "r"));
  assert_false(nnt_h5_has_attribute(file, "/", "n"));
  assert_false(nnt_h5_has_attribute(file, "/none", "n"));
  assert_fails(nnt_h5_get_int(file, "/", "r", &integer, &error), NNT_BAD_INPUT,
               "not a single integer");
  assert_fails(nnt_h5_get_int(file, "/", "none", &integer, &error), NNT_BAD_INPUT,
               "no such attribute");
  nnt_h5_destroy(&file);
}

static void test_texts_as_attributes(void **state) {
  char first[] = "T-shirt", second[] = "", third[] = "\xC3\xBC";
  char *names[] = {first, second, third};
  char **back = NULL;
  char *text = NULL;
  int64_t count = 0;
  (void)state;
  nnt_h5 *file = create();
  assert_ok(nnt_h5_set_strings(file, "/", "class_names", names, 3, &error));
  assert_ok(nnt_h5_set_strings(file, "/", "none", names, 0, &error));
  assert_ok(nnt_h5_set_string(file, "/", "format", "nntrain", &error));
  file = reopen(file);
  assert_ok(nnt_h5_get_strings(file, "/", "class_names", &back, &count, &error));
  assert_int_equal(count, 3);
  for (int i = 0; i < 3; ++i) assert_string_equal(back[i], names[i]);
  free(back);
  assert_ok(nnt_h5_get_strings(file, "/", "none", &back, &count, &error));
  assert_int_equal(count, 0);
  free(back);
  assert_ok(nnt_h5_get_string(file, "/", "format", &text, &error));
  assert_string_equal(text, "nntrain");
  free(text);
  assert_fails(nnt_h5_get_string(file, "/", "class_names", &text, &error), NNT_BAD_INPUT,
               "not a single string");
  nnt_h5_destroy(&file);
}

/* More than the 64 KiB that an attribute may have in the oldest format. */
static void test_many_class_names(void **state) {
  enum { COUNT = 20000 };
  static char text[COUNT][24];
  static char *names[COUNT];
  char **back = NULL;
  int64_t count = 0;
  void *bytes = NULL;
  size_t size = 0;
  (void)state;
  for (int i = 0; i < COUNT; ++i) {
    (void)snprintf(text[i], sizeof text[i], "class %d", i);
    names[i] = text[i];
  }
  nnt_h5 *file = NULL;
  assert_ok(nnt_h5_create_image("names", 512, &file, &error));
  assert_ok(nnt_h5_make_group(file, "/model", &error));
  assert_ok(nnt_h5_set_strings(file, "/model", "class_names", names, COUNT, &error));
  assert_ok(nnt_h5_image(file, &bytes, &size, &error));
  nnt_h5_destroy(&file);
  assert_ok(nnt_h5_open_image("names", bytes, size, &file, &error));
  assert_ok(nnt_h5_get_strings(file, "/model", "class_names", &back, &count, &error));
  assert_int_equal(count, COUNT);
  for (int i = 0; i < COUNT; ++i) assert_string_equal(back[i], names[i]);
  free(back);
  nnt_h5_destroy(&file);
  nnt_memory_free(&bytes);
  file = create();
  assert_ok(nnt_h5_set_strings(file, "/", "class_names", names, COUNT, &error));
  file = reopen(file);
  assert_ok(nnt_h5_get_strings(file, "/", "class_names", &back, &count, &error));
  assert_int_equal(count, COUNT);
  free(back);
  nnt_h5_destroy(&file);
}

static void make_image(size_t user_block, int64_t value, void **bytes, size_t *size) {
  const int64_t one = 1;
  nnt_h5 *file = NULL;
  assert_ok(nnt_h5_create_image("image", user_block, &file, &error));
  assert_ok(nnt_h5_write(file, "/g/x", NNT_H5_I64, 1, &one, &value, &error));
  assert_ok(nnt_h5_set_string(file, "/g", "text", "as it is", &error));
  assert_ok(nnt_h5_image(file, bytes, size, &error));
  nnt_h5_destroy(&file);
  assert_int_not_equal(access("image", F_OK), 0);
}

static int64_t value_in(nnt_h5 *file) {
  int64_t value = -1;
  assert_ok(nnt_h5_read_rows(file, "/g/x", 0, 1, NNT_H5_I64, &value, &error));
  return value;
}

static void test_images(void **state) {
  static const size_t user_blocks[] = {0, 512, 4096};
  (void)state;
  for (size_t i = 0; i < sizeof user_blocks / sizeof user_blocks[0]; ++i) {
    void *a = NULL, *b = NULL, *again = NULL;
    size_t size_a = 0, size_b = 0, size_again = 0;
    nnt_h5 *file_a = NULL, *file_b = NULL;
    make_image(user_blocks[i], 7, &a, &size_a);
    make_image(user_blocks[i], 8, &b, &size_b);
    if (i == 0) nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    make_image(user_blocks[i], 7, &again, &size_again); /* at another second: no time is in it */
    assert_int_equal(size_a, size_again);
    assert_memory_equal(a, again, size_a);
    memset(a, 'u', user_blocks[i]);
    assert_ok(nnt_h5_open_image("same", a, size_a, &file_a, &error));
    assert_ok(nnt_h5_open_image("same", b, size_b, &file_b, &error));
    assert_int_equal(value_in(file_a), 7);
    assert_int_equal(value_in(file_b), 8);
    nnt_h5_destroy(&file_a);
    nnt_h5_destroy(&file_b);
    assert_ok(nnt_atomic_write(PATH, a, size_a, &error));
    assert_ok(nnt_h5_open(PATH, &file_a, &error));
    assert_int_equal(value_in(file_a), 7);
    nnt_h5_destroy(&file_a);
    assert_fails(nnt_h5_open_image("cut", a, size_a - 300, &file_a, &error), NNT_BAD_INPUT,
                 "truncated or damaged");
    assert_null(file_a);
    nnt_memory_free(&a);
    nnt_memory_free(&b);
    nnt_memory_free(&again);
  }
}

struct visited {
  char text[256];
};

static nnt_status visit(void *context, const char *path, const nnt_h5_dataset *dataset,
                        nnt_error *record) {
  struct visited *visited = context;
  size_t used = strlen(visited->text);
  (void)snprintf(visited->text + used, sizeof visited->text - used, "%s:%d ", path,
                 (int)dataset->dims[0]);
  if (strcmp(path, "/stop") == 0)
    return nnt_fail(record, NNT_BAD_INPUT, "stopped here\nin the test\nnone");
  return NNT_OK;
}

static void test_visit_and_remove(void **state) {
  const int64_t two = 2;
  const float data[2] = {0};
  struct visited visited = {""};
  (void)state;
  nnt_h5 *file = create();
  assert_ok(nnt_h5_write(file, "/b", NNT_H5_F32, 1, &two, data, &error));
  assert_ok(nnt_h5_write(file, "/train/y", NNT_H5_F32, 1, &two, data, &error));
  assert_ok(nnt_h5_write(file, "/train/x", NNT_H5_F32, 1, &two, data, &error));
  assert_ok(nnt_h5_write(file, "/a/b/c", NNT_H5_F32, 1, &two, data, &error));
  assert_true(nnt_h5_exists(file, "/"));
  assert_true(nnt_h5_exists(file, "/a/b"));
  assert_false(nnt_h5_exists(file, "/a/none/c"));
  assert_true(nnt_h5_is_dataset(file, "/a/b/c"));
  assert_false(nnt_h5_is_dataset(file, "/a/b"));
  assert_ok(nnt_h5_visit(file, "/", visit, &visited, &error));
  assert_string_equal(visited.text, "/a/b/c:2 /b:2 /train/x:2 /train/y:2 ");
  visited.text[0] = '\0';
  assert_ok(nnt_h5_visit(file, "/train", visit, &visited, &error));
  assert_string_equal(visited.text, "/train/x:2 /train/y:2 ");
  assert_fails(nnt_h5_make_group(file, "/b/c", &error), NNT_BAD_INPUT, "a dataset in place");
  assert_ok(nnt_h5_close(&file, &error));
  assert_ok(nnt_h5_open_update(PATH, &file, &error));
  assert_ok(nnt_h5_remove(file, "/train", &error));
  assert_ok(nnt_h5_remove(file, "/none", &error));
  assert_ok(nnt_h5_write(file, "/stop", NNT_H5_F32, 1, &two, data, &error));
  assert_fails(nnt_h5_visit(file, "/", visit, &visited, &error), NNT_BAD_INPUT, "stopped here");
  file = reopen(file);
  assert_false(nnt_h5_exists(file, "/train"));
  assert_true(nnt_h5_exists(file, "/stop"));
  nnt_h5_destroy(&file);
}

static void test_wrong_files(void **state) {
  static const char text[] = "this is no HDF5 file";
  nnt_h5 *file = NULL;
  void *bytes = NULL;
  size_t size = 0;
  (void)state;
  assert_fails(nnt_h5_open("none.h5", &file, &error), NNT_BAD_INPUT, "no such file");
  assert_non_null(strstr(error.where, "none.h5"));
  assert_non_null(strstr(error.remedy, "check the path"));
  assert_fails(nnt_h5_open(".", &file, &error), NNT_BAD_INPUT, "not a regular file");
  assert_ok(nnt_atomic_write(PATH, "", 0, &error));
  assert_fails(nnt_h5_open(PATH, &file, &error), NNT_BAD_INPUT, "empty");
  assert_ok(nnt_atomic_write(PATH, text, sizeof text, &error));
  assert_fails(nnt_h5_open(PATH, &file, &error), NNT_BAD_INPUT, "not an HDF5 file");
  assert_non_null(strstr(error.remedy, "nntrain convert"));
  assert_fails(nnt_h5_create("none/file.h5", &file, &error), NNT_IO_ERROR, "cannot create");
  assert_null(file);
  make_image(0, 3, &bytes, &size);
  assert_ok(nnt_atomic_write(PATH, bytes, size / 2, &error));
  nnt_memory_free(&bytes);
  assert_fails(nnt_h5_open(PATH, &file, &error), NNT_BAD_INPUT, "truncated or damaged");
  assert_non_null(strstr(error.where, "HDF5 says"));
  if (geteuid() != 0) {
    assert_int_equal(chmod(PATH, 0), 0);
    assert_fails(nnt_h5_open(PATH, &file, &error), NNT_BAD_INPUT, "no permission");
  }
  nnt_h5_destroy(&file);
}

static void test_version(void **state) {
  (void)state;
  assert_non_null(strstr(nnt_hdf5_version(), "1."));
}

static int remove_file(void **state) {
  (void)state;
  (void)unlink(PATH);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_rows_are_converted),
      cmocka_unit_test(test_growing),
      cmocka_unit_test(test_many_datasets),
      cmocka_unit_test(test_numbers_as_attributes),
      cmocka_unit_test(test_texts_as_attributes),
      cmocka_unit_test(test_many_class_names),
      cmocka_unit_test(test_images),
      cmocka_unit_test(test_visit_and_remove),
      cmocka_unit_test(test_wrong_files),
      cmocka_unit_test(test_version),
  };
  return cmocka_run_group_tests(tests, NULL, remove_file);
}
