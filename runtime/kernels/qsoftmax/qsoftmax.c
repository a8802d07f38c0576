// qsoftmax: x u8, exponentials i32 [256], y u8, along the last axis.
#include "qsoftmax/qsoftmax.h"

#include "lookup/lookup.h"

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

// A line, given exponentials in rising order: rising[255 - d] = e[d], zeros from 256 on.
static void line(const dlc_qsoftmax_params *params, const dlc_qsoftmax_rows *rows, dlc_lookup_row *look_up,
                 const int32_t *rising, const uint8_t *x, uint8_t *y, int64_t n) {
  enum { FEW = 16 };
  uint8_t least = 255, most = 0;
  for (int64_t i = 0; i < n; i++) {
    least = x[i] < least ? x[i] : least;
    most = x[i] > most ? x[i] : most;
  }
  const int32_t *e = rising + (255 - most); // e[x] stands for exp(x - most)
  const float factor = params->y_scale_inverse / (float)rows->sum(x, n, e);
  const dlc_qbounds bounds = dlc_bounds_of((float)-params->zero, (float)(255 - params->zero), params->zero);
  if (n <= FEW) {
    for (int64_t i = 0; i < n; i++)
      y[i] = (uint8_t)(dlc_round_even(dlc_clamp((float)e[x[i]] * factor, bounds.low, bounds.high)) + bounds.zero);
    return;
  }
  // A long line takes each value once.
  uint8_t table[256];
  const int first = least & ~(DLC_QBYTES - 1);
  rows->scale(e + first, factor, &bounds, table + first, (most | (DLC_QBYTES - 1)) + 1 - first);
  look_up(x, table, y, n);
}

static int qsoftmax_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *x = dlc_operand(call, 0), *e = dlc_operand(call, 1), *y = dlc_operand(call, 2);
  const int64_t n = dlc_row_length(x);
  int64_t begin, end;
  if (n == 0) return 0;
  dlc_split(dlc_rows(x), 1, part, parts, &begin, &end);
  int32_t rising[512] = {0};
  for (int d = 0; d < 256; d++) rising[255 - d] = ((const int32_t *)e->data)[d];
  const dlc_qsoftmax_rows *rows = DLC_ROWS(dlc_qsoftmax_rows);
  dlc_lookup_row *look_up = dlc_lookup_bytes();
  for (int64_t r = begin; r < end; r++)
    line(call->params, rows, look_up, rising, (const uint8_t *)x->data + r * x->pitch,
         (uint8_t *)y->data + r * y->pitch, n);
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
