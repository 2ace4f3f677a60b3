/* Status table, error records, arenas, partitions, SHA-256. */
#include "base/partition.h"
#include "base/sha256.h"
#include "unit.h"

static void statuses_have_texts_and_codes(void **state) {
  (void)state;
  assert_int_equal(nnt_status_exit_code(NNT_OK), 0);
  assert_int_equal(nnt_status_exit_code(NNT_BAD_USAGE), 2);
  assert_int_equal(nnt_status_exit_code(NNT_BAD_INPUT), 2);
  assert_int_equal(nnt_status_exit_code(NNT_IO_ERROR), 1);
  assert_int_equal(nnt_status_exit_code(NNT_NON_FINITE), 1);
  assert_int_equal(nnt_status_exit_code(NNT_STOPPED), 75);
  assert_string_equal(nnt_status_text(NNT_BAD_INPUT), "bad input");
  assert_non_null(nnt_status_text((nnt_status)999));
}

static void errors_have_three_parts(void **state) {
  (void)state;
  nnt_error error;
  assert_int_equal(nnt_fail(&error, NNT_BAD_INPUT, "what %d\nwhere\nremedy", 7), NNT_BAD_INPUT);
  assert_string_equal(error.what, "what 7");
  assert_string_equal(error.where, "where");
  assert_string_equal(error.remedy, "remedy");
  assert_int_equal(nnt_fail(NULL, NNT_IO_ERROR, "x"), NNT_IO_ERROR);
  char text[2000];
  memset(text, 'a', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  assert_int_equal(nnt_fail(&error, NNT_IO_ERROR, "%s", text), NNT_IO_ERROR);
  assert_int_equal(strlen(error.what), sizeof error.what - 1);
  assert_string_equal(error.where, "");
}

/* What stands in a message may be named by anybody. */
static void errors_stay_lines(void **state) {
  (void)state;
  nnt_error error;
  assert_int_equal(
      nnt_fail(&error, NNT_BAD_INPUT, "what\n%s: %s\nremedy", "a\nb\x1e\x1f", "\033[31m\x7f\u00fc"),
      NNT_BAD_INPUT);
  assert_string_equal(error.what, "what");
  assert_string_equal(error.where, "a b  :  [31m \u00fc");
  assert_string_equal(error.remedy, "remedy");
}

static void arenas_give_aligned_slices(void **state) {
  (void)state;
  nnt_arena arena = {0};
  nnt_error error;
  char *slices[3];
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t i = 0; i < 3; ++i) slices[i] = nnt_arena_slice(&arena, 10 + 100 * i);
    if (pass == 0) assert_int_equal(nnt_arena_allocate(&arena, "a test", &error), NNT_OK);
  }
  for (size_t i = 0; i < 3; ++i) {
    assert_int_equal((uintptr_t)slices[i] % NNT_ALIGNMENT, 0);
    memset(slices[i], 1, 10 + 100 * i);
  }
  assert_true(slices[1] >= slices[0] + 10 && slices[2] >= slices[1] + 110);
  nnt_arena_free(&arena);
  nnt_arena_free(&arena);
}

static void partitions_cover(void **state) {
  (void)state;
  for (int64_t n = 0; n < 40; ++n) {
    for (int64_t size = 1; size < 9; ++size) {
      assert_int_equal(nnt_partition_begin(n, size, 0), 0);
      assert_int_equal(nnt_partition_begin(n, size, size), n);
      for (int64_t rank = 0; rank < size; ++rank) {
        int64_t count = nnt_partition_count(n, size, rank);
        assert_int_equal(nnt_partition_begin(n, size, rank) + count,
                         nnt_partition_begin(n, size, rank + 1));
        assert_true(count == n / size || count == n / size + 1);
      }
    }
  }
}

static void hashes(void **state) {
  (void)state;
  char text[NNT_SHA256_TEXT];
  nnt_error error;
  /* FIPS 180-4's example. */
  assert_int_equal(nnt_sha256_of("abc", 3, text, &error), NNT_OK);
  assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(statuses_have_texts_and_codes),
                                     cmocka_unit_test(errors_have_three_parts),
                                     cmocka_unit_test(errors_stay_lines),
                                     cmocka_unit_test(arenas_give_aligned_slices),
                                     cmocka_unit_test(partitions_cover),
                                     cmocka_unit_test(hashes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
