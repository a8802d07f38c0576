// qmatmul and qmatmul_pack.
#include "test_qcontractions.h"

// views: 1 b is transposed, 2 a has a pitch, 4 b has a pitch, 8 b is u8, 16 the bias comes from the pack, 32 b has a
// zero point of its own.
static void one(int m, int n, int k, int g, bool shared_a, bool shared_b, int views) {
  const int32_t batches = shared_b ? 1 : g, groups = (k + 3) / 4, panels = (n + 15) / 16;
  const int32_t adims[] = {shared_a ? 1 : g, m, k}, ydims[] = {g, m, n}, bdims[] = {batches, k, n},
                tdims[] = {batches, n, k}, pdims[] = {batches, panels, groups, 16, 4}, sdims[] = {batches, n};
  const bool transposed = views & 1, is_u8 = views & 8, own_bias = views & 16;
  const int offset = is_u8 ? pick(127, 128) : 0, b_zero = views & 32 ? pick(-128, 127) : 0;
  const dlc_tensor a = make(DLC_U8, views & 2 ? 3 : 0, 3, adims),
                   b = make(is_u8 ? DLC_U8 : DLC_I8, views & 4 ? 2 : 0, 3, transposed ? tdims : bdims),
                   packed = make(DLC_I8, 0, 5, pdims), sums = make(DLC_I32, 0, 2, sdims);
  ending e = any_ending(3, ydims, k);
  dlc_qmatmul_pack_params pack = {transposed, pick(0, 255), offset};
  dlc_tensor pack_operands[] = {b, packed, sums};
  dlc_call pack_call = {pack_operands, &pack, NULL, 3, sizeof pack};
  bool ok =
      run_all_parts(&dlc_qmatmul_pack_kernel, &pack_call, 1) && run_all_parts(&dlc_qmatmul_pack_kernel, &pack_call, 2);
  dlc_qmatmul_params p = {n, pack.a_zero, b_zero, e.q};
  dlc_tensor operands[] = {a, any_narrow(&packed, n, 5), own_bias ? sums : e.bias, e.scale, e.residual, e.table, e.y};
  dlc_call call = {operands, &p, NULL, 7, sizeof p};
  ok = ok && run_all_parts(&dlc_qmatmul_kernel, &call, 6);
  for (int64_t row = 0; row < (int64_t)g * m && ok; row++)
    for (int j = 0; j < n && ok; j++) {
      const int64_t batch = row / m, arow = shared_a ? row % m : row, bbatch = shared_b ? 0 : batch;
      int32_t sum = 0, total = 0, added = 0;
      for (int l = 0; l < k; l++) {
        const int64_t index = transposed ? (bbatch * n + j) * b.pitch + l : (bbatch * k + l) * b.pitch + j;
        int32_t w = is_u8 ? ((uint8_t *)b.data)[index] - offset : weight_at(&b, index);
        w = w > 127 ? 127 : w;
        sum += w * u8_at(&a, arow, l);
        added -= b_zero * (u8_at(&a, arow, l) - pack.a_zero);
        total += w;
      }
      ok = i32_at(&sums, bbatch * n + j) == -pack.a_zero * total &&
           matches(&e, row, j, sum + added, own_bias ? -pack.a_zero * total : bias_at(&e.bias, j));
    }
  char what[128];
  snprintf(what, sizeof what, "qmatmul m%d n%d k%d g%d views %d y type %d", m, n, k, g, views, e.y.type);
  expect(ok, what);
  release_all();
}

void test_qmatmul(int rounds) {
  for (int m = 1; m <= 32; m++)
    for (int n = 1; n <= 65; n += m < 16 ? 3 : 17) one(m, n, pick(0, 21), 1, false, false, (int)draw() & 63);
  for (int n = 1; n <= 140; n += 3) one(1, n, pick(0, 70), 1, false, false, 0);
  for (int i = 0; i < rounds; i++)
    one(pick(1, 50), pick(1, 130), pick(1, 80), pick(1, 4), !pick(0, 3), !pick(0, 2), (int)draw() & 63);
  one(300, 33, 5, 1, false, false, 0);
  one(2, 100, 3000, 1, false, false, 0);
  one(40, 300, 1000, 1, false, false, 0);
  one(0, 5, 5, 1, false, false, 0);
}
