// scale_accumulator: acc i32, sums, w_scale, bias?, x_scale, x_zero -> y f32: a product whose left side was quantized
// when run, back to real numbers.
#include "quantize/quantize.h"
#include "unary/unary.h"

static bool is_list(const dlc_tensor *t, uint8_t type, int64_t count) {
  return dlc_valid_type(t, type) && t->rank <= 1 && dlc_elements(t) == count;
}

static int scale_accumulator_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 7, 7, sizeof(dlc_scale_accumulator_params)));
  const dlc_scale_accumulator_params *params = call->params;
  const dlc_tensor *acc = dlc_operand(call, 0), *bias = dlc_operand(call, 3), *x_scale = dlc_operand(call, 4),
                   *x_zero = dlc_operand(call, 5), *y = dlc_operand(call, 6);
  DLC_REQUIRE(dlc_valid_type(acc, DLC_I32) && dlc_valid_type(y, DLC_F32) && dlc_same_shape(acc, y) && acc->rank >= 1);
  const int64_t n = dlc_row_length(acc), rows = dlc_rows(acc);
  DLC_REQUIRE(is_list(dlc_operand(call, 1), DLC_I32, n) && is_list(dlc_operand(call, 2), DLC_F32, n));
  DLC_REQUIRE(!dlc_is_present(bias) || is_list(bias, DLC_F32, n));
  DLC_REQUIRE(is_list(x_scale, DLC_F32, 1) || is_list(x_scale, DLC_F32, rows));
  DLC_REQUIRE(is_list(x_zero, DLC_U8, dlc_elements(x_scale)));
  DLC_REQUIRE(dlc_valid_epilogue(params->epilogue.function));
  return 0;
}

static uint32_t scale_accumulator_parts(const dlc_call *call) {
  const dlc_tensor *acc = dlc_operand(call, 0);
  return (uint32_t)dlc_max64(1, dlc_min64(dlc_parts_for(dlc_elements(acc), 8192), dlc_rows(acc)));
}

static int scale_accumulator_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_scale_accumulator_params *params = call->params;
  const dlc_tensor *acc = dlc_operand(call, 0), *bias = dlc_operand(call, 3), *y = dlc_operand(call, 6);
  if (dlc_elements(acc) == 0) return 0;
  const float *x_scale = dlc_operand(call, 4)->data;
  const uint8_t *x_zero = dlc_operand(call, 5)->data;
  const int64_t n = dlc_row_length(acc), step = dlc_elements(dlc_operand(call, 4)) == 1 ? 0 : 1;
  const dlc_quantize_rows *rows = DLC_ROWS(dlc_quantize_rows);
  int64_t begin, end;
  dlc_split(dlc_rows(acc), 1, part, parts, &begin, &end);
  for (int64_t r = begin; r < end; r++) {
    float *to = (float *)y->data + r * y->pitch;
    rows->scale_accumulator((const int32_t *)acc->data + r * acc->pitch, dlc_operand(call, 1)->data,
                            dlc_operand(call, 2)->data, dlc_is_present(bias) ? bias->data : NULL, x_scale[r * step],
                            x_zero[r * step], to, n);
    dlc_epilogue_apply(&params->epilogue, to, n);
  }
  return 0;
}

const dlc_kernel dlc_scale_accumulator_kernel = {
    .name = "scale_accumulator",
    .params_bytes = sizeof(dlc_scale_accumulator_params),
    .min_operands = 7,
    .max_operands = 7,
    .check = scale_accumulator_check,
    .parts = scale_accumulator_parts,
    .run = scale_accumulator_run,
};
