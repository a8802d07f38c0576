// qconv and qconv_pack.
#include "qconv/geometry.h"
#include "test_qcontractions.h"

static int64_t cell(const int32_t *dims, int64_t n, int64_t d, int64_t h, int64_t w) {
  return ((n * dims[1] + d) * dims[2] + h) * dims[3] + w;
}

// The sum of output cell `row`, channel `o`, by the definition.
static int32_t sum_of(const geometry *g, const dlc_tensor *x, const dlc_tensor *w, const int32_t *ydims, int64_t row,
                      int o, int32_t x_zero) {
  const dlc_window *v = &g->w;
  const int cg = g->c / g->groups, og = g->o / g->groups;
  int64_t rest = row, q[3];
  for (int i = 2; i >= 0; i--) {
    q[i] = rest % ydims[1 + i];
    rest /= ydims[1 + i];
  }
  int32_t sum = 0;
  int64_t at = (int64_t)o * v->kernel[0] * v->kernel[1] * v->kernel[2] * cg;
  for (int kd = 0; kd < v->kernel[0]; kd++)
    for (int kh = 0; kh < v->kernel[1]; kh++)
      for (int kw = 0; kw < v->kernel[2]; kw++) {
        const int64_t d = q[0] * v->stride[0] - v->pad_begin[0] + kd * v->dilation[0];
        const int64_t h = q[1] * v->stride[1] - v->pad_begin[1] + kh * v->dilation[1];
        const int64_t z = q[2] * v->stride[2] - v->pad_begin[2] + kw * v->dilation[2];
        const bool out = d < 0 || h < 0 || z < 0 || d >= x->dims[1] || h >= x->dims[2] || z >= x->dims[3];
        for (int c = 0; c < cg; c++, at++)
          sum += weight_at(w, at) * (out ? x_zero : u8_at(x, cell(x->dims, rest, d, h, z), o / og * cg + c));
      }
  return sum;
}

static void one(const geometry *g) {
  int32_t xdims[] = {g->n, g->in[0], g->in[1], g->in[2], g->c}, ydims[5] = {g->n, 0, 0, 0, g->o};
  const dlc_window *v = &g->w;
  for (int i = 0; i < 3; i++) {
    const int room = g->in[i] + v->pad_begin[i] + v->pad_end[i] - v->dilation[i] * (v->kernel[i] - 1) - 1;
    if (room < 0) return;
    ydims[1 + i] = room / v->stride[i] + 1;
  }
  const int32_t cg = g->c / g->groups, depth = v->kernel[0] * v->kernel[1] * v->kernel[2] * cg;
  const int32_t wdims[] = {g->o, v->kernel[0], v->kernel[1], v->kernel[2], cg};
  dlc_qconv_pack_params pack = {*v, g->groups};
  const int32_t pdims[] = {(int32_t)dlc_qconv_packed_bytes(&pack, g->c, g->o)};
  const dlc_tensor x = make(DLC_U8, pick(0, 2) ? 0 : 3, 5, xdims), w = make(DLC_I8, 0, 5, wdims),
                   packed = make(DLC_I8, 0, 1, pdims);
  const ending e = any_ending(5, ydims, depth);
  dlc_tensor pack_operands[] = {w, packed};
  dlc_call pack_call = {pack_operands, &pack, NULL, 2, sizeof pack};
  bool ok = run_all_parts(&dlc_qconv_pack_kernel, &pack_call, 1);
  dlc_qconv_params p = {*v, g->groups, pick(0, 2) ? pick(0, 255) : 0, e.q};
  dlc_qgeometry shape = {0};
  dlc_qgeometry_of(dlc_window_taps(v), g->groups, g->c, g->o, &shape);
  dlc_tensor operands[] = {x, any_narrow(&packed, shape.outputs, 1), e.bias, e.scale, e.residual, e.table, e.y};
  dlc_call call = {operands, &p, NULL, 7, sizeof p};
  ok = ok && run_all_parts(&dlc_qconv_kernel, &call, 6);
  for (int64_t row = 0; row < dlc_rows(&e.y) && ok; row++)
    for (int o = 0; o < g->o && ok; o++)
      ok = matches(&e, row, o, sum_of(g, &x, &w, ydims, row, o, p.x_zero), bias_at(&e.bias, o));
  char what[256];
  describe(what, sizeof what, "qconv", g, &e);
  expect(ok, what);
  release_all();
}

void test_qconv(int rounds) {
  for (int i = 0; i < rounds * 3; i++) {
    geometry g = any_geometry();
    if (pick(0, 5) == 0)
      for (int j = 0; j < 3; j++) {
        // Rows as they lie.
        g.w.kernel[j] = g.w.stride[j] = 1;
        g.w.pad_begin[j] = g.w.pad_end[j] = 0;
      }
    one(&g);
  }
  static const geometry cases[] = {
      // A stem, rows longer than a tile, windows mostly outside, a single cell, one channel, few channels in groups.
      {2, {1, 31, 29}, 3, 40, 1, {{1, 7, 7}, {1, 2, 2}, {1, 1, 1}, {0, 3, 3}, {0, 3, 3}}},
      {1, {1, 9, 300}, 4, 5, 1, {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 9, 9}, 20, 20, 1, {{1, 3, 3}, {1, 1, 1}, {1, 12, 12}, {0, 12, 12}, {0, 12, 12}}},
      {1, {1, 1, 1}, 40, 100, 1, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}}},
      {1, {1, 12, 12}, 1, 10, 1, {{1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 2, 2}, {0, 2, 2}}},
      {1, {1, 10, 11}, 64, 64, 16, {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 10, 11}, 40, 40, 40, {{1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 14, 14}, 48, 144, 3, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}}},
      {1, {1, 7, 7}, 256, 80, 1, {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 16, 16}, 32, 70, 1, {{1, 1, 1}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}}},
      {1, {1, 6, 6}, 7, 70, 1, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 3, 2}, 33, 9, 1, {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {2, 0, 3}, 6, 9, 1, {{1, 2, 2}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    for (int repeat = 0; repeat < 3; repeat++) one(&cases[i]);
}
