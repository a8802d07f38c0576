// qreduce: sums of x u8 or s16 over axes, y as x or f32. Where the innermost axis is kept, blocks of columns are
// summed; else runs.
#include "binary/broadcast.h"
#include "qpool/qpool.h"

// Columns summed at once, and rows whose sums fit s32.
enum { COLUMNS = 256, ROWS = 1 << 22 };

// A reduction in terms of its loops; operand 0 of both is x, operand 1 of `kept` is y.
typedef struct plan {
  dlc_loop kept, reduced;
  bool by_column;
  int64_t count; // elements of each sum
} plan;

static bool is_reduced(const dlc_qreduce_params *params, int axis) { return (uint32_t)params->axes >> axis & 1u; }

// The axis of y for each axis of x (-1 where left out); false when the shapes do not agree.
static bool map_axes(const dlc_qreduce_params *params, const dlc_tensor *x, const dlc_tensor *y,
                     int map[DLC_MAX_RANK]) {
  int at = 0;
  const bool keeps = y->rank == x->rank;
  for (int i = 0; i < x->rank; i++) {
    const bool reduced = is_reduced(params, i);
    map[i] = -1;
    if (reduced && !keeps) continue;
    if (at >= y->rank || y->dims[at] != (reduced ? 1 : x->dims[i])) return false;
    map[i] = at++;
  }
  return at == y->rank;
}

static int qreduce_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_qreduce_params)));
  const dlc_qreduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  const bool is_s16 = DLC_HAS_TYPE(DLC_I16) && x->type == DLC_I16;
  const uint8_t type = is_s16 ? DLC_I16 : DLC_U8;
  const int32_t most_zero = is_s16 ? 0 : 255;
  DLC_REQUIRE(dlc_valid_type(x, type) && dlc_valid(y) && (y->type == type || y->type == DLC_F32));
  DLC_REQUIRE(params->axes >= 0 && params->axes >> x->rank == 0);
  DLC_REQUIRE(params->x_zero >= 0 && params->x_zero <= most_zero && params->zero >= 0 && params->zero <= most_zero);
  int map[DLC_MAX_RANK];
  return map_axes(params, x, y, map) ? 0 : __LINE__;
}

static void append_axis(dlc_loop *loop, int64_t dim, int64_t x_stride, int64_t y_stride) {
  loop->dims[loop->rank] = dim;
  loop->strides[0][loop->rank] = x_stride;
  loop->strides[1][loop->rank++] = y_stride;
}

static plan make_plan(const dlc_call *call) {
  const dlc_qreduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int map[DLC_MAX_RANK], innermost = -1;
  int64_t x_strides[DLC_MAX_RANK], y_strides[DLC_MAX_RANK];
  plan p = {.kept.operands = 2, .reduced.operands = 2, .count = 1};
  dlc_strides(x, x_strides);
  dlc_strides(y, y_strides);
  map_axes(params, x, y, map);
  for (int i = 0; i < x->rank; i++) {
    if (is_reduced(params, i)) {
      append_axis(&p.reduced, x->dims[i], x_strides[i], 0);
      p.count *= x->dims[i];
    } else {
      append_axis(&p.kept, x->dims[i], x_strides[i], y_strides[map[i]]);
    }
    if (x->dims[i] != 1) innermost = i;
  }
  dlc_loop_collapse(&p.kept);
  dlc_loop_collapse(&p.reduced);
  p.by_column = innermost >= 0 && !is_reduced(params, innermost) && p.kept.strides[0][p.kept.rank - 1] == 1;
  return p;
}

// Blocks of results that are handled together.
static int64_t items(const plan *p) {
  const int64_t results = dlc_loop_elements(&p->kept), inner = p->kept.dims[p->kept.rank - 1];
  if (!p->by_column || results == 0) return results;
  return results / inner * ((inner + COLUMNS - 1) / COLUMNS);
}

static uint32_t qreduce_parts(const dlc_call *call) {
  const plan p = make_plan(call);
  const int64_t elements = dlc_elements(dlc_operand(call, 0));
  return (uint32_t)dlc_min64(dlc_parts_for(elements, 65536), dlc_max64(items(&p), 1));
}

static int64_t sum_run(const uint8_t *x, int64_t stride, int64_t n) {
  int64_t sum = 0;
  while (n > 0) {
    const int64_t count = dlc_min64(n, ROWS);
    uint32_t part = 0;
    if (stride == 1)
      for (int64_t i = 0; i < count; i++) part += x[i];
    else
      for (int64_t i = 0; i < count; i++) part += x[i * stride];
    sum += part;
    x += count * stride;
    n -= count;
  }
  return sum;
}

