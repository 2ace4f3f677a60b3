/* The products against naive loops, for every variant that this CPU supports, at odd and empty
 * sizes; the same bits for every number of threads and every variant with FMA. */
#include "kernels/gemm.h"

#include <omp.h>

#include "base/partition.h"
#include "unit.h"

static const int64_t shapes[][3] = {
    /* rows, columns, k */
    {1, 1, 1},      {1, 10, 784},  {2, 33, 31},     {5, 16, 32},    {14, 32, 33},
    {15, 17, 64},   {28, 65, 7},   {13, 1, 100},    {127, 50, 45},  {31, 96, 257},
    {64, 10, 12},   {3, 40, 0},    {0, 5, 5},       {33, 31, 1},    {70, 128, 96},
    {29, 300, 150}, {100, 9, 129}, {300, 40, 1100}, {40, 70, 2100}, {700, 33, 300}};
#define SHAPES (sizeof shapes / sizeof *shapes)

/* Kernels that this machine can run. */
static int supported(const nnt_kernels *out[8]) {
  int count = 0;
  for (int i = 0; nnt_kernels_all()[i] != NULL; ++i) {
    if (nnt_kernels_supported(nnt_kernels_all()[i])) out[count++] = nnt_kernels_all()[i];
  }
  return count;
}

static void double_it(float *c, float *auxiliary, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    auxiliary[i] = c[i];
    c[i] *= 2.0F;
  }
}

static void expect_near(float got, double expected, int64_t k) {
  assert_true(fabs((double)got - expected) <= 1e-6 * (double)(k + 4));
}

static void run_nn(const nnt_kernels *kernels, int threads, const nnt_gemm_nn_call *call) {
#pragma omp parallel num_threads(threads)
  nnt_gemm_nn(kernels, (nnt_team){.thread = omp_get_thread_num(), .threads = omp_get_num_threads()},
              call);
}

static void run_tn(const nnt_kernels *kernels, int threads, const nnt_gemm_tn_call *call) {
#pragma omp parallel num_threads(threads)
  nnt_gemm_tn(kernels, (nnt_team){.thread = omp_get_thread_num(), .threads = omp_get_num_threads()},
              call);
}

/* Granules [first, first + count) of k rows cut into `all`. */
typedef struct row_cut {
  nnt_sum_tree plan;
  int64_t begin[64];
  nnt_granules granules;
} row_cut;

static void make_cut(row_cut *c, int64_t k, int64_t all, int64_t first, int64_t count) {
  nnt_error error;
  assert_int_equal(nnt_sum_tree_create(all, NULL, first, count, &c->plan, &error), NNT_OK);
  int64_t base = nnt_partition_begin(k, all, first);
  for (int64_t g = 0; g <= count; ++g) c->begin[g] = nnt_partition_begin(k, all, first + g) - base;
  c->granules = (nnt_granules){count, c->plan.steps, c->begin};
}

static void check_nn(const nnt_kernels *kernels, const int64_t *shape) {
  int64_t rows = shape[0], columns = shape[1], k = shape[2];
  nnt_panels a = test_matrix(rows, k, rows + 3, 1, NAN), b = test_matrix(k, columns, k, 2, 0.0F),
             c = test_matrix(rows, columns, rows + 1, 3, 0.0F),
             aux = test_matrix(rows, columns, rows + 1, 3, 0.0F),
             bias = test_matrix(1, columns, 1, 4, 0.0F);
  float *first = NULL;
  size_t bytes = (size_t)nnt_panels_floats(rows + 1, columns) * sizeof(float);
  for (int threads = 1; threads <= 3; ++threads) {
    nnt_gemm_nn_call call = {
        .a = a, .b = b, .c = c, .bias = bias.data, .epilogue = double_it, .auxiliary = aux.data};
    run_nn(kernels, threads, &call);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t j = 0; j < columns; ++j) {
        double sum = (double)*nnt_panels_at(&bias, 0, j);
        for (int64_t i = 0; i < k; ++i)
          sum += (double)*nnt_panels_at(&a, r, i) * (double)*nnt_panels_at(&b, i, j);
        expect_near(*nnt_panels_at(&aux, r, j), sum, k);
        assert_true(*nnt_panels_at(&c, r, j) == 2.0F * *nnt_panels_at(&aux, r, j));
      }
    }
    if (first == NULL) {
      first = malloc(bytes + 1);
      assert_non_null(first);
      memcpy(first, c.data, bytes);
    }
    assert_memory_equal(first, c.data, bytes);
  }
  free(first);
  free(a.data);
  free(b.data);
  free(c.data);
  free(aux.data);
  free(bias.data);
}

