// matmul, conv, dwconv and conv_transpose on every instruction set against plain loops in double precision:
// tails, strides, dilations, paddings, groups, views with a pitch, epilogues, residuals, parts, and checks that refuse.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlc_kernel.h"
#include "dlc_pack.h"

extern const dlc_kernel dlc_matmul_kernel, dlc_matmul_pack_kernel, dlc_conv_kernel, dlc_conv_pack_kernel,
    dlc_dwconv_kernel, dlc_conv_transpose_kernel, dlc_conv_transpose_pack_kernel;

static int passed, failed;
static uint32_t seed = 1;

static uint32_t draw(void) { return (seed = seed * 1664525u + 1013904223u) >> 8; }
static int pick(int low, int high) { return low + (int)(draw() % (uint32_t)(high - low + 1)); }
static float value(void) { return (float)(draw() % 2001) / 1000.0f - 1.0f; }

static void expect(bool ok, const char *what) {
  if (ok) {
    passed++;
    return;
  }
  failed++;
  if (failed < 30) printf("FAIL %s (%s)\n", what, dlc_isa_name(dlc_current_isa()));
}

// A tensor whose memory ends exactly where its extent does, so that a sanitizer sees any step beyond it.
static dlc_tensor make(int pitch_more, int rank, const int32_t *dims, bool fill) {
  dlc_tensor t = {.type = DLC_F32, .rank = (uint8_t)rank};
  memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
  t.pitch = dims[rank - 1] + pitch_more;
  size_t n = (size_t)(dlc_rows(&t) * t.pitch) - (size_t)(dlc_rows(&t) ? pitch_more : 0);
  float *data = malloc(n * sizeof(float) + (n == 0));
  for (size_t i = 0; i < n; i++) data[i] = fill ? value() : -77.0f;
  t.data = data;
  return t;
}

static const dlc_tensor absent;

static float *at(const dlc_tensor *t, int64_t row, int64_t column) {
  return (float *)t->data + row * t->pitch + column;
}

static double reference_function(const dlc_epilogue *e, double x) {
  double a = e->alpha, b = e->beta;
  switch (e->function) {
  case DLC_FN_RELU: return x > 0 ? x : 0;
  case DLC_FN_CLIP: return x < a ? a : x > b ? b : x;
  case DLC_FN_LEAKY_RELU: return x < 0 ? a * x : x;
  case DLC_FN_SIGMOID: return 1 / (1 + exp(-x));
  case DLC_FN_TANH: return tanh(x);
  case DLC_FN_SILU: return x / (1 + exp(-a * x));
  case DLC_FN_HARD_SIGMOID: return fmin(1, fmax(0, a * x + b));
  case DLC_FN_HARD_SWISH: return x * fmin(1, fmax(0, x / 6 + 0.5));
  case DLC_FN_GELU: return x / 2 * (1 + erf(x / sqrt(2)));
  case DLC_FN_GELU_TANH: return x / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
  case DLC_FN_ELU: return x < 0 ? a * expm1(x) : x;
  case DLC_FN_SELU: return b * (x > 0 ? x : a * expm1(x));
  case DLC_FN_CELU: return x > 0 ? x : a * expm1(x / a);
  case DLC_FN_SOFTPLUS: return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
  case DLC_FN_SOFTSIGN: return x / (1 + fabs(x));
  case DLC_FN_MISH: return x * tanh(log1p(exp(x)));
  case DLC_FN_THRESHOLDED_RELU: return x > a ? x : 0;
  case DLC_FN_SHRINK: return x < -b ? x + a : x > b ? x - a : 0;
  default: return x;
  }
}

static dlc_epilogue any_epilogue(void) {
  dlc_epilogue e = {.function = pick(0, 2) ? pick(0, 2) : pick(0, 18), .alpha = 0.75f, .beta = 1.25f};
  if (e.function == DLC_FN_CLIP) e.alpha = -0.5f;
  if (e.function == DLC_FN_HARD_SIGMOID) e.beta = 0.5f;
  return e;
}

// The functions that jump at a threshold cannot be compared next to it.
static bool is_near_jump(const dlc_epilogue *e, double x) {
  if (e->function == DLC_FN_THRESHOLDED_RELU) return fabs(x - e->alpha) < 1e-4;
  if (e->function == DLC_FN_SHRINK) return fabs(fabs(x) - e->beta) < 1e-4;
  return false;
}

