/* The thread that reads ahead: jobs in order, errors returned, idle while it is paused. */
#include "input/read_ahead.h"

#include <stdatomic.h>
#include <time.h>

#include "unit.h"

typedef struct counted {
  atomic_int pieces;
  int most;    /* pieces of the job */
  int failing; /* the piece that fails; 0: none */
} counted;

static void rest(void) {
  (void)nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static nnt_status count_piece(void *context, bool *more, nnt_error *error) {
  counted *c = context;
  int piece = atomic_fetch_add(&c->pieces, 1) + 1;
  rest();
  *more = piece < c->most;
  if (piece == c->failing) return nnt_fail(error, NNT_IO_ERROR, "what\nwhere\nremedy");
  return NNT_OK;
}

static nnt_read_job job_of(counted *c) {
  return (nnt_read_job){.piece = count_piece, .context = c};
}

static nnt_read_ahead *make(void) {
  nnt_read_ahead *reader = NULL;
  nnt_error error;
  assert_int_equal(nnt_read_ahead_create(&reader, &error), NNT_OK);
  return reader;
}

static void works_in_order(void **state) {
  (void)state;
  nnt_error error;
  counted first = {.most = 20}, second = {.most = 5};
  nnt_read_job a = job_of(&first), b = job_of(&second);
  nnt_read_ahead *reader = make();
  for (int time = 1; time <= 3; ++time) {
    first.pieces = second.pieces = 0;
    nnt_read_ahead_submit(reader, &a);
    nnt_read_ahead_submit(reader, &b);
    assert_int_equal(nnt_read_ahead_wait(reader, &b, &error), NNT_OK);
    assert_int_equal(first.pieces, 20);
    assert_int_equal(second.pieces, 5);
    assert_int_equal(nnt_read_ahead_wait(reader, &a, &error), NNT_OK);
  }
  nnt_read_ahead_destroy(&reader);
  assert_null(reader);
  nnt_read_ahead_destroy(&reader);
}

static void hands_errors_over(void **state) {
  (void)state;
  nnt_error error = {0};
  counted bad = {.most = 10, .failing = 3}, good = {.most = 2};
  nnt_read_job a = job_of(&bad), b = job_of(&good);
  nnt_read_ahead *reader = make();
  nnt_read_ahead_submit(reader, &a);
  nnt_read_ahead_submit(reader, &b);
  assert_int_equal(nnt_read_ahead_wait(reader, &a, &error), NNT_IO_ERROR);
  assert_string_equal(error.where, "where");
  assert_int_equal(bad.pieces, 3);
  assert_int_equal(nnt_read_ahead_wait(reader, &b, &error), NNT_OK);
  nnt_read_ahead_destroy(&reader);
}

static void idles_while_paused(void **state) {
  (void)state;
  nnt_error error;
  counted c = {.most = 50};
  nnt_read_job job = job_of(&c);
  nnt_read_ahead *reader = make();
  nnt_read_ahead_submit(reader, &job);
  for (int i = 0; i < 10; ++i) {
    nnt_read_ahead_pause(reader);
    int before = c.pieces;
    for (int r = 0; r < 5; ++r) rest();
    assert_int_equal(c.pieces, before);
    nnt_read_ahead_resume(reader);
    rest();
  }
  assert_int_equal(nnt_read_ahead_wait(reader, &job, &error), NNT_OK);
  assert_int_equal(c.pieces, 50);
  nnt_read_ahead_destroy(&reader);
  nnt_read_ahead_pause(NULL);
  nnt_read_ahead_resume(NULL);
}

static void ends_in_the_middle(void **state) {
  (void)state;
  counted c = {.most = 1000000};
  nnt_read_job job = job_of(&c);
  nnt_read_ahead *reader = make();
  nnt_read_ahead_submit(reader, &job);
  rest();
  nnt_read_ahead_destroy(&reader);
  assert_true(c.pieces < 1000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(works_in_order), cmocka_unit_test(hands_errors_over),
      cmocka_unit_test(idles_while_paused), cmocka_unit_test(ends_in_the_middle)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
