// The reduce family: x, y. Axes are merged into a nest of kept and one of reduced axes. Where the innermost axis is
// reduced, runs are folded; where it is kept, blocks of columns are.
#include "reduce/reduce.h"

#include <math.h>

#include "binary/broadcast.h"
#include "cast/cast.h"
#include "unary/unary.h"

// Columns folded at once; fixed, so that results do not depend on the number of parts.
enum { COLUMNS = 256 };

// A reduction in terms of its loops; operand 0 of both is x, operand 1 of `kept` is y.
typedef struct plan {
  dlc_loop kept, reduced;
  bool by_column;
  int32_t op;
  dlc_reduce_kind kind;
  uint8_t type, wide; // of the elements, and of the accumulators
  int64_t count;      // elements folded into each result
} plan;

// An accumulator block in its wide type, with the shifts of LOG_SUM_EXP.
typedef union block {
  float f32[COLUMNS];
  double f64[COLUMNS];
  int64_t i64[COLUMNS];
  uint64_t u64[COLUMNS];
} block;

static bool is_reduced(const dlc_reduce_params *params, int axis) { return (uint32_t)params->axes >> axis & 1u; }

// The axis of y for each axis of x (-1 where left out); false when the shapes do not agree.
static bool map_axes(const dlc_reduce_params *params, const dlc_tensor *x, const dlc_tensor *y, int map[DLC_MAX_RANK]) {
  int at = 0;
  bool keeps = y->rank == x->rank;
  for (int i = 0; i < x->rank; i++) {
    bool reduced = is_reduced(params, i);
    map[i] = -1;
    if (reduced && !keeps) continue;
    if (at >= y->rank || y->dims[at] != (reduced ? 1 : x->dims[i])) return false;
    map[i] = at++;
  }
  return at == y->rank;
}

static bool op_fits(int32_t op, uint8_t type) {
  if (op < DLC_REDUCE_SUM || op > DLC_REDUCE_LOG_SUM_EXP) return false;
  return type != DLC_BOOL || op == DLC_REDUCE_MAX || op == DLC_REDUCE_MIN;
}

static int reduce_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_reduce_params)));
  const dlc_reduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid(x) && dlc_valid_type(y, x->type));
  DLC_REQUIRE(op_fits(params->op, x->type));
  DLC_REQUIRE(params->axes >= 0 && params->axes >> x->rank == 0);
  int map[DLC_MAX_RANK];
  DLC_REQUIRE(map_axes(params, x, y, map));
  DLC_REQUIRE(dlc_valid_epilogue(params->epilogue.function));
  DLC_REQUIRE(y->type == DLC_F32 || params->epilogue.function == DLC_FN_IDENTITY);
  DLC_REQUIRE_BUILT(DLC_REDUCE_SET >> params->op & 1u);
  return 0;
}

static uint8_t wide_type(int32_t op, uint8_t type) {
  if (type == DLC_F32 || dlc_is_half(type)) return DLC_F32;
  bool needs_float = op == DLC_REDUCE_L2 || op == DLC_REDUCE_LOG_SUM || op == DLC_REDUCE_LOG_SUM_EXP;
  if (type == DLC_F64 || needs_float) return DLC_F64;
  return type == DLC_U64 ? DLC_U64 : DLC_I64;
}

static dlc_reduce_kind kind_of(int32_t op) {
  switch (op) {
  case DLC_REDUCE_MAX: return DLC_KIND_MAX;
  case DLC_REDUCE_MIN: return DLC_KIND_MIN;
  case DLC_REDUCE_PROD: return DLC_KIND_PROD;
  case DLC_REDUCE_L1: return DLC_KIND_ABS;
  case DLC_REDUCE_L2:
  case DLC_REDUCE_SUM_SQUARE: return DLC_KIND_SQUARE;
  case DLC_REDUCE_LOG_SUM_EXP: return DLC_KIND_EXP;
  default: return DLC_KIND_SUM;
  }
}

static void append_axis(dlc_loop *loop, int64_t dim, int64_t x_stride, int64_t y_stride) {
  loop->dims[loop->rank] = dim;
  loop->strides[0][loop->rank] = x_stride;
  loop->strides[1][loop->rank++] = y_stride;
}

