/* Files that are whole or not there. Runs in a folder of its own, which is empty at the end. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka needs those above. */
#include <cmocka.h>

#include "base/memory.h"
#include "io/atomic_file.h"

static nnt_error error;

#define assert_ok(call) assert_int_equal((call), NNT_OK)

#define assert_io_error(call, words)               \
  do {                                             \
    memset(&error, 0, sizeof error);               \
    assert_int_equal((call), NNT_IO_ERROR);        \
    assert_int_equal(error.status, NNT_IO_ERROR);  \
    assert_non_null(strstr(error.where, (words))); \
    assert_true(strlen(error.what) > 0);           \
    assert_true(strlen(error.remedy) > 0);         \
  } while (0)

static int count_entries(const char *folder) {
  int count = 0;
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  while (readdir(entries) != NULL) ++count;
  (void)closedir(entries);
  return count - 2;
}

static void assert_holds(const char *path, const char *text) {
  void *bytes = NULL;
  size_t size = 0;
  assert_ok(nnt_file_read_all(path, &bytes, &size, &error));
  assert_int_equal(size, strlen(text));
  assert_memory_equal(bytes, text, size);
  nnt_memory_free(&bytes);
}

static void put(const char *path, const char *text) {
  assert_ok(nnt_atomic_write(path, text, strlen(text), &error));
}

static void test_write_and_replace(void **state) {
  (void)state;
  put("file", "first");
  assert_holds("file", "first");
  put("file", "");
  assert_holds("file", "");
  put("./file", "third");
  assert_holds("file", "third");
  assert_int_equal(count_entries("."), 1);
}

static void test_large(void **state) {
  enum { SIZE = 3000001 };
  nnt_atomic_file *file = NULL;
  void *bytes = NULL;
  size_t size = 0;
  (void)state;
  char *large = malloc(SIZE);
  assert_non_null(large);
  for (int i = 0; i < SIZE; ++i) large[i] = (char)(i % 251);
  assert_ok(nnt_atomic_write("large", large, SIZE, &error));
  assert_ok(nnt_atomic_begin("copy", &file, &error));
  assert_ok(nnt_atomic_copy_from(file, "large", &error));
  assert_ok(nnt_atomic_commit(&file, &error));
  assert_ok(nnt_file_read_all("copy", &bytes, &size, &error));
  assert_int_equal(size, SIZE);
  assert_memory_equal(bytes, large, SIZE);
  nnt_memory_free(&bytes);
  free(large);
}

static void test_old_file_stays_until_commit(void **state) {
  nnt_atomic_file *file = NULL;
  (void)state;
  put("file", "old");
  assert_ok(nnt_atomic_begin("file", &file, &error));
  assert_int_equal(count_entries("."), 1);
  const char *base = strrchr(nnt_atomic_path(file), '/');
  assert_non_null(base);
  assert_int_equal(strncmp(base + 1, ".nntrain-tmp-", 13), 0);
  FILE *stream = fopen(nnt_atomic_path(file), "w");
  assert_non_null(stream);
  assert_true(fputs("new", stream) >= 0);
  assert_int_equal(fclose(stream), 0);
  assert_holds("file", "old");
  nnt_atomic_abandon(&file);
  assert_null(file);
  nnt_atomic_abandon(&file);
  assert_holds("file", "old");
  assert_int_equal(count_entries("."), 1);
}

static void test_commit_without_a_file(void **state) {
  nnt_atomic_file *file = NULL;
  (void)state;
  put("file", "old");
  assert_ok(nnt_atomic_begin("file", &file, &error));
  assert_io_error(nnt_atomic_commit(&file, &error), "file");
  assert_null(file);
  assert_holds("file", "old");
  assert_int_equal(count_entries("."), 1);
}

static void test_wrong_places(void **state) {
  nnt_atomic_file *file = NULL;
  (void)state;
  put("file", "text");
  assert_io_error(nnt_atomic_begin("none/file", &file, &error), "none: No such file");
  assert_null(file);
  assert_io_error(nnt_atomic_begin("file/below", &file, &error), "file: ");
  assert_io_error(nnt_atomic_begin(".", &file, &error), "Is a directory");
  assert_io_error(nnt_atomic_begin("/dev/null", &file, &error), "/dev/null");
  assert_ok(nnt_atomic_begin("other", &file, &error));
  assert_io_error(nnt_atomic_copy_from(file, "none", &error), "none: No such file");
  nnt_atomic_abandon(&file);
  assert_int_equal(count_entries("."), 1);
}

