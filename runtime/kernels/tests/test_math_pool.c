// Tests of pool.
#include "test_math.h"

// The window of output `flat`: its result, or the index of its maximum.
static double walk(const dlc_tensor *operands, const dlc_pool_params *p, const dlc_tensor *y, int64_t flat,
                   bool wants_index) {
  const dlc_tensor *x = &operands[0];
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, at[3], channels = dlc_row_length(x), c = flat % channels,
          rest = flat / channels;
  for (int i = 0; i < x->rank - 2; i++) {
    in[5 - x->rank + i] = x->dims[1 + i];
    out[5 - x->rank + i] = y->dims[1 + i];
  }
  for (int i = 2; i >= 0; i--) at[i] = rest % out[i], rest /= out[i];
  const dlc_window *w = &p->window;
  double best = x->type == DLC_I8    ? -128
                : x->type == DLC_U8  ? 0
                : x->type == DLC_I16 ? -32768
                                     : -INFINITY,
         sum = 0, norm = 0;
  int64_t cells = 0, padded = 0, index = -1;
  for (int64_t a = 0; a < w->kernel[0]; a++)
    for (int64_t b = 0; b < w->kernel[1]; b++)
      for (int64_t e = 0; e < w->kernel[2]; e++) {
        int64_t k[3] = {a, b, e}, q[3];
        bool inside = true, counted = true;
        for (int i = 0; i < 3; i++) {
          q[i] = at[i] * w->stride[i] - w->pad_begin[i] + k[i] * w->dilation[i];
          inside = inside && q[i] >= 0 && q[i] < in[i];
          counted = counted && q[i] < in[i] + w->pad_end[i];
        }
        padded += counted;
        if (!inside) continue;
        double v = get(x, (((rest * in[0] + q[0]) * in[1] + q[1]) * in[2] + q[2]) * channels + c);
        int64_t plane = ((rest * channels + c) * in[0] + q[0]) * in[1] * in[2];
        int64_t own = plane + (p->column_major ? q[2] * in[1] + q[1] : q[1] * in[2] + q[2]);
        cells++;
        if (index < 0) index = own;
        if (v > best) best = v, index = own;
        sum += v;
        norm += pow(fabs(v), p->p);
      }
  if (wants_index) return (double)index;
  if (p->kind == DLC_POOL_MAX) return best;
  if (p->kind == DLC_POOL_LP) return pow(norm, 1.0 / p->p);
  return sum / (double)(p->count_include_pad ? padded : cells);
}

static double value_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  return walk(operands, params, y, flat, false);
}

static double index_reference(const dlc_tensor *operands, const void *params, const dlc_tensor *y, int64_t flat) {
  return walk(operands, params, y, flat, true);
}

static void pool_case(dlc_pool_params p, uint8_t type, int rank, const int32_t *x_dims, const int32_t *y_dims, int gap,
                      bool indexed) {
  reference *const references[] = {value_reference, index_reference};
  dlc_tensor t[3] = {make_tensor(type, rank, x_dims, gap), make_tensor(type, rank, y_dims, gap), {0}};
  if (indexed) t[2] = make_tensor(DLC_I64, rank, y_dims, 0);
  if (p.kind == DLC_POOL_MAX && dlc_is_float(type) && dlc_elements(&t[0]) > 0) set(&t[0], dlc_elements(&t[0]) / 2, NAN);
  char label[64];
  snprintf(label, sizeof label, "kind %d channels %d kernel %d", p.kind, x_dims[rank - 1], p.window.kernel[2]);
  run_case(&dlc_pool_kernel, t, indexed ? 3 : 2, 1, &p, sizeof p, references,
           dlc_is_float(type) ? tolerance_of(type) : 0, label);
  free_tensors(t, indexed ? 3 : 2);
}

// Output positions along an axis, rounded up when `ceil`.
static int32_t extent(const dlc_window *w, int i, int input, bool ceil) {
  int span = input + w->pad_begin[i] + w->pad_end[i] - w->dilation[i] * (w->kernel[i] - 1) - 1;
  if (span < 0) return 0;
  int out = span / w->stride[i] + 1;
  if (ceil && span % w->stride[i] && out * w->stride[i] < input + w->pad_begin[i]) out++;
  return out;
}