static void make_plan(plan *p, const dlc_call *call) {
  const dlc_reduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int map[DLC_MAX_RANK], innermost = -1;
  int64_t x_strides[DLC_MAX_RANK], y_strides[DLC_MAX_RANK];
  dlc_strides(x, x_strides);
  dlc_strides(y, y_strides);
  map_axes(params, x, y, map);
  *p = (plan){.kept.operands = 2, .reduced.operands = 2, .op = params->op, .count = 1};
  for (int i = 0; i < x->rank; i++) {
    if (is_reduced(params, i)) {
      append_axis(&p->reduced, x->dims[i], x_strides[i], 0);
      p->count *= x->dims[i];
    } else {
      append_axis(&p->kept, x->dims[i], x_strides[i], y_strides[map[i]]);
    }
    if (x->dims[i] != 1) innermost = i;
  }
  p->by_column = innermost >= 0 && !is_reduced(params, innermost);
  dlc_loop_collapse(&p->kept);
  dlc_loop_collapse(&p->reduced);
  p->kind = kind_of(params->op);
  p->type = x->type;
  p->wide = wide_type(params->op, x->type);
}

static int64_t items(const plan *p) {
  int64_t results = dlc_loop_elements(&p->kept), inner = p->kept.dims[p->kept.rank - 1];
  if (!p->by_column || results == 0) return results;
  return results / inner * ((inner + COLUMNS - 1) / COLUMNS);
}

static uint32_t reduce_parts(const dlc_call *call) {
  plan p;
  make_plan(&p, call);
  return (uint32_t)dlc_min64(dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 16384), dlc_max64(items(&p), 1));
}

// The accumulator's beginning, which is also the result over nothing.
static void begin_block(const plan *p, dlc_reduce_kind kind, block *acc, int64_t n) {
  bool lowest = kind == DLC_KIND_MAX, highest = kind == DLC_KIND_MIN;
  for (int64_t j = 0; j < n; j++) {
    if (p->wide == DLC_I64) { // of the type itself, since the result is converted by dropping bits
      int bits = 8 * (int)dlc_type_size(p->type), is_signed = dlc_is_signed(p->type);
      int64_t top = p->type == DLC_BOOL ? 1 : (int64_t)(UINT64_MAX >> (64 - bits + is_signed));
      acc->i64[j] = lowest ? (is_signed ? -top - 1 : 0) : highest ? top : kind == DLC_KIND_PROD;
    } else if (p->wide == DLC_U64) {
      acc->u64[j] = highest ? UINT64_MAX : kind == DLC_KIND_PROD;
    } else {
      double start = lowest ? -__builtin_inf() : highest ? __builtin_inf() : kind == DLC_KIND_PROD;
      if (p->wide == DLC_F32)
        acc->f32[j] = (float)start;
      else
        acc->f64[j] = start;
    }
  }
}

// Folds `rows` rows of n elements into acc by column.
static void fold_columns(const plan *p, dlc_reduce_kind kind, const void *x, int64_t rows, int64_t row_stride,
                         int64_t stride, int64_t n, block *acc, const block *shift) {
  int64_t bytes = (int64_t)dlc_type_size(p->type);
  if (p->type == DLC_F32 && stride == 1) {
    DLC_ROWS(dlc_reduce_rows)->columns[kind](x, rows, row_stride, n, acc->f32, shift ? shift->f32 : NULL);
    return;
  }
  block wide;
  for (int64_t r = 0; r < rows; r++) {
    const void *row = dlc_at(x, r * row_stride * bytes);
    if (p->type != p->wide || stride != 1) {
      dlc_cast_run(p->type, row, stride, p->wide, &wide, 1, n);
      row = &wide;
    }
    if (p->wide == DLC_F32)
      DLC_ROWS(dlc_reduce_rows)->columns[kind](row, 1, n, n, acc->f32, shift ? shift->f32 : NULL);
    else
      dlc_reduce_wide(p->wide, kind, row, n, acc, 1, shift ? shift->f64 : NULL);
  }
}

// Folds one run of n elements into acc's first element; `total` stands for it in f32.
static void fold_run(const plan *p, dlc_reduce_kind kind, const void *x, int64_t stride, int64_t n, block *acc,
                     double *total, const block *shift) {
  int64_t bytes = (int64_t)dlc_type_size(p->type);
  bool direct = p->type == p->wide && stride == 1;
  block wide;
  for (int64_t i = 0, step = direct ? n : COLUMNS; i < n; i += step) {
    int64_t count = dlc_min64(step, n - i);
    const void *run = dlc_at(x, i * stride * bytes);
    if (!direct) {
      dlc_cast_run(p->type, run, stride, p->wide, &wide, 1, count);
      run = &wide;
    }
    if (p->wide == DLC_F32)
      *total = DLC_ROWS(dlc_reduce_rows)->run[kind](run, count, *total, shift ? shift->f32[0] : 0);
    else
      dlc_reduce_wide(p->wide, kind, run, count, acc, 0, shift ? shift->f64 : NULL);
  }
}

