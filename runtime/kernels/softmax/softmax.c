// The softmax family: x, y of one shape, f32 or f64.
#include "softmax/softmax.h"

#include <math.h>

// Neighbouring lines along an inner axis that are walked together.
enum { COLUMNS = 64 };

// Elements from one of a line to the next.
static int64_t inner_elements(const dlc_tensor *x, int32_t axis) {
  int64_t inner = 1;
  for (int i = axis + 1; i < x->rank; i++) inner *= x->dims[i];
  return inner;
}

static int softmax_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_softmax_params)));
  const dlc_softmax_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid(x) && (x->type == DLC_F32 || x->type == DLC_F64));
  DLC_REQUIRE(dlc_valid_type(y, x->type) && dlc_same_shape(x, y));
  DLC_REQUIRE(params->kind >= 0 && params->kind <= 2 && params->axis >= 0 && params->axis < x->rank);
  const int32_t bit = params->kind + (inner_elements(x, params->axis) == 1 ? 0 : 4);
  DLC_REQUIRE_BUILT(DLC_SOFTMAX_KINDS >> bit & 1u);
  DLC_REQUIRE(params->axis == x->rank - 1 || (dlc_is_dense(x) && dlc_is_dense(y)));
  return 0;
}

static uint32_t softmax_parts(const dlc_call *call) { return dlc_parts_for(dlc_elements(dlc_operand(call, 0)), 8192); }

static void line_f64(const double *x, double *y, int64_t n, int64_t stride, bool is_log) {
  double largest = x[0], sum = 0;
  for (int64_t k = 1; k < n; k++) largest = x[k * stride] > largest ? x[k * stride] : largest;
  for (int64_t k = 0; k < n; k++) sum += exp(x[k * stride] - largest);
  double rest = is_log ? log(sum) : 1 / sum;
  for (int64_t k = 0; k < n; k++) {
    double shifted = x[k * stride] - largest;
    y[k * stride] = is_log ? shifted - rest : exp(shifted) * rest;
  }
}

#define HARDMAX(T)                                                                                                     \
  static void hardmax_##T(const T *x, T *y, int64_t n, int64_t stride) {                                               \
    int64_t best = 0;                                                                                                  \
    for (int64_t k = 1; k < n; k++) best = x[k * stride] > x[best * stride] ? k : best;                                \
    for (int64_t k = 0; k < n; k++) y[k * stride] = k == best;                                                         \
  }
HARDMAX(float)
HARDMAX(double)

// `width` neighbouring lines.
static void lines(int32_t kind, uint8_t type, const void *x, void *y, int64_t n, int64_t stride, int64_t width) {
  if (kind != 2 && type == DLC_F32) {
    const dlc_softmax_rows *rows = DLC_ROWS(dlc_softmax_rows);
    if (stride == 1)
      (kind == 1 ? rows->log_line : rows->line)(x, y, n);
    else
      (kind == 1 ? rows->log_columns : rows->columns)(x, y, n, stride, width);
    return;
  }
  for (int64_t j = 0; j < width; j++) {
    if (type == DLC_F32)
      hardmax_float((const float *)x + j, (float *)y + j, n, stride);
    else if (!DLC_HAS_TYPE(DLC_F64))
      return;
    else if (kind == 2)
      hardmax_double((const double *)x + j, (double *)y + j, n, stride);
    else
      line_f64((const double *)x + j, (double *)y + j, n, stride, kind == 1);
  }
}

static int softmax_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_softmax_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int64_t elements = dlc_elements(x), length = x->dims[params->axis], begin, end;
  if (elements == 0) return 0;
  int64_t bytes = (int64_t)dlc_type_size(x->type);
  const int64_t inner = inner_elements(x, params->axis);
  // x and y are dense unless the axis is the last one, where lines lie a pitch apart.
  bool is_last = params->axis == x->rank - 1;
  int64_t x_outer = is_last ? x->pitch : length * inner, y_outer = is_last ? y->pitch : length * inner;
  dlc_split(elements / length, inner == 1 ? 1 : COLUMNS, part, parts, &begin, &end);
  for (int64_t line = begin, n; line < end; line += n) {
    int64_t column = line % inner, outer = line / inner;
    n = dlc_min64(dlc_min64(COLUMNS, inner - column), end - line);
    lines(params->kind, x->type, dlc_at(x->data, (outer * x_outer + column) * bytes),
          dlc_at_mutable(y->data, (outer * y_outer + column) * bytes), length, inner, n);
  }
  return 0;
}

const dlc_kernel dlc_softmax_kernel = {
    .name = "softmax",
    .params_bytes = sizeof(dlc_softmax_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = softmax_check,
    .parts = softmax_parts,
    .run = softmax_run,
};
