// qmatmul, qconv and qdwconv of s16 against sums in 64 bits.
#include "test_qcontractions.h"

extern const dlc_kernel dlc_qdwconv_kernel, dlc_qdwconv_pack_kernel;

static int16_t s16_at(const dlc_tensor *t, int64_t row, int64_t column) {
  return ((const int16_t *)t->data)[row * t->pitch + column];
}

// Random s16, some tensors of extremes alone, which pass 32 bits after few products.
static dlc_tensor make_s16(int pitch_more, int rank, const int32_t *dims) {
  const dlc_tensor t = make(DLC_I16, pitch_more, rank, dims);
  if (pick(0, 3)) return t;
  const int16_t extreme = pick(0, 1) ? INT16_MAX : INT16_MIN;
  for (int64_t row = 0; row < dlc_rows(&t); row++)
    for (int64_t i = 0; i < dlc_row_length(&t); i++) ((int16_t *)t.data)[row * t.pitch + i] = extreme;
  return t;
}

static ending s16_ending(int rank, const int32_t *ydims, int64_t depth) {
  const int32_t n[] = {ydims[rank - 1]};
  ending e = {.bias = any_biases(n[0], pick(0, 3) ? 4000000 : INT32_MAX / 2)};
  const bool is_float = pick(0, 4) == 0;
  const int pitch_more = pick(0, 2) ? 0 : 5;
  if (is_float)
    e.y = make(DLC_F32, pitch_more, rank, ydims);
  else
    e.y = make(DLC_I16, pitch_more, rank, ydims);
  e.q = (dlc_requantize){.low = -32768, .high = 32767, .residual_scale = 0.37f};
  if (pick(0, 3) == 0) e.q.low = 0, e.q.high = 30000.25f;
  e.scale = any_scales(n[0], 8000.0f / (18000.0f * 70.0f * sqrtf((float)depth + 1)), 0x1p-12f);
  if (pick(0, 1)) e.residual = make_s16(pick(0, 1) ? 0 : 3, rank, ydims);
  return e;
}

static bool matches_s16(const ending *e, int64_t row, int32_t channel, int64_t sum) {
  float t = (float)(sum + bias_at(&e->bias, channel)) * scale_at(&e->scale, channel);
  if (e->residual.data) {
    const float r = (float)s16_at(&e->residual, row, channel) * e->q.residual_scale;
    t = t + r;
  }
  t = fminf(fmaxf(t, e->q.low), e->q.high);
  if (e->y.type == DLC_F32) return ((float *)e->y.data)[row * e->y.pitch + channel] == t;
  return s16_at(&e->y, row, channel) == (int16_t)rintf(t);
}

static void matmul(int m, int n, int k, int g, bool shared_b, bool has_pitch) {
  const int32_t batches = shared_b ? 1 : g, adims[] = {g, m, k}, ydims[] = {g, m, n}, bdims[] = {batches, k, n},
                pdims[] = {batches, (n + 15) / 16, (k + 3) / 4, 16, 4};
  const dlc_tensor a = make_s16(has_pitch ? 3 : 0, 3, adims), b = make(DLC_I8, 0, 3, bdims),
                   packed = make(DLC_I8, 0, 5, pdims);
  const ending e = s16_ending(3, ydims, k);
  dlc_qmatmul_pack_params pack = {0, 0, 0};
  dlc_tensor pack_operands[] = {b, packed};
  dlc_call pack_call = {pack_operands, &pack, NULL, 2, sizeof pack};
  bool ok = run_all_parts(&dlc_qmatmul_pack_kernel, &pack_call, 1);
  dlc_qmatmul_params p = {n, 0, 0, e.q};
  dlc_tensor operands[] = {a, any_narrow(&packed, n, 5), e.bias, e.scale, e.residual, absent, e.y};
  dlc_call call = {operands, &p, NULL, 7, sizeof p};
  ok = ok && run_all_parts(&dlc_qmatmul_kernel, &call, 6);
  for (int64_t row = 0; row < (int64_t)g * m && ok; row++)
    for (int j = 0; j < n && ok; j++) {
      int64_t sum = 0;
      for (int l = 0; l < k; l++)
        sum += (int64_t)s16_at(&a, row, l) * weight_at(&b, ((shared_b ? 0 : row / m) * k + l) * n + j);
      ok = matches_s16(&e, row, j, sum);
    }
  char what[128];
  snprintf(what, sizeof what, "qmatmul s16 m%d n%d k%d g%d y type %d", m, n, k, g, e.y.type);
  expect(ok, what);
  release_all();
}

