#include "copy/movement.h"

// One axis of a padding: the part of x that is kept, and where it lies in y.
typedef struct pad_axis {
  int64_t crop;  // first kept index of x
  int64_t kept;  // how many are kept
  int64_t first; // index in y of the first kept one
} pad_axis;

static pad_axis axis_of(int64_t before, int64_t x, int64_t y) {
  int64_t after = y - x - before;
  pad_axis a = {.crop = before < 0 ? -before : 0, .first = before > 0 ? before : 0};
  a.kept = x - a.crop + (after < 0 ? after : 0);
  return a;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 3, 3) && dlc_has_params(call, sizeof(dlc_pad_params)));
  const dlc_tensor *x = &call->operands[0], *value = &call->operands[1], *y = &call->operands[2];
  const dlc_pad_params *p = (const dlc_pad_params *)call->params;
  DLC_REQUIRE(dlc_is_sound(x) && dlc_is_sound(y) && x->type == y->type && x->rank == y->rank);
  if (dlc_is_present(value))
    DLC_REQUIRE(dlc_is_sound_dense(value) && value->type == x->type && dlc_elements(value) == 1);
  DLC_REQUIRE(p->mode >= DLC_PAD_CONSTANT && p->mode <= DLC_PAD_WRAP);
  for (int i = 0; i < x->rank; i++) {
    pad_axis a = axis_of(p->before[i], x->dims[i], y->dims[i]);
    DLC_REQUIRE(a.kept >= 0);
    // Only a constant can stand where there is nothing to repeat.
    DLC_REQUIRE(p->mode == DLC_PAD_CONSTANT || a.kept > 0 || y->dims[i] == 0);
  }
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[2];
  return dlc_parts_for_bytes(dlc_elements(y) * (int64_t)dlc_type_size(y->type));
}

// The index of x that index `i` of y shows, or -1 for the constant.
static int64_t source(const pad_axis *a, int32_t mode, int64_t i) {
  int64_t k = i - a->first, n = a->kept;
  if (k >= 0 && k < n) return a->crop + k;
  switch (mode) {
  case DLC_PAD_EDGE: return a->crop + (k < 0 ? 0 : n - 1);
  case DLC_PAD_WRAP: k %= n; return a->crop + (k < 0 ? k + n : k);
  case DLC_PAD_REFLECT: {
    if (n == 1) return a->crop;
    int64_t period = 2 * (n - 1);
    k %= period;
    if (k < 0) k += period;
    return a->crop + (k < n ? k : period - k);
  }
  default: return -1;
  }
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[2];
  const dlc_pad_params *p = (const dlc_pad_params *)call->params;
  const void *value = call->operands[1].data;
  size_t size = dlc_type_size(x->type);
  int64_t xs[DLC_MAX_RANK + 1] = {0}, ys[DLC_MAX_RANK + 1] = {0};
  pad_axis axes[DLC_MAX_RANK + 1] = {{.kept = 1}};
  if (dlc_elements(y) == 0) return 0;
  dlc_strides(x, xs);
  dlc_strides(y, ys);
  for (int i = 0; i < x->rank; i++) axes[i] = axis_of(p->before[i], x->dims[i], y->dims[i]);

  // Trailing axes that are neither padded nor cropped make one contiguous unit; `row` is the axis of units.
  int row = x->rank > 0 ? x->rank - 1 : 0;
  int64_t unit = 1;
  while (row > 0 && axes[row].kept == y->dims[row] && axes[row].kept == x->dims[row] && xs[row] == unit &&
         ys[row] == unit)
    unit *= y->dims[row--];
  int64_t length = x->rank ? y->dims[row] : 1, x_step = xs[row] * (int64_t)size, y_step = ys[row] * (int64_t)size;
  size_t unit_bytes = (size_t)unit * size;
  const pad_axis *a = &axes[row];

  int64_t begin, end;
  dlc_split(dlc_product(y, 0, row), 1, part, parts, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    const char *from = (const char *)x->data;
    char *to = (char *)y->data;
    bool outside = false;
    for (int64_t i = row - 1, rest = item; i >= 0; i--) {
      int64_t at = rest % y->dims[i], s = source(&axes[i], p->mode, at);
      rest /= y->dims[i];
      to += at * ys[i] * (int64_t)size;
      if (s < 0)
        outside = true;
      else
        from += s * xs[i] * (int64_t)size;
    }
    int64_t first = outside ? length : a->first, last = outside ? length : a->first + a->kept;
    bool together = x_step == (int64_t)unit_bytes && y_step == (int64_t)unit_bytes;
    for (int64_t i = 0; i < length;) {
      if (i == first && first < last && together) {
        dlc_put(to + i * y_step, from + a->crop * x_step, (size_t)a->kept * unit_bytes);
        i = last;
        continue;
      }
      int64_t s = outside ? -1 : source(a, p->mode, i), n = 1;
      if (s >= 0)
        dlc_put(to + i * y_step, from + s * x_step, unit_bytes);
      else {
        if (y_step == (int64_t)unit_bytes) n = (i < first ? first : length) - i;
        dlc_fill(to + i * y_step, value, size, n * unit);
      }
      i += n;
    }
  }
  return 0;
}

const dlc_kernel dlc_pad_kernel = {
    .name = "pad",
    .params_bytes = sizeof(dlc_pad_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = check,
    .parts = parts,
    .run = run,
};
