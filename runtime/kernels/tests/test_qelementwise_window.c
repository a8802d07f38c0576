// Tests of qpool, qreduce and qsoftmax.
#include "test_qelementwise.h"

extern const dlc_kernel dlc_qpool_kernel, dlc_qreduce_kernel, dlc_qsoftmax_kernel;

static int64_t qpool_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_qpool_params *p = params;
  const dlc_tensor *x = &t[0];
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, at[3];
  const int64_t channels = dlc_row_length(x), c = flat % channels;
  int64_t rest = flat / channels, sum = 0, inside = 0, counted = 0;
  for (int i = 0; i < x->rank - 2; i++) {
    in[5 - x->rank + i] = x->dims[1 + i];
    out[5 - x->rank + i] = y->dims[1 + i];
  }
  for (int i = 2; i >= 0; i--) at[i] = rest % out[i], rest /= out[i];
  const dlc_window *w = &p->window;
  for (int64_t a = 0; a < w->kernel[0]; a++)
    for (int64_t b = 0; b < w->kernel[1]; b++)
      for (int64_t e = 0; e < w->kernel[2]; e++) {
        const int64_t k[3] = {a, b, e};
        int64_t q[3];
        bool is_inside = true, is_padded = true;
        for (int i = 0; i < 3; i++) {
          q[i] = at[i] * w->stride[i] - w->pad_begin[i] + k[i] * w->dilation[i];
          is_inside = is_inside && q[i] >= 0 && q[i] < in[i];
          is_padded = is_padded && q[i] < in[i] + w->pad_end[i];
        }
        counted += p->count_include_pad ? is_padded : is_inside;
        if (!is_inside) continue;
        inside++;
        sum += get(x, (((rest * in[0] + q[0]) * in[1] + q[1]) * in[2] + q[2]) * channels + c);
      }
  const float factor = p->scale / (float)(counted > 1 ? counted : 1);
  if (x->type == DLC_I16) return rounded((float)sum * factor, -32768, 32767, 0);
  return rounded((float)(sum - inside * p->x_zero) * factor, (float)-p->zero, (float)(255 - p->zero), p->zero);
}