static bool is_close(double got, double want, double size) { return fabs(got - want) <= 2e-6 * size + 1e-6; }

// Checks the call, runs it in 1...4 parts with scratch of exactly the asked size; all must give the same bits.
static bool run_all_parts(const dlc_kernel *k, dlc_call *call, int out) {
  int line = k->check(call);
  if (line) {
    printf("%s refused at line %d\n", k->name, line);
    return false;
  }
  const dlc_tensor *y = &call->operands[out];
  size_t n = (size_t)(dlc_rows(y) * y->pitch) - (size_t)(y->pitch - dlc_row_length(y));
  size_t bytes = n * dlc_type_size(y->type);
  if (dlc_elements(y) == 0) bytes = 0;
  char *first = malloc(bytes + 1);
  bool same = true;
  for (uint32_t parts = 1; parts <= 4; parts++) {
    size_t need = k->scratch ? k->scratch(call) : 0;
    if (parts > 1)
      for (size_t i = 0; i < bytes; i++) ((char *)y->data)[i] = 0x55;
    for (uint32_t part = parts; part-- > 0;) {
      call->scratch = need ? aligned_alloc(64, (need + 63) & ~(size_t)63) : NULL;
      if (need) memset(call->scratch, 0xff, need);
      k->run(call, part, parts);
      free(call->scratch);
    }
    if (parts == 1) {
      memcpy(first, y->data, bytes);
    } else if (y->pitch == dlc_row_length(y)) {
      same &= memcmp(first, y->data, bytes) == 0;
    } else {
      for (int64_t row = 0; row < dlc_rows(y); row++)
        same &= memcmp((float *)first + row * y->pitch, at(y, row, 0), (size_t)dlc_row_length(y) * sizeof(float)) == 0;
      // Between the rows nothing is written.
      for (int64_t row = 0; row + 1 < dlc_rows(y); row++)
        for (int64_t c = dlc_row_length(y); c < y->pitch; c++) {
          uint32_t bits;
          memcpy(&bits, at(y, row, c), sizeof bits);
          same &= bits == 0x55555555u;
        }
    }
  }
  free(first);
  return same;
}

static void test_matmul(int m, int n, int k, int g, bool shared_a, bool shared_b, int views) {
  int32_t adims[] = {shared_a ? 1 : g, m, k}, ydims[] = {g, m, n}, bdims[] = {shared_b ? 1 : g, k, n};
  int32_t tdims[] = {bdims[0], n, k}, pdims[] = {bdims[0], (n + 15) / 16, k, 16}, biasdims[] = {n};
  const bool transposed = views & 1;
  dlc_tensor a = make(views & 2 ? 3 : 0, 3, adims, true),
             b = make(views & 4 ? 2 : 0, 3, transposed ? tdims : bdims, true);
  dlc_tensor packed = make(0, 4, pdims, false), y = make(views & 8 ? 5 : 0, 3, ydims, false);
  dlc_tensor bias = pick(0, 1) ? make(0, 1, biasdims, true) : absent,
             r = pick(0, 1) ? make(views & 16 ? 1 : 0, 3, ydims, true) : absent;
  dlc_matmul_pack_params pack = {transposed};
  dlc_tensor pack_operands[] = {b, packed};
  dlc_call pack_call = {pack_operands, &pack, NULL, 2, sizeof pack};
  bool ok = run_all_parts(&dlc_matmul_pack_kernel, &pack_call, 1);
  dlc_matmul_params p = {n, any_epilogue()};
  dlc_tensor operands[] = {a, packed, bias, r, y};
  dlc_call call = {operands, &p, NULL, 5, sizeof p};
  ok = ok && run_all_parts(&dlc_matmul_kernel, &call, 4);
  for (int64_t row = 0; row < (int64_t)g * m && ok; row++)
    for (int j = 0; j < n && ok; j++) {
      int64_t batch = row / m, arow = shared_a ? row % m : row, bbatch = shared_b ? 0 : batch;
      double sum = bias.data ? *at(&bias, 0, j) : 0, size = fabs(sum) + 1;
      for (int l = 0; l < k; l++) {
        double product =
            (double)*at(&a, arow, l) * (transposed ? *at(&b, bbatch * n + j, l) : *at(&b, bbatch * k + l, j));
        sum += product;
        size += fabs(product);
      }
      if (r.data) sum += *at(&r, row, j);
      ok = is_near_jump(&p.epilogue, sum) || is_close(*at(&y, row, j), reference_function(&p.epilogue, sum), size);
    }
  char what[128];
  snprintf(what, sizeof what, "matmul m%d n%d k%d g%d views %d function %d", m, n, k, g, views, p.epilogue.function);
  expect(ok, what);
  free(a.data), free(b.data), free(packed.data), free(y.data), free(bias.data), free(r.data);
}

