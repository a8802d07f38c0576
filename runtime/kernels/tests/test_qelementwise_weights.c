// Tests of stored weights: unpacking bit for bit, and the product that equals matmul over what was unpacked.
#include "test_qelementwise.h"

extern const dlc_kernel dlc_weights_unpack_kernel, dlc_matmul_weights_kernel, dlc_matmul_kernel;

static int64_t stored(const dlc_tensor *q, int64_t row, int64_t column, int64_t width) {
  if (q->type == DLC_I8) return get(q, row * width + column);
  const int64_t half = width / 2, byte = get(q, row * half + column % half);
  const int64_t four = column < half ? byte & 15 : byte >> 4;
  return four < 8 ? four : four - 16;
}

static int64_t unpack_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_stored_weights *p = &((const dlc_weights_unpack_params *)params)->weights;
  const int64_t width = t[1].dims[1], row = flat / width, column = flat % width, at = row % p->depth;
  const int64_t group = dlc_is_present(&t[2]) ? get(&t[2], at) : at / (p->depth / p->groups);
  (void)y;
  volatile float real = (float)stored(&t[0], row, column, width) *
                        get_float(&t[1], (row / p->depth * p->groups + group) * width + column);
  return dlc_bits(real);
}

// q, scales and an index when `indexed`.
static void make_weights(dlc_tensor t[3], const dlc_stored_weights *p, int32_t blocks, int32_t width, bool indexed) {
  const int32_t rows = blocks * p->depth;
  t[0] = p->bits == 4 ? MAKE(DLC_U8, 0, rows, width / 2) : MAKE(DLC_I8, 0, rows, width);
  t[1] = MAKE(DLC_F32, 0, blocks * p->groups, width);
  t[2] = (dlc_tensor){0};
  if (!indexed) return;
  t[2] = MAKE(DLC_I32, 0, p->depth);
  for (int i = 0; i < p->depth; i++) set(&t[2], i, pick(0, p->groups - 1));
}

static void unpack_case(int turn) {
  const int32_t groups = pick(1, 4), width = turn % 3 ? 16 : 2 * pick(1, 20), blocks = pick(1, 5);
  const bool indexed = turn % 4 == 1;
  const int32_t depth = indexed ? pick(1, 40) : groups * pick(1, 40);
  const dlc_weights_unpack_params p = {{turn & 1 ? 4 : 8, depth, groups}};
  dlc_tensor t[4];
  make_weights(t, &p.weights, blocks, width, indexed);
  t[3] = MAKE(DLC_F32, 0, blocks, depth, width);
  reference *const references[] = {unpack_reference};
  run_case(&dlc_weights_unpack_kernel, t, 4, 3, &p, sizeof p, references, indexed ? "by index" : "in order");
  free_all(t, 4);
}

static void run_whole(const dlc_kernel *kernel, const dlc_call *call, uint32_t parts) {
  for (uint32_t part = 0; part < parts; part++) {
    dlc_call own = *call;
    const size_t bytes = kernel->scratch ? kernel->scratch(call) : 0;
    own.scratch = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    expect(kernel->run(&own, part, parts) == 0, "%s: run fails", kernel->name);
    free(own.scratch);
  }
}