void test_qpool(void) {
  reference *const references[] = {qpool_reference};
  for (int turn = 0; turn < 120; turn++) {
    dlc_qpool_params p = {.count_include_pad = turn & 1, .x_zero = pick(0, 255), .zero = pick(0, 255)};
    p.scale = (float)pick(1, 300) * 0.01f;
    const int rank = 3 + turn % 3;
    int32_t x_dims[5] = {pick(1, 2)}, y_dims[5] = {x_dims[0]};
    for (int i = 0; i < 3; i++) {
      p.window.kernel[i] = p.window.stride[i] = p.window.dilation[i] = 1;
      const int at = i - 4 + rank;
      if (at < 1) continue;
      p.window.kernel[i] = pick(1, 3);
      p.window.stride[i] = pick(1, 3);
      p.window.dilation[i] = pick(1, 2);
      p.window.pad_begin[i] = pick(0, p.window.kernel[i] - 1);
      p.window.pad_end[i] = pick(0, p.window.kernel[i] - 1);
      x_dims[at] = pick(5, 8);
      const int span = x_dims[at] + p.window.pad_begin[i] + p.window.pad_end[i] -
                       p.window.dilation[i] * (p.window.kernel[i] - 1) - 1;
      y_dims[at] = span / p.window.stride[i] + 1;
      // One window more, as with sizes that round up.
      if (turn % 4 == 3 && span % p.window.stride[i] && y_dims[at] * p.window.stride[i] < x_dims[at]) y_dims[at]++;
    }
    x_dims[rank - 1] = y_dims[rank - 1] = turn % 5 == 0 ? 64 * pick(1, 3) : pick(1, 150);
    const uint8_t type = turn / 6 % 3 == 1 ? DLC_I16 : DLC_U8;
    if (type == DLC_I16) p.x_zero = p.zero = 0;
    dlc_tensor t[] = {make(type, turn % 3, rank, x_dims), make(type, turn % 4, rank, y_dims)};
    run_case(&dlc_qpool_kernel, t, 2, 1, &p, sizeof p, references, "window");
    free_all(t, 2);
  }
  dlc_qpool_params p = {{{1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0}, {0}}, 0, 3, 4, 0.5f};
  dlc_tensor t[] = {MAKE(DLC_U8, 0, 1, 4, 4, 3), MAKE(DLC_U8, 0, 1, 2, 2, 3)};
  expect(checked(&dlc_qpool_kernel, t, 2, &p, sizeof p) == 0, "qpool refuses a good call");
#define REFUSES(change, restore, what)                                                                                 \
  change;                                                                                                              \
  expect(checked(&dlc_qpool_kernel, t, 2, &p, sizeof p) != 0, "qpool accepts " what);                                  \
  restore;
  REFUSES(p.window.stride[1] = 0, p.window.stride[1] = 2, "stride 0")
  REFUSES(p.window.kernel[2] = 0, p.window.kernel[2] = 2, "kernel 0")
  REFUSES(p.window.pad_begin[1] = -1, p.window.pad_begin[1] = 0, "a negative padding")
  REFUSES(p.window.stride[1] = INT32_MAX, p.window.stride[1] = 2, "windows outside the input")
  REFUSES(p.zero = 256, p.zero = 4, "a zero point of 256")
  REFUSES(p.x_zero = -1, p.x_zero = 3, "a negative zero point")
  REFUSES(t[1].dims[3] = 2, t[1].dims[3] = 3, "other channels")
  REFUSES(t[1].type = DLC_F32, t[1].type = DLC_U8, "f32")
  REFUSES(t[0].type = t[1].type = DLC_I16, t[0].type = t[1].type = DLC_U8, "zero points of s16")
  // Extreme but sound windows stay inside.
  p.window.kernel[1] = p.window.dilation[1] = INT32_MAX;
  p.window.pad_begin[2] = p.window.pad_end[2] = INT32_MAX;
  p.window.kernel[2] = INT32_MAX;
  p.count_include_pad = 1;
  const dlc_call call = {t, &p, NULL, 2, sizeof p};
  expect(dlc_qpool_kernel.check(&call) == 0, "qpool refuses an extreme window");
  expect(dlc_qpool_kernel.parts(&call) >= 1 && dlc_qpool_kernel.run(&call, 0, 1) == 0, "qpool with an extreme window");
  free_all(t, 2);
}

static int64_t qreduce_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_qreduce_params *p = params;
  const dlc_tensor *x = &t[0];
  int64_t sum = 0, count = 0, at[DLC_MAX_RANK];
  const bool keeps = x->rank == y->rank;
  for (int64_t i = 0; i < dlc_elements(x); i++) {
    int64_t rest = i, own = 0;
    for (int k = x->rank - 1; k >= 0; k--) at[k] = rest % x->dims[k], rest /= x->dims[k];
    for (int k = 0, j = 0; k < x->rank; k++) {
      const bool reduced = p->axes >> k & 1;
      if (reduced && !keeps) continue;
      own = own * y->dims[j++] + (reduced ? 0 : at[k]);
    }
    if (own != flat) continue;
    sum += get(x, i);
    count++;
  }
  const float v = (float)(sum - count * p->x_zero) * p->scale;
  if (y->type == DLC_F32) return dlc_bits(v);
  if (y->type == DLC_I16) return rounded(v, -32768, 32767, 0);
  return rounded(v, (float)-p->zero, (float)(255 - p->zero), p->zero);
}