typedef struct geometry {
  int n, in[3], c, o, groups;
  dlc_window w;
} geometry;

static bool any_geometry(geometry *g) {
  memset(g, 0, sizeof *g);
  g->n = pick(1, 2);
  int first = pick(0, 5) ? pick(1, 2) : 0;
  for (int i = 0; i < 3; i++) {
    bool used = i >= first;
    g->in[i] = used ? pick(1, i == 2 ? 40 : i == 1 ? 14 : 4) : 1;
    g->w.kernel[i] = used ? pick(1, pick(0, 3) ? 3 : 7) : 1;
    g->w.stride[i] = used ? pick(1, 3) : 1;
    g->w.dilation[i] = used && !pick(0, 2) ? pick(1, 4) : 1;
    g->w.pad_begin[i] = used ? pick(0, 3) : 0;
    g->w.pad_end[i] = used ? pick(0, 3) : 0;
  }
  static const int group_choices[] = {1, 1, 1, 2, 3};
  g->groups = group_choices[pick(0, 4)];
  g->c = g->groups * pick(1, pick(0, 1) ? 4 : 40);
  g->o = g->groups * pick(1, pick(0, 1) ? 40 : 20);
  return true;
}

static int64_t cell(const int32_t *dims, int64_t n, int64_t d, int64_t h, int64_t w) {
  return ((n * dims[1] + d) * dims[2] + h) * dims[3] + w;
}

// y of a convolution at every cell, by the definition; `weight(o, kd, kh, kw, c)` is w[o][kd][kh][kw][c] of the group.
static bool matches_conv(const geometry *g, const dlc_tensor *x, const dlc_tensor *w, bool depthwise,
                         const dlc_tensor *bias, const dlc_tensor *r, const dlc_tensor *y, const dlc_epilogue *e) {
  const dlc_window *v = &g->w;
  int cg = g->c / g->groups, og = g->o / g->groups;
  int64_t rows = dlc_rows(y);
  for (int64_t row = 0; row < rows; row++)
    for (int o = 0; o < g->o; o++) {
      int64_t rest = row, q[3];
      for (int i = 2; i >= 0; i--) {
        q[i] = rest % y->dims[1 + i];
        rest /= y->dims[1 + i];
      }
      double sum = bias->data ? *at(bias, 0, o) : 0, size = 2;
      for (int kd = 0; kd < v->kernel[0]; kd++)
        for (int kh = 0; kh < v->kernel[1]; kh++)
          for (int kw = 0; kw < v->kernel[2]; kw++) {
            int64_t d = q[0] * v->stride[0] - v->pad_begin[0] + kd * v->dilation[0];
            int64_t h = q[1] * v->stride[1] - v->pad_begin[1] + kh * v->dilation[1];
            int64_t z = q[2] * v->stride[2] - v->pad_begin[2] + kw * v->dilation[2];
            if (d < 0 || h < 0 || z < 0 || d >= x->dims[1] || h >= x->dims[2] || z >= x->dims[3]) continue;
            int64_t tap = ((int64_t)kd * v->kernel[1] + kh) * v->kernel[2] + kw;
            int64_t taps = (int64_t)v->kernel[0] * v->kernel[1] * v->kernel[2];
            for (int c = 0; c < cg; c++) {
              double weight = depthwise ? *at(w, tap, o) : *at(w, o * taps + tap, c);
              double product = weight * *at(x, cell(x->dims, rest, d, h, z), o / og * cg + c);
              sum += product;
              size += fabs(product);
            }
          }
      if (r->data) sum += *at(r, row, o);
      if (!is_near_jump(e, sum) && !is_close(*at(y, row, o), reference_function(e, sum), size)) return false;
    }
  return true;
}