static void check_tn(const nnt_kernels *kernels, const int64_t *shape, int64_t granules) {
  int64_t rows = shape[0], columns = shape[1], k = shape[2];
  nnt_panels a = test_matrix(k, rows, k + 2, 1, 0.0F), b = test_matrix(k, columns, k + 2, 2, 0.0F),
             c = test_matrix(rows, columns, rows, 3, 0.0F);
  row_cut cut;
  make_cut(&cut, k, granules, 0, granules);
  assert_int_equal(cut.plan.outputs, 1);
  for (int threads = 1; threads <= 3; ++threads) {
    nnt_gemm_tn_call call = {.a = a, .b = b, .c = c, .granules = &cut.granules};
    run_tn(kernels, threads, &call);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t j = 0; j < columns; ++j) {
        double sum = 0.0;
        for (int64_t i = 0; i < k; ++i)
          sum += (double)*nnt_panels_at(&a, i, r) * (double)*nnt_panels_at(&b, i, j);
        expect_near(*nnt_panels_at(&c, r, j), sum, k);
      }
    }
    /* The padding of weights stays zero when that of the operands is. */
    for (int64_t p = columns; p < nnt_panel_count(columns) * NNT_PANEL; ++p) {
      for (int64_t r = 0; r < rows; ++r) assert_true(*nnt_panels_at(&c, r, p) == 0.0F);
    }
  }
  nnt_sum_tree_clear(&cut.plan);
  free(a.data);
  free(b.data);
  free(c.data);
}

static void keep_tile(void *context, int64_t offset, const float *values, int64_t count) {
  memcpy((float *)context + offset, values, (size_t)count * sizeof *values);
}

/* Rows of A and B from `first` on. */
static nnt_panels from_row(nnt_panels matrix, int64_t first, int64_t rows) {
  matrix.data += first * NNT_PANEL;
  matrix.rows = rows;
  return matrix;
}

/* However the granules are cut into parts, the parts' outputs add up to the same bits. */
static void check_parts(const nnt_kernels *kernels, const int64_t *shape, int64_t granules) {
  int64_t rows = shape[0], columns = shape[1], k = shape[2];
  int64_t floats = nnt_panels_floats(rows, columns);
  nnt_panels a = test_matrix(k, rows, k, 1, 0.0F), b = test_matrix(k, columns, k, 2, 0.0F),
             c = test_matrix(rows, columns, rows, 3, 0.0F);
  float *parts = test_floats(64 * floats + 1), *sum = test_floats(floats + 1);
  row_cut whole;
  nnt_error error;
  make_cut(&whole, k, granules, 0, granules);
  nnt_gemm_tn_call call = {.a = a, .b = b, .c = c, .granules = &whole.granules};
  run_tn(kernels, 1, &call);
  call.sink = keep_tile;
  call.sink_context = sum;
  run_tn(kernels, 2, &call);
  assert_memory_equal(c.data, sum, (size_t)floats * sizeof *sum);
  for (int64_t cut_at = 0; cut_at <= granules; ++cut_at) {
    nnt_sum_node nodes[2 * NNT_SUM_PLACES];
    int64_t used = 0;
    for (int part = 0; part < 2; ++part) {
      row_cut own;
      int64_t first = part == 0 ? 0 : cut_at, count = part == 0 ? cut_at : granules - cut_at;
      int64_t row = nnt_partition_begin(k, granules, first);
      make_cut(&own, k, granules, first, count);
      nnt_panels part_c = {parts + used * floats, rows, columns, rows * NNT_PANEL};
      nnt_gemm_tn_call part_call = {.a = from_row(a, row, own.begin[count]),
                                    .b = from_row(b, row, own.begin[count]),
                                    .c = part_c,
                                    .granules = &own.granules,
                                    .distance = floats};
      run_tn(kernels, 1, &part_call);
      for (int i = 0; i < own.plan.outputs; ++i) nodes[used++] = own.plan.nodes[i];
      nnt_sum_tree_clear(&own.plan);
    }
    nnt_sum_tree joined;
    assert_int_equal(nnt_sum_tree_create(granules, nodes, 0, used, &joined, &error), NNT_OK);
    assert_int_equal(joined.outputs, 1);
    for (int64_t i = 0; i < floats; ++i) {
      float stack[NNT_SUM_PLACES], value = 0.0F;
      for (int64_t p = 0; p < used; ++p) {
        value = parts[p * floats + i];
        for (int m = joined.steps[p].merges; m > 0; --m)
          value += stack[joined.steps[p].place + m - 1];
        stack[joined.steps[p].place] = value;
      }
      sum[i] = value;
    }
    assert_memory_equal(c.data, sum, (size_t)floats * sizeof *sum);
    nnt_sum_tree_clear(&joined);
  }
  nnt_sum_tree_clear(&whole.plan);
  free(a.data);
  free(b.data);
  free(c.data);
  free(parts);
  free(sum);
}

