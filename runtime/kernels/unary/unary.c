// The unary family: x, y of one shape.
#include "unary/unary.h"

#include "cast/cast.h"

dlc_unary_row *dlc_unary_f32(int32_t function) {
  if (function < 0 || function >= DLC_UNARY_FUNCTIONS) return NULL;
  dlc_unary_row *row = DLC_ROWS(dlc_unary_rows)->functions[function];
  return row ? row : dlc_unary_libm_f32(function);
}

static bool is_test(int32_t function) { return function == DLC_FN_IS_NAN || function == DLC_FN_IS_INF; }

static bool known(int32_t function, uint8_t type) {
  if (!dlc_is_float(type)) return dlc_unary_integer(function, type, NULL, NULL, 0, 0, 0);
  return is_test(function) || dlc_unary_f32(function) != NULL;
}

static int unary_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_unary_params)));
  const dlc_unary_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid(x) && dlc_valid(y));
  DLC_REQUIRE(dlc_same_shape(x, y));
  DLC_REQUIRE(known(params->function, x->type));
  DLC_REQUIRE(y->type == (is_test(params->function) ? DLC_BOOL : x->type));
  return 0;
}

static uint32_t unary_parts(const dlc_call *call) {
  const dlc_unary_params *params = call->params;
  int32_t f = params->function;
  bool cheap = f <= DLC_FN_LEAKY_RELU || f == DLC_FN_ABS || f == DLC_FN_NEG || f >= DLC_FN_SQUARE;
  return dlc_parts_for(dlc_elements(dlc_operand(call, 0)), cheap ? 16384 : 4096);
}

// IS_NAN and IS_INF on converted elements.
static void test_run(const dlc_unary_params *p, const double *x, uint8_t *y, int64_t n) {
  const double infinity = __builtin_inf();
  for (int64_t i = 0; i < n; i++)
    y[i] = p->function == DLC_FN_IS_NAN ? x[i] != x[i]
                                        : (p->alpha != 0 && x[i] == -infinity) || (p->beta != 0 && x[i] == infinity);
}

static void unary_elements(const dlc_unary_params *p, uint8_t type, const void *x, void *y, int64_t n) {
  int64_t bytes = (int64_t)dlc_type_size(type);
  if (is_test(p->function)) {
    double wide[DLC_CHUNK];
    for (int64_t i = 0; i < n; i += DLC_CHUNK) {
      int64_t count = dlc_min64(DLC_CHUNK, n - i);
      dlc_cast_run(type, dlc_at(x, i * bytes), 1, DLC_F64, wide, 1, count);
      test_run(p, wide, (uint8_t *)y + i, count);
    }
  } else if (type == DLC_F32) {
    dlc_unary_f32(p->function)(x, y, n, p->alpha, p->beta);
  } else if (DLC_HAS_TYPE(DLC_F64) && type == DLC_F64) {
    dlc_unary_f64(p->function, x, y, n, p->alpha, p->beta);
  } else if (dlc_is_half(type)) {
    float wide[DLC_CHUNK];
    dlc_unary_row *row = dlc_unary_f32(p->function);
    for (int64_t i = 0; i < n; i += DLC_CHUNK) {
      int64_t count = dlc_min64(DLC_CHUNK, n - i);
      dlc_cast_run(type, dlc_at(x, i * bytes), 1, DLC_F32, wide, 1, count);
      row(wide, wide, count, p->alpha, p->beta);
      dlc_cast_run(DLC_F32, wide, 1, type, dlc_at_mutable(y, i * bytes), 1, count);
    }
  } else {
    dlc_unary_integer(p->function, type, x, y, n, p->alpha, p->beta);
  }
}

static int unary_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int64_t rows = dlc_rows(x), length = dlc_row_length(x), begin, end;
  if (rows == 0 || length == 0) return 0;
  int64_t x_bytes = (int64_t)dlc_type_size(x->type), y_bytes = (int64_t)dlc_type_size(y->type);
  if (dlc_is_dense(x) && dlc_is_dense(y)) {
    dlc_split(rows * length, 64, part, parts, &begin, &end);
    unary_elements(call->params, x->type, dlc_at(x->data, begin * x_bytes), dlc_at_mutable(y->data, begin * y_bytes),
                   end - begin);
    return 0;
  }
  dlc_split(rows, 1, part, parts, &begin, &end);
  for (int64_t r = begin; r < end; r++)
    unary_elements(call->params, x->type, dlc_at(x->data, r * x->pitch * x_bytes),
                   dlc_at_mutable(y->data, r * y->pitch * y_bytes), length);
  return 0;
}

const dlc_kernel dlc_unary_kernel = {
    .name = "unary",
    .params_bytes = sizeof(dlc_unary_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = unary_check,
    .parts = unary_parts,
    .run = unary_run,
};
