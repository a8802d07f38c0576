// dynamic_range: x f32 -> scale f32, zero u8, of the whole tensor or of each row.
#include "quantize/quantize.h"
#include "qvector/bounds.h"

static int dynamic_range_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 3, 3, sizeof(dlc_dynamic_range_params)));
  const dlc_dynamic_range_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *scale = dlc_operand(call, 1), *zero = dlc_operand(call, 2);
  DLC_REQUIRE(dlc_valid_type(x, DLC_F32) && dlc_valid_type(scale, DLC_F32) && dlc_valid_type(zero, DLC_U8));
  DLC_REQUIRE((params->per_row == 0 || params->per_row == 1) && (params->symmetric == 0 || params->symmetric == 1));
  DLC_REQUIRE(scale->rank <= 1 && zero->rank <= 1);
  const int64_t count = params->per_row ? dlc_rows(x) : 1;
  DLC_REQUIRE(dlc_elements(scale) == count && dlc_elements(zero) == count);
  return 0;
}

// One part may not wait for another: only rows are shared.
static uint32_t dynamic_range_parts(const dlc_call *call) {
  const dlc_dynamic_range_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0);
  if (!params->per_row) return 1;
  return (uint32_t)dlc_max64(1, dlc_min64(dlc_parts_for(dlc_elements(x), 16384), dlc_rows(x)));
}

// A range without extent has scale 1. Symmetric: 1...255 stand for -m...m.
static void store(const dlc_dynamic_range_params *params, const float range[2], float *scale, uint8_t *zero) {
  if (params->symmetric) {
    const float most = range[1] > -range[0] ? range[1] : -range[0];
    *scale = most > 0 ? most / 127.0f : 1.0f;
    *zero = 128;
    return;
  }
  *scale = range[1] > range[0] ? (range[1] - range[0]) / 255.0f : 1.0f;
  *zero = (uint8_t)dlc_round_even(dlc_clamp((0.0f - range[0]) / *scale, 0.0f, 255.0f));
}

static int dynamic_range_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_dynamic_range_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0);
  float *scale = dlc_operand(call, 1)->data;
  uint8_t *zero = dlc_operand(call, 2)->data;
  const dlc_quantize_rows *rows = DLC_ROWS(dlc_quantize_rows);
  int64_t begin, end, length = dlc_row_length(x);
  dlc_split(dlc_rows(x), 1, part, params->per_row ? parts : 1, &begin, &end);
  if (!params->per_row && part > 0) return 0;
  float range[2] = {0, 0};
  if (!params->per_row && dlc_is_dense(x)) {
    length *= end;
    end = end > 0;
  }
  for (int64_t r = begin; r < end; r++) {
    rows->range((const float *)x->data + r * x->pitch, length, range);
    if (!params->per_row) continue;
    store(params, range, scale + r, zero + r);
    range[0] = range[1] = 0;
  }
  if (!params->per_row) store(params, range, scale, zero);
  return 0;
}

const dlc_kernel dlc_dynamic_range_kernel = {
    .name = "dynamic_range",
    .params_bytes = sizeof(dlc_dynamic_range_params),
    .min_operands = 3,
    .max_operands = 3,
    .check = dynamic_range_check,
    .parts = dynamic_range_parts,
    .run = dynamic_range_run,
};