void test_qreduce(void) {
  reference *const references[] = {qreduce_reference};
  for (int turn = 0; turn < 96; turn++) {
    const int32_t x_dims[] = {pick(1, 2), pick(1, 4), pick(1, 4), turn % 9 == 0 ? 300 : pick(1, 70)};
    dlc_qreduce_params p = {turn % 16, pick(0, 255), pick(0, 255), (float)pick(1, 100) * 1e-3f};
    int32_t y_dims[4];
    int rank = 0;
    const bool keeps = turn & 32;
    for (int i = 0; i < 4; i++) {
      const bool reduced = p.axes >> i & 1;
      if (!reduced || keeps) y_dims[rank++] = reduced ? 1 : x_dims[i];
    }
    const uint8_t type = turn / 16 % 2 ? DLC_I16 : DLC_U8;
    if (type == DLC_I16) p.x_zero = p.zero = 0;
    dlc_tensor t[] = {make(type, turn % 3, 4, x_dims), make(turn % 5 == 4 ? DLC_F32 : type, turn % 4, rank, y_dims)};
    run_case(&dlc_qreduce_kernel, t, 2, 1, &p, sizeof p, references, "axes");
    free_all(t, 2);
  }
  dlc_qreduce_params p = {2, 3, 4, 0.5f};
  dlc_tensor t[] = {MAKE(DLC_U8, 0, 3, 8), MAKE(DLC_U8, 0, 3)};
  expect(checked(&dlc_qreduce_kernel, t, 2, &p, sizeof p) == 0, "qreduce refuses a good call");
  p.axes = 1;
  expect(checked(&dlc_qreduce_kernel, t, 2, &p, sizeof p) != 0, "qreduce accepts another axis");
  p.axes = 4;
  expect(checked(&dlc_qreduce_kernel, t, 2, &p, sizeof p) != 0, "qreduce accepts an axis beyond the rank");
  p.axes = 2, p.zero = -1;
  expect(checked(&dlc_qreduce_kernel, t, 2, &p, sizeof p) != 0, "qreduce accepts a negative zero point");
  p.zero = 4, t[1].type = DLC_I32;
  expect(checked(&dlc_qreduce_kernel, t, 2, &p, sizeof p) != 0, "qreduce accepts i32");
  free_all(t, 2);
}

static int64_t qsoftmax_reference(const dlc_tensor *t, const void *params, const dlc_tensor *y, int64_t flat) {
  const dlc_qsoftmax_params *p = params;
  const int64_t n = dlc_row_length(y), begin = flat / n * n;
  int64_t most = 0, sum = 0;
  for (int64_t i = 0; i < n; i++) most = get(&t[0], begin + i) > most ? get(&t[0], begin + i) : most;
  for (int64_t i = 0; i < n; i++) sum += get(&t[1], most - get(&t[0], begin + i));
  const float factor = p->y_scale_inverse / (float)sum;
  return rounded((float)get(&t[1], most - get(&t[0], flat)) * factor, (float)-p->zero, (float)(255 - p->zero), p->zero);
}

void test_qsoftmax(void) {
  reference *const references[] = {qsoftmax_reference};
  for (int turn = 0; turn < 60; turn++) {
    const int32_t rows = pick(1, 6), n = turn % 4 == 0 ? pick(65, 400) : pick(1, 66);
    dlc_qsoftmax_params p = {turn % 3 ? 256.0f : 200.0f, turn % 3 ? 0 : pick(0, 40)};
    dlc_tensor t[] = {MAKE(DLC_U8, turn % 3, rows, n), MAKE(DLC_I32, 0, 256), MAKE(DLC_U8, turn % 5, rows, n)};
    for (int d = 0; d < 256; d++) set(&t[1], d, (int64_t)rint(0x1p23 * exp(-d * 0.01 * (1 + turn % 20))));
    if (turn % 7 == 0) // one value everywhere
      for (int64_t i = 0; i < dlc_elements(&t[0]); i++) set(&t[0], i, turn);
    run_case(&dlc_qsoftmax_kernel, t, 3, 2, &p, sizeof p, references, "lines");
    // Numbers that are no exponentials stay inside the byte.
    for (int d = 0; d < 256; d++) set(&t[1], d, turn & 1 ? 0 : -d);
    const dlc_call call = {t, &p, NULL, 3, sizeof p};
    expect(dlc_qsoftmax_kernel.run(&call, 0, 1) == 0, "qsoftmax of other numbers");
    free_all(t, 3);
  }
  const dlc_qsoftmax_params p = {256, 0};
  dlc_tensor t[] = {MAKE(DLC_U8, 0, 3, 8), MAKE(DLC_I32, 0, 256), MAKE(DLC_U8, 0, 3, 8)};
  expect(checked(&dlc_qsoftmax_kernel, t, 3, &p, sizeof p) == 0, "qsoftmax refuses a good call");
  t[1].dims[0] = 255;
  expect(checked(&dlc_qsoftmax_kernel, t, 3, &p, sizeof p) != 0, "qsoftmax accepts few exponentials");
  t[1].dims[0] = 256, t[2].dims[0] = 2;
  expect(checked(&dlc_qsoftmax_kernel, t, 3, &p, sizeof p) != 0, "qsoftmax accepts another shape");
  free_all(t, 3);
}