// Input cell `i` along axis `axis` that output cell `q` reads at tap `k`, or -1.
static int64_t input_of(const geometry *g, int axis, int64_t q, int64_t k) {
  const int64_t at = q * g->w.stride[axis] - g->w.pad_begin[axis] + k * g->w.dilation[axis];
  return at < 0 || at >= g->in[axis] ? -1 : at;
}

// The sum of output cell `row`, channel `o`; weights are [O, taps, channels of a group].
static int64_t sum_of(const geometry *g, const dlc_tensor *x, const dlc_tensor *w, const int32_t *ydims, int64_t row,
                      int o) {
  const int cg = g->c / g->groups, og = g->o / g->groups;
  int64_t rest = row, q[3], sum = 0, at = (int64_t)o * g->w.kernel[0] * g->w.kernel[1] * g->w.kernel[2] * cg;
  for (int i = 2; i >= 0; i--) {
    q[i] = rest % ydims[1 + i];
    rest /= ydims[1 + i];
  }
  for (int kd = 0; kd < g->w.kernel[0]; kd++)
    for (int kh = 0; kh < g->w.kernel[1]; kh++)
      for (int kw = 0; kw < g->w.kernel[2]; kw++, at += cg) {
        const int64_t d = input_of(g, 0, q[0], kd), h = input_of(g, 1, q[1], kh), z = input_of(g, 2, q[2], kw);
        if (d < 0 || h < 0 || z < 0) continue;
        const int64_t cell = ((rest * g->in[0] + d) * g->in[1] + h) * g->in[2] + z;
        for (int c = 0; c < cg; c++) sum += (int64_t)weight_at(w, at + c) * s16_at(x, cell, o / og * cg + c);
      }
  return sum;
}

static void convolve(const geometry *g, bool is_depthwise) {
  int32_t xdims[] = {g->n, g->in[0], g->in[1], g->in[2], g->c}, ydims[5] = {g->n, 0, 0, 0, g->o};
  for (int i = 0; i < 3; i++) {
    const int room = g->in[i] + g->w.pad_begin[i] + g->w.pad_end[i] - g->w.dilation[i] * (g->w.kernel[i] - 1) - 1;
    if (room < 0) return;
    ydims[1 + i] = room / g->w.stride[i] + 1;
  }
  const int32_t *kernel = g->w.kernel, cg = g->c / g->groups, depth = kernel[0] * kernel[1] * kernel[2] * cg;
  const int32_t wdims[] = {g->o, kernel[0], kernel[1], kernel[2], cg};
  dlc_qconv_pack_params pack = {g->w, g->groups};
  dlc_qdwconv_pack_params depthwise_pack = {g->w};
  const int32_t pdims[] = {(int32_t)(is_depthwise ? dlc_qdwconv_packed_bytes(&depthwise_pack, g->o)
                                                  : dlc_qconv_packed_bytes(&pack, g->c, g->o))};
  const dlc_tensor x = make_s16(pick(0, 2) ? 0 : 3, 5, xdims), w = make(DLC_I8, 0, 5, wdims),
                   packed = make(DLC_I8, 0, 1, pdims);
  for (int64_t i = 0; i < dlc_elements(&w) && is_depthwise; i++) ((int8_t *)w.data)[i] = (int8_t)weight_at(&w, i);
  const ending e = s16_ending(5, ydims, depth);
  dlc_tensor pack_operands[] = {w, packed};
  dlc_call pack_call = {pack_operands, is_depthwise ? (const void *)&depthwise_pack : &pack, NULL, 2,
                        is_depthwise ? sizeof depthwise_pack : sizeof pack};
  bool ok = run_all_parts(is_depthwise ? &dlc_qdwconv_pack_kernel : &dlc_qconv_pack_kernel, &pack_call, 1);
  dlc_qconv_params p = {g->w, g->groups, 0, e.q};
  dlc_qdwconv_params depthwise = {g->w, 1, 0, e.q};
  dlc_tensor operands[] = {x, packed, e.bias, e.scale, e.residual, absent, e.y};
  dlc_call call = {operands, is_depthwise ? (const void *)&depthwise : &p, NULL, 7,
                   is_depthwise ? sizeof depthwise : sizeof p};
  ok = ok && run_all_parts(is_depthwise ? &dlc_qdwconv_kernel : &dlc_qconv_kernel, &call, 6);
  for (int64_t row = 0; row < dlc_rows(&e.y) && ok; row++)
    for (int o = 0; o < g->o && ok; o++) ok = matches_s16(&e, row, o, sum_of(g, &x, &w, ydims, row, o));
  char what[256];
  describe(what, sizeof what, is_depthwise ? "qdwconv s16" : "qconv s16", g, &e);
  expect(ok, what);
  release_all();
}