static bool output_dims(const geometry *g, int32_t *ydims) {
  ydims[0] = g->n;
  ydims[4] = g->o;
  for (int i = 0; i < 3; i++) {
    int room = g->in[i] + g->w.pad_begin[i] + g->w.pad_end[i] - g->w.dilation[i] * (g->w.kernel[i] - 1) - 1;
    if (room < 0) return false;
    ydims[1 + i] = room / g->w.stride[i] + 1;
  }
  return true;
}

static void describe(char *what, size_t size, const char *family, const geometry *g, int function) {
  const dlc_window *w = &g->w;
  snprintf(what, size,
           "%s n%d in %d,%d,%d c%d o%d groups %d kernel %d,%d,%d stride %d,%d,%d dilation %d,%d,%d pads %d,%d,%d "
           "%d,%d,%d function %d",
           family, g->n, g->in[0], g->in[1], g->in[2], g->c, g->o, g->groups, w->kernel[0], w->kernel[1], w->kernel[2],
           w->stride[0], w->stride[1], w->stride[2], w->dilation[0], w->dilation[1], w->dilation[2], w->pad_begin[0],
           w->pad_begin[1], w->pad_begin[2], w->pad_end[0], w->pad_end[1], w->pad_end[2], function);
}

static void test_conv(const geometry *g, bool depthwise) {
  int32_t xdims[] = {g->n, g->in[0], g->in[1], g->in[2], g->c}, ydims[5];
  if (!output_dims(g, ydims)) return;
  const dlc_window *v = &g->w;
  int32_t taps = v->kernel[0] * v->kernel[1] * v->kernel[2], cg = g->c / g->groups, og = g->o / g->groups;
  int32_t wdims[] = {g->o, v->kernel[0], v->kernel[1], v->kernel[2], cg}, biasdims[] = {g->o};
  int32_t dwdims[] = {v->kernel[0], v->kernel[1], v->kernel[2], g->o},
          pdims[] = {g->groups, (og + 15) / 16, taps * cg, 16};
  dlc_tensor x = make(pick(0, 2) ? 0 : 3, 5, xdims, true), y = make(pick(0, 2) ? 0 : 5, 5, ydims, false);
  dlc_tensor w = depthwise ? make(0, 4, dwdims, true) : make(0, 5, wdims, true), packed = make(0, 4, pdims, false);
  dlc_tensor bias = pick(0, 1) ? make(0, 1, biasdims, true) : absent,
             r = pick(0, 1) ? make(pick(0, 1), 5, ydims, true) : absent;
  dlc_conv_pack_params pack = {g->groups};
  dlc_tensor pack_operands[] = {w, packed};
  dlc_call pack_call = {pack_operands, &pack, NULL, 2, sizeof pack};
  bool ok = depthwise || run_all_parts(&dlc_conv_pack_kernel, &pack_call, 1);
  dlc_conv_params p = {*v, g->groups, any_epilogue()};
  dlc_dwconv_params dp = {*v, g->o / g->c, p.epilogue};
  dlc_tensor operands[] = {x, depthwise ? w : packed, bias, r, y};
  dlc_call call = {operands, depthwise ? (void *)&dp : (void *)&p, NULL, 5, depthwise ? sizeof dp : sizeof p};
  ok = ok && run_all_parts(depthwise ? &dlc_dwconv_kernel : &dlc_conv_kernel, &call, 4);
  ok = ok && matches_conv(g, &x, &w, depthwise, &bias, &r, &y, &p.epilogue);
  char what[256];
  describe(what, sizeof what, depthwise ? "dwconv" : "conv", g, p.epilogue.function);
  expect(ok, what);
  free(x.data), free(y.data), free(w.data), free(packed.data), free(bias.data), free(r.data);
}

