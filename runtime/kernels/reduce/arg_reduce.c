// The arg_reduce family: x, y (i64). NaN counts as the extreme, as in numpy.
#include "cast/cast.h"
#include "reduce/reduce.h"

enum { COLUMNS = 128 };

static int arg_reduce_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_arg_reduce_params)));
  const dlc_arg_reduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid(x) && x->type != DLC_BOOL && dlc_is_dense(x));
  DLC_REQUIRE(dlc_valid_type(y, DLC_I64) && dlc_is_dense(y));
  DLC_REQUIRE(params->op == 0 || params->op == 1);
  DLC_REQUIRE(params->axis >= 0 && params->axis < x->rank);
  DLC_REQUIRE(y->rank == x->rank || y->rank == x->rank - 1);
  for (int i = 0, at = 0; i < x->rank; i++) {
    if (i == params->axis && y->rank != x->rank) continue;
    DLC_REQUIRE(y->dims[at++] == (i == params->axis ? 1 : x->dims[i]));
  }
  DLC_REQUIRE(x->dims[params->axis] > 0 || dlc_elements(y) == 0);
  return 0;
}

static uint32_t arg_reduce_parts(const dlc_call *call) {
  return dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 16384);
}

// best[j], index[j] updated by x[j], which stands at `position` of the axis.
#define UPDATE(name, T)                                                                                                \
  static void update_##name(const T *x, int64_t n, int64_t position, T *best, int64_t *index, bool minimum,            \
                            bool last) {                                                                               \
    for (int64_t j = 0; j < n; j++) {                                                                                  \
      T v = x[j], b = best[j];                                                                                         \
      bool better = minimum ? v < b : v > b;                                                                           \
      if (b != b)                                                                                                      \
        better = last && v != v;                                                                                       \
      else                                                                                                             \
        better = better || v != v || (last && v == b);                                                                 \
      if (position == 0 || better) {                                                                                   \
        best[j] = v;                                                                                                   \
        index[j] = position;                                                                                           \
      }                                                                                                                \
    }                                                                                                                  \
  }
UPDATE(f32, float)
UPDATE(f64, double)
UPDATE(i64, int64_t)
UPDATE(u64, uint64_t)

// The index along a dense run of f32: first the extreme, then where it stands.
static int64_t run_f32(const float *x, int64_t n, bool minimum, bool last) {
  // Vectors do not pay for a handful of classes.
  const dlc_reduce_rows *rows = n < 64 ? &dlc_reduce_rows__scalar : DLC_ROWS(dlc_reduce_rows);
  const float unit = minimum ? __builtin_inff() : -__builtin_inff();
  float best = (float)rows->run[minimum ? DLC_KIND_MIN : DLC_KIND_MAX](x, n, unit, 0);
  if (best != best) {
    for (int64_t i = last ? n - 1 : 0; i >= 0 && i < n; i += last ? -1 : 1)
      if (x[i] != x[i]) return i;
  }
  int64_t i = last ? n - 1 : 0;
  while (i > 0 && last && x[i] != best) i--;
  while (i < n - 1 && !last && x[i] != best) i++;
  return i;
}

static int arg_reduce_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_arg_reduce_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int64_t results = dlc_elements(y), length = x->dims[params->axis], inner = 1, begin, end;
  if (results == 0) return 0;
  for (int i = params->axis + 1; i < x->rank; i++) inner *= x->dims[i];
  bool minimum = params->op == 1, last = params->select_last != 0;
  int64_t bytes = (int64_t)dlc_type_size(x->type), *to = y->data;
  uint8_t wide = x->type == DLC_F32 || dlc_is_half(x->type) ? DLC_F32
                 : x->type == DLC_F64 || x->type == DLC_U64 ? x->type
                                                            : DLC_I64;
  dlc_split(results, inner == 1 ? 1 : 16, part, parts, &begin, &end);
  for (int64_t r = begin, n; r < end; r += n) {
    int64_t column = r % inner, base = r / inner * length * inner + column;
    n = dlc_min64(dlc_min64(COLUMNS, inner - column), end - r);
    if (inner == 1 && x->type == DLC_F32) {
      to[r] = run_f32((const float *)x->data + base, length, minimum, last);
      continue;
    }
    double row[COLUMNS], best[COLUMNS];
    for (int64_t k = 0; k < length; k++) {
      dlc_cast_run(x->type, dlc_at(x->data, (base + k * inner) * bytes), 1, wide, row, 1, n);
      void *v = row, *b = best;
      switch (wide) {
      case DLC_F32: update_f32(v, n, k, b, to + r, minimum, last); break;
      case DLC_F64: update_f64(v, n, k, b, to + r, minimum, last); break;
      case DLC_U64: update_u64(v, n, k, b, to + r, minimum, last); break;
      default: update_i64(v, n, k, b, to + r, minimum, last); break;
      }
    }
  }
  return 0;
}

const dlc_kernel dlc_arg_reduce_kernel = {
    .name = "arg_reduce",
    .params_bytes = sizeof(dlc_arg_reduce_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = arg_reduce_check,
    .parts = arg_reduce_parts,
    .run = arg_reduce_run,
};