// Each call that is out of bounds for s16 is refused, and the one it is made of is not.
static void refusals(void) {
  int16_t a[8] = {0}, y[8], residual[8] = {0};
  int8_t b[64] = {0};
  int32_t bias[4] = {0};
  float scale[4] = {1, 1, 1, 1};
  uint8_t table[256] = {0};
  const dlc_tensor good[] = {{a, {2, 4}, 4, DLC_I16, 2},        {b, {1, 1, 1, 16, 4}, 4, DLC_I8, 5},
                             {bias, {4}, 4, DLC_I32, 1},        {scale, {4}, 4, DLC_F32, 1},
                             {residual, {2, 4}, 4, DLC_I16, 2}, {0},
                             {y, {2, 4}, 4, DLC_I16, 2}};
  const dlc_qmatmul_params params = {4, 0, 0, {-32768, 32767, 0, 0, 1}};
  for (int k = 0; k < 12; k++) {
    dlc_tensor operands[7];
    memcpy(operands, good, sizeof good);
    dlc_qmatmul_params p = params;
    switch (k) {
    case 0: break;
    case 1: p.a_zero = 1; break;
    case 2: p.b_zero = 1; break;
    case 3: p.requantize.zero = 1; break;
    case 4: p.requantize.residual_zero = 1; break;
    case 5: p.requantize.high = 32768; break;
    case 6: p.requantize.low = -32769; break;
    case 7: p.requantize.low = NAN; break;
    case 8: operands[6].type = DLC_U8; break;
    case 9: operands[4].type = DLC_U8; break;
    case 10: operands[5] = (dlc_tensor){table, {256}, 256, DLC_U8, 1}; break;
    default: operands[6].type = DLC_I32; break;
    }
    const dlc_call call = {operands, &p, NULL, 7, sizeof p};
    char what[64];
    snprintf(what, sizeof what, "qmatmul s16 refusal %d", k);
    expect((dlc_qmatmul_kernel.check(&call) == 0) == (k == 0), what);
  }
  // As many products as stay exact, and four more.
  for (int more = 0; more < 2; more++) {
    const int32_t depth = (1 << 18) + 4 * more;
    dlc_tensor operands[7];
    memcpy(operands, good, sizeof good);
    operands[0].dims[1] = operands[0].pitch = depth;
    operands[1].dims[2] = depth / 4;
    const dlc_call call = {operands, &params, NULL, 7, sizeof params};
    expect((dlc_qmatmul_kernel.check(&call) == 0) == (more == 0), "qmatmul s16 depth");
  }
}

void test_s16(int rounds) {
  for (int m = 1; m <= 14; m++)
    for (int n = 1; n <= 65; n += m < 8 ? 5 : 17) matmul(m, n, pick(0, 21), 1, false, pick(0, 1));
  for (int i = 0; i < rounds / 2; i++)
    matmul(pick(1, 20), pick(1, 70), pick(1, 80), pick(1, 3), pick(0, 1), pick(0, 1));
  // Sums of several blocks, with ends in and between groups of four.
  static const int depths[] = {511, 512, 513, 515, 1024, 1027, 3000};
  for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++)
    matmul(pick(1, 7), pick(1, 40), depths[i], 1, false, false);
  matmul(2, 5, 1 << 16, 1, false, false);
  matmul(0, 5, 5, 1, false, false);
  for (int i = 0; i < rounds * 2; i++) {
    geometry g = any_geometry();
    if (pick(0, 5) == 0)
      for (int j = 0; j < 3; j++) {
        g.w.kernel[j] = g.w.stride[j] = 1;
        g.w.pad_begin[j] = g.w.pad_end[j] = 0;
      }
    convolve(&g, false);
    g.c = g.o = g.groups = pick(1, 70);
    convolve(&g, true);
  }
  static const geometry cases[] = {
      {1, {1, 7, 7}, 256, 80, 1, {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}},
      {1, {1, 9, 40}, 24, 40, 1, {{1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 2, 2}, {0, 2, 2}}},
      {2, {1, 31, 29}, 3, 40, 1, {{1, 7, 7}, {1, 2, 2}, {1, 1, 1}, {0, 3, 3}, {0, 3, 3}}},
      {1, {1, 9, 9}, 20, 20, 1, {{1, 3, 3}, {1, 1, 1}, {1, 12, 12}, {0, 12, 12}, {0, 12, 12}}},
      {1, {1, 30, 30}, 33, 33, 33, {{1, 22, 23}, {1, 1, 1}, {1, 1, 1}, {0, 3, 3}, {0, 3, 3}}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) convolve(&cases[i], cases[i].groups > 1);
  refusals();
}