static void test_conv_transpose(const geometry *g) {
  const dlc_window *v = &g->w;
  int32_t xdims[] = {g->n, g->in[0], g->in[1], g->in[2], g->c}, ydims[5] = {g->n, 0, 0, 0, g->o}, biasdims[] = {g->o};
  for (int i = 0; i < 3; i++) {
    int room = v->stride[i] > v->dilation[i] ? v->stride[i] : v->dilation[i];
    ydims[1 + i] = v->stride[i] * (g->in[i] - 1) + v->dilation[i] * (v->kernel[i] - 1) + 1 - v->pad_begin[i] -
                   v->pad_end[i] + pick(0, room - 1);
    if (ydims[1 + i] < 1) return;
  }
  int cg = g->c / g->groups, og = g->o / g->groups;
  int32_t wdims[] = {g->c, v->kernel[0], v->kernel[1], v->kernel[2], og};
  dlc_conv_transpose_pack_params pack = {*v, g->groups};
  int32_t pdims[] = {(int32_t)dlc_conv_transpose_packed_elements(&pack, g->c, g->o)};
  dlc_tensor x = make(pick(0, 2) ? 0 : 3, 5, xdims, true), y = make(pick(0, 2) ? 0 : 5, 5, ydims, false);
  dlc_tensor w = make(0, 5, wdims, true), packed = make(0, 1, pdims, false);
  dlc_tensor bias = pick(0, 1) ? make(0, 1, biasdims, true) : absent,
             r = pick(0, 1) ? make(pick(0, 1), 5, ydims, true) : absent;
  dlc_tensor pack_operands[] = {w, packed};
  dlc_call pack_call = {pack_operands, &pack, NULL, 2, sizeof pack};
  bool ok = run_all_parts(&dlc_conv_transpose_pack_kernel, &pack_call, 1);
  dlc_conv_transpose_params p = {*v, g->groups, any_epilogue()};
  dlc_tensor operands[] = {x, packed, bias, r, y};
  dlc_call call = {operands, &p, NULL, 5, sizeof p};
  ok = ok && run_all_parts(&dlc_conv_transpose_kernel, &call, 4);
  // Scatter each input cell, as the operator is defined.
  size_t cells = (size_t)dlc_elements(&y);
  double *sum = calloc(cells, sizeof *sum), *size = calloc(cells, sizeof *size);
  for (int64_t row = 0; row < dlc_rows(&x); row++) {
    int64_t rest = row, i[3];
    for (int axis = 2; axis >= 0; axis--) {
      i[axis] = rest % xdims[1 + axis];
      rest /= xdims[1 + axis];
    }
    for (int kd = 0; kd < v->kernel[0]; kd++)
      for (int kh = 0; kh < v->kernel[1]; kh++)
        for (int kw = 0; kw < v->kernel[2]; kw++) {
          int64_t d = i[0] * v->stride[0] + kd * v->dilation[0] - v->pad_begin[0];
          int64_t h = i[1] * v->stride[1] + kh * v->dilation[1] - v->pad_begin[1];
          int64_t z = i[2] * v->stride[2] + kw * v->dilation[2] - v->pad_begin[2];
          if (d < 0 || h < 0 || z < 0 || d >= ydims[1] || h >= ydims[2] || z >= ydims[3]) continue;
          int64_t tap = ((int64_t)kd * v->kernel[1] + kh) * v->kernel[2] + kw,
                  taps = (int64_t)v->kernel[0] * v->kernel[1] * v->kernel[2];
          int64_t to = cell(ydims, rest, d, h, z) * g->o;
          for (int c = 0; c < g->c; c++)
            for (int o = 0; o < og; o++) {
              double product = (double)*at(&x, row, c) * *at(&w, c * taps + tap, o);
              sum[to + c / cg * og + o] += product;
              size[to + c / cg * og + o] += fabs(product);
            }
        }
  }
  for (size_t e = 0; e < cells && ok; e++) {
    int64_t row = (int64_t)e / g->o, o = (int64_t)e % g->o;
    double total = sum[e] + (bias.data ? *at(&bias, 0, o) : 0) + (r.data ? *at(&r, row, o) : 0);
    ok = is_near_jump(&p.epilogue, total) ||
         is_close(*at(&y, row, o), reference_function(&p.epilogue, total), size[e] + 2);
  }
  char what[256];
  describe(what, sizeof what, "conv_transpose", g, p.epilogue.function);
  expect(ok, what);
  free(sum), free(size), free(x.data), free(y.data), free(w.data), free(packed.data), free(bias.data), free(r.data);
}

