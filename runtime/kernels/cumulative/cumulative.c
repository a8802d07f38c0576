// The cumulative family: x, y of one shape and type; running sums or products along an axis. Integers wrap.
#include "cast/cast.h"

// Neighbouring lines along the axis that are walked together.
enum { COLUMNS = 128 };

static int cumulative_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_cumulative_params)));
  const dlc_cumulative_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid(x) && x->type != DLC_BOOL && dlc_is_dense(x));
  DLC_REQUIRE(dlc_valid_type(y, x->type) && dlc_is_dense(y));
  DLC_REQUIRE(dlc_same_shape(x, y));
  DLC_REQUIRE(params->op == 0 || params->op == 1);
  DLC_REQUIRE(params->axis >= 0 && params->axis < x->rank);
  return 0;
}

static uint32_t cumulative_parts(const dlc_call *call) {
  return dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 16384);
}

// acc updated by x, both of the wide type.
#define UPDATE(T, U)                                                                                                   \
  {                                                                                                                    \
    T *a = acc;                                                                                                        \
    const T *v = x;                                                                                                    \
    for (int64_t j = 0; j < n; j++) a[j] = op == 0 ? (T)((U)a[j] + (U)v[j]) : (T)((U)a[j] * (U)v[j]);                  \
    return;                                                                                                            \
  }

static void update(int32_t op, uint8_t wide, void *acc, const void *x, int64_t n) {
  if (wide == DLC_F32) UPDATE(float, float)
  if (wide == DLC_F64) UPDATE(double, double)
  UPDATE(int64_t, uint64_t)
}

static int cumulative_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_cumulative_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int64_t elements = dlc_elements(x), inner = 1, begin, end;
  if (elements == 0) return 0;
  int64_t length = x->dims[params->axis], bytes = (int64_t)dlc_type_size(x->type);
  for (int i = params->axis + 1; i < x->rank; i++) inner *= x->dims[i];
  uint8_t type = x->type, wide = type == DLC_F32 || dlc_is_half(type) ? DLC_F32 : type == DLC_F64 ? DLC_F64 : DLC_I64;
  int64_t start = params->op;
  dlc_split(elements / length, inner == 1 ? 1 : 16, part, parts, &begin, &end);
  for (int64_t line = begin, n; line < end; line += n) {
    int64_t column = line % inner, base = line / inner * length * inner + column;
    n = dlc_min64(dlc_min64(COLUMNS, inner - column), end - line);
    double acc[COLUMNS], row[COLUMNS];
    dlc_cast_run(DLC_I64, &start, 0, wide, acc, 1, n);
    for (int64_t k = 0; k < length; k++) {
      int64_t at = (base + (params->reverse ? length - 1 - k : k) * inner) * bytes;
      dlc_cast_run(type, dlc_at(x->data, at), 1, wide, row, 1, n);
      if (params->exclusive) dlc_cast_run(wide, acc, 1, type, dlc_at_mutable(y->data, at), 1, n);
      update(params->op, wide, acc, row, n);
      if (!params->exclusive) dlc_cast_run(wide, acc, 1, type, dlc_at_mutable(y->data, at), 1, n);
    }
  }
  return 0;
}

const dlc_kernel dlc_cumulative_kernel = {
    .name = "cumulative",
    .params_bytes = sizeof(dlc_cumulative_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = cumulative_check,
    .parts = cumulative_parts,
    .run = cumulative_run,
};