static void matmul_case(int turn) {
  const int32_t m = turn % 3 ? pick(2, 40) : 1, n = pick(1, 150), panels = (n + 15) / 16;
  const int32_t groups = pick(1, 3), depth = turn % 7 == 6 ? 2052 : groups * pick(1, 50);
  const dlc_stored_weights weights = {turn & 1 ? 4 : 8, depth, turn % 7 == 6 ? 2 : groups};
  const dlc_epilogue epilogue = {turn & 2 ? DLC_FN_RELU : DLC_FN_IDENTITY, 0, 0};
  const dlc_weights_unpack_params unpacking = {weights};
  const dlc_matmul_weights_params own = {weights, n, epilogue};
  const dlc_matmul_params plain = {n, epilogue};
  dlc_tensor w[4];
  make_weights(w, &weights, panels, 16, turn % 4 == 1);
  w[3] = MAKE(DLC_F32, 0, 1, panels, depth, 16);
  dlc_tensor a = MAKE(DLC_F32, turn % 3, m, depth), bias = {0}, residual = {0};
  dlc_tensor want = MAKE(DLC_F32, 0, m, n), y = MAKE(DLC_F32, turn % 5, m, n);
  if (turn % 5) bias = MAKE(DLC_F32, 0, n);
  if (turn % 2) residual = MAKE(DLC_F32, turn % 3, m, n);
  const dlc_tensor right[] = {a, w[3], bias, residual, want}, left[] = {a, w[0], w[1], w[2], bias, residual, y};
  const dlc_call unpack = {w, &unpacking, NULL, 4, sizeof unpacking}, matmul = {right, &plain, NULL, 5, sizeof plain},
                 call = {left, &own, NULL, 7, sizeof own};
  expect(dlc_matmul_weights_kernel.check(&call) == 0, "matmul_weights: check line %d",
         dlc_matmul_weights_kernel.check(&call));
  const dlc_isa before = dlc_current_isa();
  for (int isa = 0; isa <= DLC_ISA_NEON_I8MM; isa++) {
    if (!dlc_set_isa((dlc_isa)isa)) continue;
    run_whole(&dlc_weights_unpack_kernel, &unpack, 1);
    run_whole(&dlc_matmul_kernel, &matmul, 1);
    for (uint32_t parts = 1; parts <= 3; parts++) {
      for (int64_t i = 0; i < (int64_t)m * n; i++) set(&y, i, 0);
      run_whole(&dlc_matmul_weights_kernel, &call, parts);
      int64_t wrong = 0;
      while (wrong < (int64_t)m * n && get(&y, wrong) == get(&want, wrong)) wrong++;
      expect(wrong == (int64_t)m * n, "matmul_weights %d x %d x %d on %s, %u parts: element %lld differs", m, depth, n,
             dlc_isa_name((dlc_isa)isa), parts, (long long)wrong);
    }
  }
  dlc_set_isa(before);
  free_all(w, 4);
  dlc_tensor others[] = {a, bias, residual, want, y};
  free_all(others, 5);
}

static void test_refusals(void) {
  dlc_weights_unpack_params p = {{8, 6, 2}};
  dlc_tensor t[4];
  make_weights(t, &p.weights, 2, 16, true);
  t[3] = MAKE(DLC_F32, 0, 12, 16);
  const dlc_kernel *kernel = &dlc_weights_unpack_kernel;
  expect(checked(kernel, t, 4, &p, sizeof p) == 0, "weights: sound call refused");
  const dlc_stored_weights wrong[] = {{4, 6, 2}, {7, 6, 2}, {8, 5, 2}, {8, 0, 2}, {8, 6, 0}, {8, 6, 3}, {8, 4, 2}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const dlc_weights_unpack_params q = {wrong[i]};
    expect(checked(kernel, t, 4, &q, sizeof q) != 0, "weights: accepts parameters %zu", i);
  }
  t[3].dims[0] = 11;
  expect(checked(kernel, t, 4, &p, sizeof p) != 0, "weights: accepts a short result");
  t[3].dims[0] = 12;
  const dlc_call call = {t, &p, NULL, 4, sizeof p};
  for (int bad = -1; bad <= 2; bad += 3) {
    set(&t[2], 3, bad);
    expect(kernel->run(&call, 0, 1) == DLC_FAULT_INDEX, "weights: reads scales of group %d", bad);
  }
  t[2] = (free(t[2].data), (dlc_tensor){0});
  p.weights.groups = 4;
  expect(checked(kernel, t, 4, &p, sizeof p) != 0, "weights: accepts groups that do not divide the depth");
  free_all(t, 4);
}

void test_weights(void) {
  for (int turn = 0; turn < 120; turn++) unpack_case(turn);
  for (int turn = 0; turn < 60; turn++) matmul_case(turn);
  test_refusals();
}