/* Someone keeps the data on another disk, behind a link. */
static void test_symbolic_links(void **state) {
  struct stat info;
  (void)state;
  assert_ok(nnt_directory_make("disk", &error));
  put("disk/file", "old");
  assert_int_equal(symlink("disk/file", "link"), 0);
  assert_int_equal(symlink("link", "link-to-link"), 0);
  put("link-to-link", "new");
  assert_holds("disk/file", "new");
  assert_int_equal(lstat("link", &info), 0);
  assert_true(S_ISLNK(info.st_mode));
  assert_int_equal(symlink("disk/later", "dangling"), 0);
  put("dangling", "made");
  assert_holds("disk/later", "made");
  assert_int_equal(count_entries("disk"), 2);
  /* An alias is a name: what the name stood for before stays. */
  put("file", "other");
  assert_ok(nnt_atomic_alias("file", "link", &error));
  assert_holds("link", "other");
  assert_holds("disk/file", "new");
  assert_int_equal(count_entries("."), 5);
}

static void test_alias(void **state) {
  (void)state;
  put("first", "1");
  put("second", "2");
  assert_ok(nnt_atomic_alias("first", "last", &error));
  assert_holds("last", "1");
  /* Both are names of one file already: rename() would leave the temporary. */
  assert_ok(nnt_atomic_alias("first", "last", &error));
  assert_ok(nnt_atomic_alias("second", "last", &error));
  assert_holds("last", "2");
  assert_holds("first", "1");
  assert_io_error(nnt_atomic_alias("none", "last", &error), "none");
  assert_holds("last", "2");
  put("second", "replaced");
  assert_holds("last", "2");
  assert_int_equal(count_entries("."), 3);
}

static void test_read_all(void **state) {
  void *bytes = NULL;
  size_t size = 1;
  (void)state;
  assert_io_error(nnt_file_read_all("none", &bytes, &size, &error), "none: No such file");
  assert_null(bytes);
  assert_io_error(nnt_file_read_all(".", &bytes, &size, &error), "Is a directory");
  assert_int_equal(size, 0);
}

static void test_folders(void **state) {
  struct stat info;
  (void)state;
  put("file", "text");
  assert_ok(nnt_directory_make("a//b/c/", &error));
  assert_ok(nnt_directory_make("a/b/c", &error));
  assert_ok(nnt_directory_make(".", &error));
  assert_ok(nnt_directory_make("/", &error));
  assert_int_equal(stat("a/b/c", &info), 0);
  assert_true(S_ISDIR(info.st_mode));
  assert_io_error(nnt_directory_make("file", &error), "Not a directory");
  assert_io_error(nnt_directory_make("file/below", &error), "Not a directory");
  assert_ok(nnt_directory_check_writable("a/b", &error));
  assert_int_equal(count_entries("a/b"), 1);
  assert_io_error(nnt_directory_check_writable("none", &error), "none: No such file");
  assert_io_error(nnt_directory_check_writable("file", &error), "Not a directory");
  if (geteuid() != 0) {
    assert_int_equal(chmod("a/b/c", 0500), 0);
    assert_io_error(nnt_directory_check_writable("a/b/c", &error), "Permission denied");
  }
}

static void remove_all(const char *folder) {
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    char path[512];
    struct stat info;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    assert_int_equal(lstat(path, &info), 0);
    if (S_ISDIR(info.st_mode)) {
      remove_all(path);
      assert_int_equal(rmdir(path), 0);
    } else {
      assert_int_equal(unlink(path), 0);
    }
  }
  (void)closedir(entries);
}

static char folder[] = "atomic-XXXXXX";

static int enter_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int leave_folder(void **state) {
  (void)state;
  return chdir("..") != 0 || rmdir(folder) != 0;
}

static int empty_folder(void **state) {
  (void)state;
  remove_all(".");
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_write_and_replace, empty_folder),
      cmocka_unit_test_teardown(test_large, empty_folder),
      cmocka_unit_test_teardown(test_old_file_stays_until_commit, empty_folder),
      cmocka_unit_test_teardown(test_commit_without_a_file, empty_folder),
      cmocka_unit_test_teardown(test_wrong_places, empty_folder),
      cmocka_unit_test_teardown(test_symbolic_links, empty_folder),
      cmocka_unit_test_teardown(test_alias, empty_folder),
      cmocka_unit_test_teardown(test_read_all, empty_folder),
      cmocka_unit_test_teardown(test_folders, empty_folder),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