static void test_functions(void) {
  // One row of identity weights: the epilogue of every value in -12...12, in a row product, a tile and a depthwise row.
  for (int f = 0; f <= 18; f++)
    for (int rows = 1; rows <= 3; rows += 2) {
      enum { N = 37 };
      int32_t adims[] = {rows, 1}, bdims[] = {1, N}, pdims[] = {1, 3, 1, 16}, ydims[] = {rows, N};
      dlc_tensor a = make(0, 2, adims, true), b = make(0, 2, bdims, true), packed = make(0, 4, pdims, false),
                 y = make(0, 2, ydims, false);
      for (int i = 0; i < rows; i++) *at(&a, i, 0) = 1;
      for (int j = 0; j < N; j++) *at(&b, 0, j) = (float)(j - 18) * 0.66f;
      dlc_matmul_pack_params pack = {0};
      dlc_tensor pack_operands[] = {b, packed};
      dlc_call pack_call = {pack_operands, &pack, NULL, 2, sizeof pack};
      bool ok = run_all_parts(&dlc_matmul_pack_kernel, &pack_call, 1);
      dlc_matmul_params p = {N, {f, 0.5f, 1.5f}};
      dlc_tensor operands[] = {a, packed, absent, absent, y};
      dlc_call call = {operands, &p, NULL, 5, sizeof p};
      ok = ok && run_all_parts(&dlc_matmul_kernel, &call, 4);
      for (int i = 0; i < rows; i++)
        for (int j = 0; j < N; j++) {
          double want = reference_function(&p.epilogue, *at(&b, 0, j)), got = *at(&y, i, j);
          ok = ok && fabs(got - want) <= 2e-6 * fabs(want) + 2e-7;
        }
      char what[64];
      snprintf(what, sizeof what, "function %d, %d rows", f, rows);
      expect(ok, what);
      free(a.data), free(b.data), free(packed.data), free(y.data);
    }
}