static void parts_add_up(void **state) {
  (void)state;
  static const int64_t sizes[][3] = {{45, 50, 37}, {14, 10, 64}, {33, 33, 5}};
  const nnt_kernels *kernels[8];
  int count = supported(kernels);
  for (int i = 0; i < count; ++i) {
    for (size_t s = 0; s < 3; ++s) {
      for (int64_t granules = 1; granules <= 16; granules += granules < 8 ? 1 : 4)
        check_parts(kernels[i], sizes[s], granules);
    }
  }
}

static void equals_naive_loops(void **state) {
  (void)state;
  const nnt_kernels *kernels[8];
  int count = supported(kernels);
  for (int i = 0; i < count; ++i) {
    for (size_t s = 0; s < SHAPES; ++s) {
      check_nn(kernels[i], shapes[s]);
      check_tn(kernels[i], shapes[s], 1);
      check_tn(kernels[i], shapes[s], 8);
      check_tn(kernels[i], shapes[s], 11);
    }
  }
}

static void variants_agree(void **state) {
  (void)state;
  const nnt_kernels *kernels[8];
  int count = supported(kernels), with_fma = 0;
  for (int i = 0; i < count; ++i) with_fma += strcmp(kernels[i]->isa, "baseline") != 0;
  if (with_fma < 2) skip();
  for (size_t s = 0; s < SHAPES; ++s) {
    int64_t rows = shapes[s][0], columns = shapes[s][1], k = shapes[s][2];
    nnt_panels a = test_matrix(rows, k, rows, 1, 0.0F), b = test_matrix(k, columns, k, 2, 0.0F);
    nnt_panels c = test_matrix(rows, columns, rows, 3, 0.0F),
               d = test_matrix(rows, columns, rows, 3, 0.0F);
    run_nn(kernels[0], 1, &(nnt_gemm_nn_call){.a = a, .b = b, .c = c});
    run_nn(kernels[1], 2, &(nnt_gemm_nn_call){.a = a, .b = b, .c = d});
    assert_memory_equal(c.data, d.data, (size_t)nnt_panels_floats(rows, columns) * sizeof(float));
    row_cut cut;
    make_cut(&cut, rows, 5, 0, 5);
    nnt_panels tall = test_matrix(rows, columns, rows, 4, 0.0F),
               e = test_matrix(k, columns, k, 3, 0.0F), f = test_matrix(k, columns, k, 3, 0.0F);
    nnt_gemm_tn_call call = {.a = a, .b = tall, .c = e, .granules = &cut.granules};
    run_tn(kernels[0], 1, &call);
    call.c = f;
    run_tn(kernels[1], 2, &call);
    assert_memory_equal(e.data, f.data, (size_t)nnt_panels_floats(k, columns) * sizeof(float));
    nnt_sum_tree_clear(&cut.plan);
    free(tall.data);
    free(e.data);
    free(f.data);
    free(a.data);
    free(b.data);
    free(c.data);
    free(d.data);
  }
}

static void transposes(void **state) {
  (void)state;
  for (size_t s = 0; s < SHAPES; ++s) {
    int64_t rows = shapes[s][0], columns = shapes[s][1];
    nnt_panels a = test_matrix(rows, columns, rows + 1, 1, NAN),
               b = test_matrix(columns, rows, columns, 2, 9.0F);
    for (int thread = 0; thread < 3; ++thread)
      nnt_transpose((nnt_team){.thread = thread, .threads = 3}, &a, &b);
    for (int64_t c = 0; c < columns; ++c) {
      for (int64_t r = 0; r < rows; ++r)
        assert_true(*nnt_panels_at(&b, c, r) == *nnt_panels_at(&a, r, c));
      for (int64_t r = rows; r < nnt_panel_count(rows) * NNT_PANEL; ++r)
        assert_true(*nnt_panels_at(&b, c, r) == 0.0F);
    }
    free(a.data);
    free(b.data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equals_naive_loops), cmocka_unit_test(parts_add_up),
      cmocka_unit_test(variants_agree), cmocka_unit_test(transposes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
