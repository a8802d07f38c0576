// qsoftmax: x u8, exponentials i32 [256], y u8, along the last axis.
#include "qvector/bounds.h"

static int qsoftmax_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 3, 3, sizeof(dlc_qsoftmax_params)));
  const dlc_qsoftmax_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *e = dlc_operand(call, 1), *y = dlc_operand(call, 2);
  DLC_REQUIRE(dlc_valid_type(x, DLC_U8) && x->rank >= 1 && dlc_valid_type(y, DLC_U8) && dlc_same_shape(x, y));
  DLC_REQUIRE(dlc_valid_type(e, DLC_I32) && e->rank == 1 && e->dims[0] == 256 && dlc_is_dense(e));
  DLC_REQUIRE(params->zero >= 0 && params->zero <= 255);
  return 0;
}

static uint32_t qsoftmax_parts(const dlc_call *call) {
  const dlc_tensor *x = dlc_operand(call, 0);
  return (uint32_t)dlc_max64(1, dlc_min64(dlc_parts_for(dlc_elements(x), 16384), dlc_rows(x)));
}

// Sums are exact integers, so their order is free.
static int64_t sum_of(const uint8_t *x, int64_t n, const int32_t *e) {
  int64_t a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i + 4 <= n; i += 4) {
    a += e[-(int64_t)x[i]];
    b += e[-(int64_t)x[i + 1]];
    c += e[-(int64_t)x[i + 2]];
    d += e[-(int64_t)x[i + 3]];
  }
  for (; i < n; i++) a += e[-(int64_t)x[i]];
  return a + b + c + d;
}

static void line(const dlc_qsoftmax_params *params, const int32_t *exponentials, const uint8_t *x, uint8_t *y,
                 int64_t n) {
  enum { FEW = 64 };
  uint8_t most = 0;
  for (int64_t i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
  const int32_t *e = exponentials + most; // e[-x] stands for exp(x - most)
  const float factor = params->y_scale_inverse / (float)sum_of(x, n, e);
  const float low = (float)-params->zero, high = (float)(255 - params->zero);
  if (n <= FEW) {
    for (int64_t i = 0; i < n; i++)
      y[i] = (uint8_t)(dlc_round_even(dlc_clamp((float)e[-(int64_t)x[i]] * factor, low, high)) + params->zero);
    return;
  }
  // A long line takes each value once.
  uint8_t table[256];
  for (int v = 0; v <= most; v++)
    table[v] = (uint8_t)(dlc_round_even(dlc_clamp((float)exponentials[most - v] * factor, low, high)) + params->zero);
  for (int64_t i = 0; i < n; i++) y[i] = table[x[i]];
}

static int qsoftmax_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = dlc_operand(call, 0), *e = dlc_operand(call, 1), *y = dlc_operand(call, 2);
  const int64_t n = dlc_row_length(x);
  int64_t begin, end;
  if (n == 0) return 0;
  dlc_split(dlc_rows(x), 1, part, parts, &begin, &end);
  for (int64_t r = begin; r < end; r++)
    line(call->params, e->data, (const uint8_t *)x->data + r * x->pitch, (uint8_t *)y->data + r * y->pitch, n);
  return 0;
}

const dlc_kernel dlc_qsoftmax_kernel = {
    .name = "qsoftmax",
    .params_bytes = sizeof(dlc_qsoftmax_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = qsoftmax_check,
    .parts = qsoftmax_parts,
    .run = qsoftmax_run,
};