// Folds all reduced elements of n results whose first stands at x.
static void fold(const plan *p, dlc_reduce_kind kind, const void *x, int64_t n, block *acc, const block *shift) {
  int last = p->reduced.rank - 1;
  int64_t bytes = (int64_t)dlc_type_size(p->type), column_stride = p->kept.strides[0][p->kept.rank - 1];
  begin_block(p, kind, acc, n);
  if (p->count == 0) return;
  double total = p->wide == DLC_F32 ? acc->f32[0] : 0;
  dlc_cursor c;
  for (dlc_cursor_start(&c, &p->reduced, 0, p->count); c.left > 0; dlc_cursor_next(&c, &p->reduced)) {
    const void *from = dlc_at(x, c.offsets[0] * bytes);
    int64_t stride = p->reduced.strides[0][last];
    if (p->by_column)
      fold_columns(p, kind, from, c.run, stride, column_stride, n, acc, shift);
    else
      fold_run(p, kind, from, stride, c.run, acc, &total, shift);
  }
  if (p->wide == DLC_F32 && !p->by_column) acc->f32[0] = (float)total;
}

static void finish_float(const plan *p, block *acc, const block *shift, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    double v = p->wide == DLC_F32 ? (double)acc->f32[j] : acc->f64[j];
    switch (p->op) {
    case DLC_REDUCE_MEAN: v /= (double)p->count; break;
    case DLC_REDUCE_L2: v = sqrt(v); break;
    case DLC_REDUCE_LOG_SUM: v = log(v); break;
    case DLC_REDUCE_LOG_SUM_EXP: v = log(v) + (p->wide == DLC_F32 ? (double)shift->f32[j] : shift->f64[j]); break;
    default: return;
    }
    if (p->wide == DLC_F32)
      acc->f32[j] = (float)v;
    else
      acc->f64[j] = v;
  }
}

// The n results whose elements begin at x.
static void reduce_block(const plan *p, const dlc_epilogue *epilogue, const void *x, void *y, int64_t y_stride,
                         int64_t n) {
  block acc, shift;
  if (p->kind == DLC_KIND_EXP) { // the largest element is taken out; an infinite one is left to exp
    fold(p, DLC_KIND_MAX, x, n, &shift, NULL);
    for (int64_t j = 0; j < n; j++) {
      double v = p->wide == DLC_F32 ? (double)shift.f32[j] : shift.f64[j];
      if (v - v == 0) continue;
      if (p->wide == DLC_F32)
        shift.f32[j] = 0;
      else
        shift.f64[j] = 0;
    }
  }
  fold(p, p->kind, x, n, &acc, p->kind == DLC_KIND_EXP ? &shift : NULL);
  if (p->wide == DLC_F32 || p->wide == DLC_F64) {
    finish_float(p, &acc, &shift, n);
  } else if (p->op == DLC_REDUCE_MEAN) {
    for (int64_t j = 0; j < n; j++) {
      if (p->wide == DLC_U64)
        acc.u64[j] = p->count ? acc.u64[j] / (uint64_t)p->count : 0;
      else
        acc.i64[j] = p->count ? acc.i64[j] / p->count : 0;
    }
  }
  if (p->type == DLC_F32) dlc_epilogue_apply(epilogue, acc.f32, n);
  dlc_cast_run(p->wide, &acc, 1, p->type, y, y_stride, n);
}

static int reduce_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_reduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  plan p;
  make_plan(&p, call);
  int64_t count = items(&p), begin, end, bytes = (int64_t)dlc_type_size(p.type);
  if (count == 0) return 0;
  int last = p.kept.rank - 1;
  int64_t inner = p.kept.dims[last], blocks = (inner + COLUMNS - 1) / COLUMNS;
  dlc_split(count, 1, part, parts, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    int64_t n = 1, at = item;
    if (p.by_column) {
      int64_t column = item % blocks * COLUMNS;
      n = dlc_min64(COLUMNS, inner - column);
      at = item / blocks * inner + column;
    }
    dlc_cursor c;
    dlc_cursor_start(&c, &p.kept, at, at + n);
    const void *from = x->data ? dlc_at(x->data, c.offsets[0] * bytes) : NULL;
    reduce_block(&p, &params->epilogue, from, dlc_at_mutable(y->data, c.offsets[1] * bytes), p.kept.strides[1][last],
                 n);
  }
  return 0;
}

const dlc_kernel dlc_reduce_kernel = {
    .name = "reduce",
    .params_bytes = sizeof(dlc_reduce_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = reduce_check,
    .parts = reduce_parts,
    .run = reduce_run,
};
