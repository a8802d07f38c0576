// qconv_transpose and qconv_transpose_pack.
#include "test_qcontractions.h"

// Adds what each input cell, less its zero point, gives to the outputs, as the operator is defined.
static void scatter(const geometry *g, const dlc_tensor *x, const dlc_tensor *w, const int32_t *ydims, int32_t x_zero,
                    int32_t *sums) {
  const dlc_window *v = &g->w;
  const int cg = g->c / g->groups, og = g->o / g->groups;
  const int64_t taps = (int64_t)v->kernel[0] * v->kernel[1] * v->kernel[2];
  for (int64_t row = 0; row < dlc_rows(x); row++) {
    int64_t rest = row, i[3];
    for (int axis = 2; axis >= 0; axis--) {
      i[axis] = rest % x->dims[1 + axis];
      rest /= x->dims[1 + axis];
    }
    for (int64_t tap = 0; tap < taps; tap++) {
      const int64_t kw = tap % v->kernel[2], kh = tap / v->kernel[2] % v->kernel[1],
                    kd = tap / v->kernel[2] / v->kernel[1];
      const int64_t d = i[0] * v->stride[0] + kd * v->dilation[0] - v->pad_begin[0];
      const int64_t h = i[1] * v->stride[1] + kh * v->dilation[1] - v->pad_begin[1];
      const int64_t z = i[2] * v->stride[2] + kw * v->dilation[2] - v->pad_begin[2];
      if (d < 0 || h < 0 || z < 0 || d >= ydims[1] || h >= ydims[2] || z >= ydims[3]) continue;
      int32_t *to = sums + (((rest * ydims[1] + d) * ydims[2] + h) * ydims[3] + z) * g->o;
      for (int c = 0; c < g->c; c++)
        for (int o = 0; o < og; o++)
          to[c / cg * og + o] += (u8_at(x, row, c) - x_zero) * weight_at(w, (c * taps + tap) * og + o);
    }
  }
}

static void one(const geometry *g) {
  const dlc_window *v = &g->w;
  int32_t xdims[] = {g->n, g->in[0], g->in[1], g->in[2], g->c}, ydims[5] = {g->n, 0, 0, 0, g->o};
  for (int i = 0; i < 3; i++) {
    const int room = v->stride[i] > v->dilation[i] ? v->stride[i] : v->dilation[i];
    ydims[1 + i] = v->stride[i] * (g->in[i] - 1) + v->dilation[i] * (v->kernel[i] - 1) + 1 - v->pad_begin[i] -
                   v->pad_end[i] + pick(0, room - 1);
    if (ydims[1 + i] < 1) return;
  }
  const int32_t wdims[] = {g->c, v->kernel[0], v->kernel[1], v->kernel[2], g->o / g->groups};
  dlc_qconv_transpose_pack_params pack = {*v, g->groups};
  const int32_t pdims[] = {(int32_t)dlc_qconv_transpose_packed_bytes(&pack, g->c, g->o)};
  const dlc_tensor x = make(DLC_U8, pick(0, 2) ? 0 : 3, 5, xdims), w = make(DLC_I8, 0, 5, wdims),
                   packed = make(DLC_I8, 0, 1, pdims);
  const ending e = any_ending(5, ydims, g->c / g->groups);
  dlc_tensor pack_operands[] = {w, packed};
  dlc_call pack_call = {pack_operands, &pack, NULL, 2, sizeof pack};
  bool ok = run_all_parts(&dlc_qconv_transpose_pack_kernel, &pack_call, 1);
  dlc_qconv_transpose_params p = {*v, g->groups, pick(0, 2) ? pick(0, 255) : 0, e.q};
  dlc_tensor operands[] = {x, packed, e.bias, e.scale, e.residual, e.table, e.y};
  dlc_call call = {operands, &p, NULL, 7, sizeof p};
  ok = ok && run_all_parts(&dlc_qconv_transpose_kernel, &call, 6);
  int32_t *sums = calloc((size_t)dlc_elements(&e.y), sizeof *sums);
  scatter(g, &x, &w, ydims, p.x_zero, sums);
  for (int64_t row = 0; row < dlc_rows(&e.y) && ok; row++)
    for (int o = 0; o < g->o && ok; o++) ok = matches(&e, row, o, sums[row * g->o + o], bias_at(&e.bias, o));
  char what[256];
  describe(what, sizeof what, "qconv_transpose", g, &e);
  expect(ok, what);
  free(sums);
  release_all();
}

void test_qconv_transpose(int rounds) {
  for (int i = 0; i < rounds * 2; i++) {
    const geometry g = any_geometry();
    one(&g);
  }
  static const geometry cases[] = {
      {1, {1, 8, 8}, 64, 32, 1, {{1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}}},
      {1, {1, 6, 6}, 32, 20, 1, {{1, 4, 4}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 6, 6}, 24, 24, 24, {{1, 4, 4}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 4, 4}, 5, 20, 1, {{1, 2, 2}, {1, 3, 3}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    for (int repeat = 0; repeat < 3; repeat++) one(&cases[i]);
}