#define PLAIN_TEST(TYPE, CODE)                                                                                         \
  do {                                                                                                                 \
    TYPE a[2 * 3 * 4], b[4 * 5], y[2 * 3 * 5];                                                                         \
    for (int i = 0; i < 24; i++) a[i] = (TYPE)(i * 7 % 11);                                                            \
    for (int i = 0; i < 20; i++) b[i] = (TYPE)(i * 5 % 13);                                                            \
    dlc_tensor ops[] = {                                                                                               \
        {a, {2, 3, 4}, 4, CODE, 3}, {b, {4, 5}, 5, CODE, 2}, absent, absent, {y, {2, 3, 5}, 5, CODE, 3}};              \
    dlc_matmul_params p = {5, {0, 0, 0}};                                                                              \
    dlc_call call = {ops, &p, NULL, 5, sizeof p};                                                                      \
    bool ok = run_all_parts(&dlc_matmul_kernel, &call, 4);                                                             \
    for (int r = 0; r < 6 && ok; r++)                                                                                  \
      for (int j = 0; j < 5; j++) {                                                                                    \
        TYPE sum = 0;                                                                                                  \
        for (int k = 0; k < 4; k++) sum += a[r * 4 + k] * b[k * 5 + j];                                                \
        ok = ok && sum == y[r * 5 + j];                                                                                \
      }                                                                                                                \
    expect(ok, "matmul of " #TYPE);                                                                                    \
  } while (0)

static void test_half(uint8_t type, uint16_t one, uint16_t three, uint16_t seven) {
  uint16_t a[] = {three, one}, b[] = {one, three, one, three | 0x8000}, y[2];
  dlc_tensor ops[] = {{a, {1, 2}, 2, type, 2}, {b, {2, 2}, 2, type, 2}, absent, absent, {y, {1, 2}, 2, type, 2}};
  dlc_matmul_params p = {2, {0, 0, 0}};
  dlc_call call = {ops, &p, NULL, 5, sizeof p};
  bool ok = run_all_parts(&dlc_matmul_kernel, &call, 4);
  expect(ok && y[0] == seven, "matmul of half types"); // 3 1 + 1 1 = 4; 3 3 - 1 3 = 6
}

// Every single-field change of a sound call that makes it unsound must be refused.
static void test_refusals(void) {
  static float data[1 << 16];
  const dlc_tensor sound_conv[] = {{data, {1, 1, 8, 8, 6}, 6, DLC_F32, 5},
                                   {data, {1, 2, 54, 16}, 16, DLC_F32, 4},
                                   {data, {20}, 20, DLC_F32, 1},
                                   {data, {1, 1, 8, 8, 20}, 20, DLC_F32, 5},
                                   {data, {1, 1, 8, 8, 20}, 20, DLC_F32, 5}};
  const dlc_window window = {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}};
  const dlc_conv_params conv = {window, 1, {0, 0, 0}};
  const dlc_tensor sound_dw[] = {{data, {1, 1, 8, 8, 6}, 6, DLC_F32, 5},
                                 {data, {1, 3, 3, 6}, 6, DLC_F32, 4},
                                 {data, {6}, 6, DLC_F32, 1},
                                 {data, {1, 1, 8, 8, 6}, 6, DLC_F32, 5},
                                 {data, {1, 1, 8, 8, 6}, 6, DLC_F32, 5}};
  const dlc_dwconv_params dw = {window, 1, {0, 0, 0}};
  const dlc_tensor sound_tr[] = {{data, {1, 1, 8, 8, 6}, 6, DLC_F32, 5},
                                 {data, {9 * 6 * 32}, 9 * 6 * 32, DLC_F32, 1},
                                 {data, {20}, 20, DLC_F32, 1},
                                 {data, {1, 1, 8, 8, 20}, 20, DLC_F32, 5},
                                 {data, {1, 1, 8, 8, 20}, 20, DLC_F32, 5}};
  const dlc_conv_transpose_params tr = {window, 1, {0, 0, 0}};
  const dlc_tensor sound_mm[] = {{data, {2, 8, 6}, 6, DLC_F32, 3},
                                 {data, {2, 2, 6, 16}, 16, DLC_F32, 4},
                                 {data, {20}, 20, DLC_F32, 1},
                                 {data, {2, 8, 20}, 20, DLC_F32, 3},
                                 {data, {2, 8, 20}, 20, DLC_F32, 3}};
  const dlc_matmul_params mm = {20, {0, 0, 0}};
  const struct {
    const dlc_kernel *kernel;
    const dlc_tensor *operands;
    const void *params;
    uint32_t bytes;
    uint32_t window_words; // leading words of the parameters that are a window, 0 for none
  } cases[] = {
      {&dlc_conv_kernel, sound_conv, &conv, sizeof conv, 15},
      {&dlc_dwconv_kernel, sound_dw, &dw, sizeof dw, 15},
      {&dlc_conv_transpose_kernel, sound_tr, &tr, sizeof tr, 15},
      {&dlc_matmul_kernel, sound_mm, &mm, sizeof mm, 0},
  };
  static const int32_t bad[] = {-1, INT32_MIN, INT32_MAX, 1 << 30, 77};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const dlc_kernel *k = cases[i].kernel;
    dlc_tensor ops[5];
    int32_t words[32];
    memcpy(ops, cases[i].operands, sizeof ops);
    memcpy(words, cases[i].params, cases[i].bytes);
    dlc_call call = {ops, words, NULL, 5, cases[i].bytes};
    char what[96];
    expect(k->check(&call) == 0, "sound call accepted");
    for (int o = 0; o < 5; o++) {
      for (int d = 0; d < ops[o].rank; d++)
        for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
          ops[o].dims[d] = bad[b];
          snprintf(what, sizeof what, "%s refuses operand %d axis %d = %d", k->name, o, d, bad[b]);
          expect(k->check(&call) != 0, what);
          ops[o] = cases[i].operands[o];
        }
      ops[o].pitch = ops[o].pitch - 1;
      expect(k->check(&call) != 0, "short pitch refused");
      ops[o] = cases[i].operands[o];
      ops[o].type = DLC_I8;
      expect(k->check(&call) != 0, "wrong type refused");
      ops[o].type = DLC_F32;
      ops[o].rank = 6;
      expect(k->check(&call) != 0, "wrong rank refused");
      ops[o].rank = 255;
      expect(k->check(&call) != 0, "absurd rank refused");
      ops[o] = cases[i].operands[o];
    }
    for (uint32_t w = 0; w < cases[i].bytes / 4 - 2; w++)
      for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        // A dilation or depth stride that no cell uses may be anything in range.
        if (bad[b] == 77 && w < cases[i].window_words) continue;
        int32_t saved = words[w];
        words[w] = bad[b];
        snprintf(what, sizeof what, "%s refuses parameter word %u = %d", k->name, w, bad[b]);
        expect(k->check(&call) != 0, what);
        words[w] = saved;
      }
    call.operand_count = 4;
    expect(k->check(&call) != 0, "missing operand refused");
    call.operand_count = 5;
    call.params_bytes -= 4;
    expect(k->check(&call) != 0, "short parameters refused");
  }
}