void test_pool(void) {
  for (int turn = 0; turn < 300; turn++) {
    dlc_pool_params p = {
        .kind = turn % 3, .count_include_pad = turn / 3 & 1, .p = 1 + turn / 6 % 3, .column_major = turn / 12 & 1};
    int rank = 3 + turn % 7 % 3;
    int32_t x_dims[5] = {2}, y_dims[5] = {2};
    for (int i = 0; i < 3; i++) {
      p.window.kernel[i] = p.window.stride[i] = p.window.dilation[i] = 1;
      int at = i - 4 + rank;
      if (at < 1) continue;
      p.window.kernel[i] = (int32_t)random_in(1, 3);
      p.window.stride[i] = (int32_t)random_in(1, 3);
      p.window.dilation[i] = (int32_t)random_in(1, 2);
      p.window.pad_begin[i] = (int32_t)random_in(0, p.window.kernel[i] - 1);
      p.window.pad_end[i] = (int32_t)random_in(0, p.window.kernel[i] - 1);
      x_dims[at] = (int32_t)random_in(5, 7);
      y_dims[at] = extent(&p.window, i, x_dims[at], turn / 24 & 1);
    }
    x_dims[rank - 1] = y_dims[rank - 1] = turn % 75;
    pool_case(p, DLC_F32, rank, x_dims, y_dims, turn % 3, p.kind == DLC_POOL_MAX && turn & 1);
    pool_case(p, DLC_F64, rank, x_dims, y_dims, turn % 2, false);
    if (p.kind == DLC_POOL_MAX) pool_case(p, DLC_I8, rank, x_dims, y_dims, turn % 2, true);
    if (p.kind == DLC_POOL_MAX) pool_case(p, DLC_I16, rank, x_dims, y_dims, turn % 2, turn & 1);
    if (p.kind == DLC_POOL_MAX) pool_case(p, DLC_U8, rank, x_dims, y_dims, turn % 2, false);
  }
  dlc_pool_params p = {.window = {{1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0}, {0}}, .kind = DLC_POOL_MAX, .p = 2};
  dlc_tensor t[3] = {TENSOR(DLC_F32, 0, 1, 4, 4, 3), TENSOR(DLC_F32, 0, 1, 2, 2, 3), TENSOR(DLC_I64, 0, 1, 2, 2, 3)};
  expect(checked(&dlc_pool_kernel, t, 3, &p, sizeof p) == 0, "pool refuses a good call");
#define REFUSES(change, restore, what)                                                                                 \
  change;                                                                                                              \
  expect(checked(&dlc_pool_kernel, t, 3, &p, sizeof p) != 0, "pool accepts " what);                                    \
  restore;
  REFUSES(p.window.stride[1] = 0, p.window.stride[1] = 2, "stride 0")
  REFUSES(p.window.kernel[2] = 0, p.window.kernel[2] = 2, "kernel 0")
  REFUSES(p.window.dilation[2] = -1, p.window.dilation[2] = 1, "a negative dilation")
  REFUSES(p.window.pad_begin[1] = -1, p.window.pad_begin[1] = 0, "a negative padding")
  REFUSES(p.window.stride[1] = INT32_MAX, p.window.stride[1] = 2, "windows outside the input")
  REFUSES(p.kind = DLC_POOL_AVERAGE, p.kind = DLC_POOL_MAX, "indices of averages")
  REFUSES(t[1].dims[3] = 2, t[1].dims[3] = 3, "other channels")
  REFUSES(t[2].dims[1] = 1, t[2].dims[1] = 2, "indices of another shape")
  REFUSES(t[0].type = t[1].type = DLC_I32, t[0].type = t[1].type = DLC_F32, "i32")
  // Extreme but sound windows stay inside.
  p.window.kernel[1] = p.window.dilation[1] = INT32_MAX;
  p.window.pad_begin[2] = INT32_MAX;
  expect(checked(&dlc_pool_kernel, t, 3, &p, sizeof p) == 0, "pool refuses an extreme window");
  dlc_call call = {t, &p, NULL, 3, sizeof p};
  expect(dlc_pool_kernel.parts(&call) >= 1 && dlc_pool_kernel.run(&call, 0, 1) == 0, "pool with an extreme window");
  free_tensors(t, 3);
}
