#include <math.h>

#include "bilinear/bilinear.h"
#include "resize/axis.h"

// Axes as the loops take them: `row` is the innermost axis that changes, followed by a contiguous unit of elements.
typedef struct resize_layout {
  int64_t x_dims[DLC_MAX_RANK], y_dims[DLC_MAX_RANK], x_strides[DLC_MAX_RANK], y_strides[DLC_MAX_RANK];
  int64_t most[DLC_MAX_RANK]; // weights kept for each output index
  int64_t unit;
  int row;
} resize_layout;

static resize_layout layout_of(const dlc_tensor *x, const dlc_tensor *y, const dlc_resize_params *p) {
  resize_layout l = {.x_dims = {1}, .y_dims = {1}, .x_strides = {1}, .y_strides = {1}, .most = {1}, .unit = 1};
  dlc_strides(x, l.x_strides);
  dlc_strides(y, l.y_strides);
  for (int i = 0; i < x->rank; i++) {
    l.x_dims[i] = x->dims[i];
    l.y_dims[i] = y->dims[i];
    l.most[i] = dlc_resize_most_taps(p, i, x->dims[i], y->dims[i]);
  }
  l.row = x->rank ? x->rank - 1 : 0;
  while (l.row > 0 && dlc_resize_is_identity(p, l.row, l.x_dims[l.row], l.y_dims[l.row]) &&
         l.x_strides[l.row] == l.unit && l.y_strides[l.row] == l.unit)
    l.unit *= l.x_dims[l.row--];
  return l;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(dlc_has_operands(call, 2, 2) && dlc_has_params(call, sizeof(dlc_resize_params)));
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const dlc_resize_params *p = (const dlc_resize_params *)call->params;
  DLC_REQUIRE(dlc_is_sound(x) && dlc_is_sound(y) && x->type == y->type && x->rank == y->rank);
  DLC_REQUIRE(p->mode >= DLC_RESIZE_NEAREST && p->mode <= DLC_RESIZE_CUBIC);
  DLC_REQUIRE(p->coordinate >= DLC_COORD_HALF_PIXEL && p->coordinate <= DLC_COORD_HALF_PIXEL_SYMMETRIC);
  DLC_REQUIRE(p->nearest >= DLC_NEAREST_ROUND_PREFER_FLOOR && p->nearest <= DLC_NEAREST_CEIL);
  // The extrapolation value is an f32.
  DLC_REQUIRE(x->type == DLC_F32 || (p->mode == DLC_RESIZE_NEAREST && p->coordinate != DLC_COORD_TF_CROP));
  DLC_REQUIRE(isfinite(p->cubic_a));
  if (dlc_elements(y) == 0) return 0;
  uint64_t table_bytes = 256;
  for (int i = 0; i < x->rank; i++) {
    DLC_REQUIRE(x->dims[i] > 0 && isfinite(p->scales[i]) && p->scales[i] > 0);
    DLC_REQUIRE(isfinite(p->roi_begin[i]) && isfinite(p->roi_end[i]));
    // A filter spread wider than the input would take time without limit; y has at least one element in all of x.
    DLC_REQUIRE(!p->antialias || (double)p->scales[i] * x->dims[i] >= 0.49);
    uint64_t bytes = sizeof(dlc_resize_taps) + 4 * (uint64_t)dlc_resize_most_taps(p, i, x->dims[i], y->dims[i]);
    DLC_REQUIRE(bytes <= (uint64_t)(PTRDIFF_MAX / 16) / (uint64_t)y->dims[i]);
    table_bytes += bytes * (uint64_t)y->dims[i];
  }
  DLC_REQUIRE(table_bytes <= PTRDIFF_MAX / 2);
  return 0;
}

// Scratch holds, one after the other: the taps of every axis, the weights of every axis, one blended row of x.
static size_t scratch(const dlc_call *call) {
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const dlc_resize_params *p = (const dlc_resize_params *)call->params;
  if (dlc_elements(y) == 0) return 0;
  resize_layout l = layout_of(x, y, p);
  size_t bytes = 0;
  for (int i = 0; i <= l.row; i++) bytes += (size_t)l.y_dims[i] * (sizeof(dlc_resize_taps) + 4 * (size_t)l.most[i]);
  return bytes + (p->mode == DLC_RESIZE_NEAREST ? 0 : (size_t)(l.x_dims[l.row] * l.unit) * 4);
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[1];
  const dlc_resize_params *p = (const dlc_resize_params *)call->params;
  int64_t work = p->mode == DLC_RESIZE_NEAREST ? 1 : p->mode == DLC_RESIZE_LINEAR ? 2 : 6;
  return dlc_parts_for_bytes(work * dlc_elements(y) * (int64_t)dlc_type_size(y->type));
}