static void test_isa(int rounds) {
  test_functions();
  for (int m = 1; m <= 26; m++)
    for (int n = 1; n <= 49; n += m < 14 ? 1 : 16) test_matmul(m, n, pick(0, 9), 1, false, false, (int)draw() & 31);
  for (int n = 1; n <= 140; n += 3) test_matmul(1, n, pick(0, 70), 1, false, false, 0);
  for (int i = 0; i < rounds; i++) {
    bool shared_a = !pick(0, 3), shared_b = !pick(0, 2);
    test_matmul(pick(1, 70), pick(1, 130), pick(1, 80), pick(1, 4), shared_a, shared_b, (int)draw() & 31);
  }
  test_matmul(300, 33, 5, 1, false, false, 0);
  for (int i = 0; i < rounds * 4; i++) {
    geometry g;
    any_geometry(&g);
    test_conv(&g, false);
    any_geometry(&g);
    test_conv_transpose(&g);
    any_geometry(&g);
    if (!pick(0, 1)) {
      // The windows that have their own code.
      for (int j = 0; j < 3; j++) g.w.dilation[j] = 1;
      g.w.kernel[2] = pick(0, 1) ? 3 : 5;
      g.w.stride[2] = pick(1, 2);
    }
    if (!pick(0, 1)) {
      // The square ones among them.
      g.w.kernel[0] = g.w.stride[0] = 1;
      g.w.pad_begin[0] = g.w.pad_end[0] = 0;
      g.w.kernel[1] = g.w.kernel[2] = pick(0, 1) ? 3 : 5;
      g.w.stride[1] = g.w.stride[2] = pick(1, 2);
      for (int j = 0; j < 3; j++) g.w.dilation[j] = 1;
      for (int j = 1; j < 3; j++) {
        g.in[j] = pick(5, 20);
        g.w.pad_begin[j] = pick(0, 3);
        g.w.pad_end[j] = pick(0, 3);
      }
    }
    int multiplier = pick(0, 3) ? 1 : pick(2, 3);
    g.groups = g.c = pick(1, 40);
    g.o = g.c * multiplier;
    test_conv(&g, true);
  }
  geometry stem = {.n = 2,
                   .in = {1, 61, 59},
                   .c = 3,
                   .o = 40,
                   .groups = 1,
                   .w = {{1, 7, 7}, {1, 2, 2}, {1, 1, 1}, {0, 3, 3}, {0, 3, 3}}};
  test_conv(&stem, false);
  geometry wide = {.n = 1,
                   .in = {1, 40, 600},
                   .c = 4,
                   .o = 5,
                   .groups = 1,
                   .w = {{1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}}};
  test_conv(&wide, false);
  geometry sparse = {.n = 1,
                     .in = {1, 9, 9},
                     .c = 20,
                     .o = 20,
                     .groups = 1,
                     .w = {{1, 3, 3}, {1, 1, 1}, {1, 12, 12}, {0, 12, 12}, {0, 12, 12}}};
  test_conv(&sparse, false);
  geometry squeeze = {.n = 1,
                      .in = {1, 1, 1},
                      .c = 40,
                      .o = 100,
                      .groups = 1,
                      .w = {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}}};
  test_conv(&squeeze, false);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 100;
  static const dlc_isa isas[] = {DLC_ISA_SCALAR, DLC_ISA_AVX2, DLC_ISA_AVX512, DLC_ISA_NEON};
  for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
    if (!dlc_set_isa(isas[i])) continue;
    int before = failed;
    test_isa(rounds);
    printf("%s: %s\n", dlc_isa_name(isas[i]), failed == before ? "ok" : "failures");
  }
  PLAIN_TEST(double, DLC_F64);
  PLAIN_TEST(int32_t, DLC_I32);
  PLAIN_TEST(int64_t, DLC_I64);
  PLAIN_TEST(uint32_t, DLC_U32);
  PLAIN_TEST(uint64_t, DLC_U64);
  test_half(DLC_F16, 0x3c00, 0x4200, 0x4400);
  test_half(DLC_BF16, 0x3f80, 0x4040, 0x4080);
  test_refusals();
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