// Adds `rows` rows of n columns.
static void sum_columns(const uint8_t *x, int64_t rows, int64_t stride, int64_t n, const uint8_t *end, int64_t *sums) {
  while (rows > 0) {
    const int64_t count = dlc_min64(rows, ROWS);
    int32_t acc[COLUMNS] = {0};
    DLC_ROWS(dlc_qpool_rows)->columns(x, count, stride, n, acc, end);
    for (int64_t i = 0; i < n; i++) sums[i] += acc[i];
    x += count * stride;
    rows -= count;
  }
}

// Adds `rows` rows of n columns of s16, or for n = 1 a run.
static void sum_s16(const int16_t *x, int64_t rows, int64_t stride, int64_t n, int64_t *sums) {
  for (int64_t r = 0; r < rows; r++, x += stride)
    for (int64_t i = 0; i < n; i++) sums[i] += x[i];
}

// The n results whose elements begin at x, which ends at `end`.
static void reduce_block(const plan *p, const dlc_qreduce_params *params, const uint8_t *x, const uint8_t *end,
                         bool is_s16, const dlc_tensor *y, int64_t at, int64_t y_stride, int64_t n) {
  int64_t sums[COLUMNS] = {0};
  const int last = p->reduced.rank - 1;
  dlc_cursor c;
  if (p->count > 0)
    for (dlc_cursor_start(&c, &p->reduced, 0, p->count); c.left > 0; dlc_cursor_next(&c, &p->reduced)) {
      const int64_t stride = p->reduced.strides[0][last];
      if (is_s16)
        sum_s16((const int16_t *)(const void *)x + c.offsets[0], c.run, stride, n, sums);
      else if (p->by_column)
        sum_columns(x + c.offsets[0], c.run, stride, n, end, sums);
      else
        sums[0] += sum_run(x + c.offsets[0], stride, c.run);
    }
  const float low = is_s16 ? -32768.0f : (float)-params->zero, high = is_s16 ? 32767.0f : (float)(255 - params->zero);
  for (int64_t i = 0; i < n; i++) {
    const float t = (float)(sums[i] - p->count * params->x_zero) * params->scale;
    if (y->type == DLC_F32)
      ((float *)y->data)[at + i * y_stride] = t;
    else if (is_s16)
      ((int16_t *)y->data)[at + i * y_stride] = (int16_t)dlc_round_even(dlc_clamp(t, low, high));
    else
      ((uint8_t *)y->data)[at + i * y_stride] = (uint8_t)(dlc_round_even(dlc_clamp(t, low, high)) + params->zero);
  }
}

static int qreduce_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qreduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  const plan p = make_plan(call);
  const int64_t count = items(&p);
  int64_t begin, last_item;
  if (count == 0) return 0;
  const bool is_s16 = DLC_HAS_TYPE(DLC_I16) && x->type == DLC_I16;
  const int64_t size = is_s16 ? 2 : 1;
  const uint8_t *end = x->data;
  if (dlc_elements(x) > 0 && !is_s16) end += (dlc_rows(x) - 1) * x->pitch + dlc_row_length(x);
  const int last = p.kept.rank - 1;
  const int64_t inner = p.kept.dims[last], blocks = (inner + COLUMNS - 1) / COLUMNS;
  dlc_split(count, 1, part, parts, &begin, &last_item);
  for (int64_t item = begin; item < last_item; item++) {
    const int64_t column = p.by_column ? item % blocks * COLUMNS : item % inner;
    const int64_t n = p.by_column ? dlc_min64(COLUMNS, inner - column) : 1;
    dlc_cursor c;
    const int64_t first = (p.by_column ? item / blocks : item / inner) * inner + column;
    dlc_cursor_start(&c, &p.kept, first, first + n);
    reduce_block(&p, params, (const uint8_t *)x->data + c.offsets[0] * size, end, is_s16, y, c.offsets[1],
                 p.kept.strides[1][last], n);
  }
  return 0;
}

const dlc_kernel dlc_qreduce_kernel = {
    .name = "qreduce",
    .params_bytes = sizeof(dlc_qreduce_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = qreduce_check,
    .parts = qreduce_parts,
    .run = qreduce_run,
};