static void nearest_row(const char *x, int64_t x_step, char *y, int64_t y_step, const dlc_resize_taps *taps, int64_t n,
                        size_t unit) {
#define GATHER(type)                                                                                                   \
  do {                                                                                                                 \
    for (int64_t i = 0; i < n; i++) *(type *)(y + i * y_step) = *(const type *)(x + taps[i].start * x_step);           \
  } while (0)
  switch (unit) {
  case 1: GATHER(dlc_e1); break;
  case 2: GATHER(dlc_e2); break;
  case 4: GATHER(dlc_e4); break;
  case 8: GATHER(dlc_e8); break;
  default:
    for (int64_t i = 0; i < n; i++) dlc_put(y + i * y_step, x + taps[i].start * x_step, unit);
  }
#undef GATHER
}

// y (+)= weight x over n floats.
static void blend(float *restrict y, const float *restrict x, float weight, int64_t n, bool first) {
  if (first)
    for (int64_t i = 0; i < n; i++) y[i] = weight * x[i];
  else
    for (int64_t i = 0; i < n; i++) y[i] += weight * x[i];
}

// Blends the taps of one output unit; x holds units side by side, or `x_step` floats apart.
static void blend_unit(float *restrict y, const float *restrict x, int64_t x_step, int32_t count, const float *w,
                       int64_t unit) {
  if (count == 1) {
    blend(y, x, w[0], unit, true);
  } else if (count == 2) {
    const float *next = x + x_step;
    float w0 = w[0], w1 = w[1];
    for (int64_t c = 0; c < unit; c++) y[c] = w0 * x[c] + w1 * next[c];
  } else if (count == 4) {
    const float *x1 = x + x_step, *x2 = x1 + x_step, *x3 = x2 + x_step;
    float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
    for (int64_t c = 0; c < unit; c++) y[c] = w0 * x[c] + w1 * x1[c] + w2 * x2[c] + w3 * x3[c];
  } else {
    for (int32_t k = 0; k < count; k++) blend(y, x + k * x_step, w[k], unit, k == 0);
  }
}

// Blends a line of single elements: the innermost axis itself changes.
static void blend_line(float *y, int64_t y_step, const float *x, int64_t x_step, const dlc_resize_taps *taps,
                       const float *w, int64_t most, int64_t n) {
  for (int64_t i = 0; i < n; i++, w += most) {
    const float *from = x + taps[i].start * x_step;
    int32_t count = taps[i].count;
    if (count == 0) continue;
    float sum = w[0] * from[0];
    if (count == 2) {
      sum += w[1] * from[x_step];
    } else {
      for (int32_t k = 1; k < count; k++) sum += w[k] * from[k * x_step];
    }
    y[i * y_step] = sum;
  }
}

// The one outer axis that changes where a linear filter blends two inputs of it and two of a row's, channels last; -1:
// more or other. Single elements are blended axis by axis, which takes them a third of the time.
static int bilinear_axis(const dlc_resize_params *p, const resize_layout *l) {
  int axis = -1;
  if (p->mode != DLC_RESIZE_LINEAR || p->antialias || l->unit == 1) return -1;
  for (int i = 0; i < l->row; i++) {
    if (dlc_resize_is_identity(p, i, l->x_dims[i], l->y_dims[i])) continue;
    if (axis >= 0) return -1;
    axis = i;
  }
  return axis;
}

// Two neighbours of an axis of n inputs: how far the second lies behind the first, and their weights. The last input is
// its own neighbour, which changes nothing but the order of rounding; before the first there is one alone: weight 0.
typedef struct neighbours {
  int64_t step;
  float first, second;
} neighbours;

static neighbours neighbours_of(dlc_resize_taps taps, const float *w, int64_t n) {
  if (taps.count == 2) return (neighbours){1, w[0], w[1]};
  return taps.start == n - 1 ? (neighbours){0, 0.5f, 0.5f} : (neighbours){0, 1, 0};
}

