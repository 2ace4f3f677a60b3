/* Memory by lifetimes: what is in use at the same time never shares a byte. */
#include "layers/buffers.h"

#include "base/rng.h"
#include "unit.h"

static void place_all(nnt_buffers *buffers, nnt_arena *arena) {
  nnt_buffers again = *buffers;
  nnt_error error;
  nnt_buffers_place(buffers, arena);
  assert_int_equal(nnt_arena_allocate(arena, "a test", &error), NNT_OK);
  *buffers = again;
  nnt_buffers_place(buffers, arena);
}

static void check(const nnt_buffers *buffers) {
  for (int i = 0; i < buffers->count; ++i) {
    const nnt_buffer *a = &buffers->buffers[i];
    assert_int_equal((uintptr_t)*a->out % NNT_ALIGNMENT, 0);
    for (int j = 0; j < i; ++j) {
      const nnt_buffer *b = &buffers->buffers[j];
      bool together = a->first <= b->last && b->first <= a->last;
      bool apart = *a->out + a->floats <= *b->out || *b->out + b->floats <= *a->out;
      assert_true(apart || !together);
    }
  }
}

static int64_t number(uint64_t i, int64_t most) {
  return (int64_t)(nnt_rng_uniform(7, NNT_RNG_INITIAL_WEIGHTS, 0, i) * (float)most);
}

static void nothing_collides(void **state) {
  (void)state;
  for (uint64_t round = 0; round < 50; ++round) {
    static nnt_buffers buffers;
    static float *out[60];
    nnt_arena arena = {0};
    buffers.count = 0;
    for (uint64_t i = 0; i < 60; ++i) {
      uint64_t draw = 1000 * round + 3 * i;
      int first = (int)number(draw, 40), length = (int)number(draw + 1, 12);
      nnt_buffers_add(&buffers, 1 + number(draw + 2, 5000), first, first + length, &out[i]);
    }
    place_all(&buffers, &arena);
    check(&buffers);
    nnt_arena_free(&arena);
  }
}

/* A chain in which each is read by the next alone takes the room of two. */
static void a_chain_alternates(void **state) {
  (void)state;
#if defined(__SANITIZE_ADDRESS__)
  skip(); /* nothing is shared there */
#endif
  static nnt_buffers buffers;
  float *out[10];
  nnt_arena arena = {0};
  for (int i = 0; i < 10; ++i) nnt_buffers_add(&buffers, 1024, i, i + 1, &out[i]);
  nnt_buffers_place(&buffers, &arena);
  assert_int_equal(arena.used, 2 * 1024 * sizeof(float));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_collides),
                                     cmocka_unit_test(a_chain_alternates)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