// One output unit from `x` and its neighbour `x_step` floats on, in the row and in the one `down` floats on: products
// of weights first, then four terms from left to right, row by row, which is ONNX Runtime's order. What weighs nothing
// is left out.
static inline void blend_corners(dlc_bilinear_row *four, float *restrict y, const float *restrict x, int64_t x_step,
                                 int64_t down, neighbours across, neighbours rows, int64_t unit) {
  const float *const corners[4] = {x, x + x_step, x + down, x + down + x_step};
  const float w[4] = {across.first * rows.first, across.second * rows.first, across.first * rows.second,
                      across.second * rows.second};
  if (across.second != 0 && rows.second != 0) {
    four(y, corners, w, unit);
  } else if (across.second != 0 || rows.second != 0) {
    const int other = across.second != 0 ? 1 : 2;
    const float *next = corners[other], w0 = w[0], w1 = w[other];
    for (int64_t c = 0; c < unit; c++) y[c] = w0 * x[c] + w1 * next[c];
  } else {
    blend(y, x, 1, unit, true);
  }
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = &call->operands[0], *y = &call->operands[1];
  const dlc_resize_params *p = (const dlc_resize_params *)call->params;
  if (dlc_elements(y) == 0) return 0;
  resize_layout l = layout_of(x, y, p);
  int row = l.row;
  int64_t size = (int64_t)dlc_type_size(x->type), outer = 1, begin, end;
  for (int i = 0; i < row; i++) outer *= l.y_dims[i];
  dlc_split(outer, 1, part, parts, &begin, &end);
  if (begin >= end) return 0;

  dlc_resize_taps *taps[DLC_MAX_RANK], *next = (dlc_resize_taps *)call->scratch;
  for (int i = 0; i <= row; i++) {
    taps[i] = next;
    next += l.y_dims[i];
  }
  float *weights[DLC_MAX_RANK], *tail = (float *)next;
  for (int i = 0; i <= row; i++) {
    weights[i] = tail;
    tail += l.y_dims[i] * l.most[i];
    if (x->rank) dlc_resize_fill_axis(p, i, l.x_dims[i], l.y_dims[i], l.most[i], taps[i], weights[i]);
  }
  if (!x->rank) {
    taps[0][0] = (dlc_resize_taps){0, 1};
    if (l.most[0]) weights[0][0] = 1;
  }
  float *blended = tail;

  bool nearest = p->mode == DLC_RESIZE_NEAREST, crops = p->coordinate == DLC_COORD_TF_CROP;
  int64_t length = l.y_dims[row], x_step = l.x_strides[row], y_step = l.y_strides[row];
  const int pair = bilinear_axis(p, &l);
  dlc_bilinear_row *const four = dlc_bilinear_current();
  for (int64_t item = begin; item < end; item++) {
    int64_t at[DLC_MAX_RANK] = {0}, to = 0, from = 0, combinations = 1;
    for (int64_t i = row - 1, rest = item; i >= 0; i--) {
      at[i] = rest % l.y_dims[i];
      rest /= l.y_dims[i];
      to += at[i] * l.y_strides[i];
      from += taps[i][at[i]].start * l.x_strides[i];
      combinations *= taps[i][at[i]].count;
    }
    char *y_row = (char *)y->data + to * size;
    const char *x_row = (const char *)x->data + from * size;
    if (combinations == 0) {
      for (int64_t i = 0; i < length; i++) dlc_fill(y_row + i * y_step * size, &p->extrapolation, 4, l.unit);
      continue;
    }
    if (nearest) {
      nearest_row(x_row, x_step * size, y_row, y_step * size, taps[row], length, (size_t)(l.unit * size));
    } else if (pair >= 0) {
      const neighbours rows =
          neighbours_of(taps[pair][at[pair]], weights[pair] + at[pair] * l.most[pair], l.x_dims[pair]);
      for (int64_t i = 0; i < length; i++) {
        if (taps[row][i].count == 0) continue;
        const neighbours across = neighbours_of(taps[row][i], weights[row] + i * l.most[row], l.x_dims[row]);
        blend_corners(four, (float *)y_row + i * y_step, (const float *)x_row + taps[row][i].start * x_step,
                      across.step * x_step, rows.step * l.x_strides[pair], across, rows, l.unit);
      }
    } else {
      const float *source = (const float *)x_row;
      int64_t step = x_step;
      if (combinations > 1) {
        // First the outer axes, over a whole row of x; then along the row.
        for (int64_t c = 0; c < combinations; c++) {
          float weight = 1;
          int64_t offset = 0;
          for (int64_t i = row - 1, rest = c; i >= 0; i--) {
            int32_t count = taps[i][at[i]].count;
            weight *= weights[i][at[i] * l.most[i] + rest % count];
            offset += rest % count * l.x_strides[i];
            rest /= count;
          }
          if (x_step == l.unit)
            blend(blended, (const float *)x_row + offset, weight, l.x_dims[row] * l.unit, c == 0);
          else
            for (int64_t i = 0; i < l.x_dims[row]; i++)
              blend(blended + i * l.unit, (const float *)x_row + offset + i * x_step, weight, l.unit, c == 0);
        }
        source = blended;
        step = l.unit;
      }
      if (l.unit == 1) blend_line((float *)y_row, y_step, source, step, taps[row], weights[row], l.most[row], length);
      for (int64_t i = 0; i < length && l.unit > 1; i++) {
        if (taps[row][i].count == 0) continue;
        const float *w = weights[row] + i * l.most[row];
        blend_unit((float *)y_row + i * y_step, source + taps[row][i].start * step, step, taps[row][i].count, w,
                   l.unit);
      }
    }
    if (!crops) continue;
    for (int64_t i = 0; i < length; i++)
      if (taps[row][i].count == 0) dlc_fill(y_row + i * y_step * size, &p->extrapolation, 4, l.unit);
  }
  return 0;
}

const dlc_kernel dlc_resize_kernel = {
    .name = "resize",
    .params_bytes = sizeof(dlc_resize_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .scratch = scratch,
    .parts = parts,
    .run = run,
};
