// The lrn family: x, y [..., C]; f32, across the last axis.
#include "lrn/lrn.h"

static int lrn_check(const dlc_call *call) {
  DLC_REQUIRE(dlc_valid_call(call, 2, 2, sizeof(dlc_lrn_params)));
  const dlc_lrn_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  DLC_REQUIRE(dlc_valid_type(x, DLC_F32) && dlc_valid_type(y, DLC_F32) && dlc_same_shape(x, y));
  DLC_REQUIRE(x->rank >= 1);
  DLC_REQUIRE(params->size >= 1);
  return 0;
}

// Channels before and behind one that its window covers, within the axis.
static int64_t before(const dlc_call *call) {
  const dlc_lrn_params *params = call->params;
  return dlc_min64((params->size - 1) / 2, dlc_row_length(dlc_operand(call, 0)));
}

static int64_t behind(const dlc_call *call) {
  const dlc_lrn_params *params = call->params;
  return dlc_min64(params->size / 2, dlc_row_length(dlc_operand(call, 0)));
}

// The squares of one line with zeros around them.
static size_t lrn_scratch(const dlc_call *call) {
  int64_t floats = before(call) + dlc_row_length(dlc_operand(call, 0)) + behind(call) + DLC_LRN_SLACK;
  return (size_t)floats * sizeof(float);
}

static uint32_t lrn_parts(const dlc_call *call) {
  const dlc_tensor *x = dlc_operand(call, 0);
  return (uint32_t)dlc_max64(1, dlc_min64(dlc_parts_for(dlc_elements(x), 4096), dlc_rows(x)));
}

static int lrn_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_lrn_params *params = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 1);
  int64_t n = dlc_row_length(x), lead = before(call), follow = behind(call), begin, end;
  if (n == 0 || dlc_rows(x) == 0) return 0;
  float *squares = call->scratch, factor = params->alpha / (float)params->size;
  memset(squares, 0, lrn_scratch(call));
  dlc_split(dlc_rows(x), 1, part, parts, &begin, &end);
  for (int64_t r = begin; r < end; r++) {
    const float *from = (const float *)x->data + r * x->pitch;
    for (int64_t c = 0; c < n; c++) squares[lead + c] = from[c] * from[c];
    DLC_ROWS(dlc_lrn_rows)
        ->line(from, (float *)y->data + r * y->pitch, squares, n, lead + 1 + follow, factor, params->beta,
               params->bias);
  }
  return 0;
}

const dlc_kernel dlc_lrn_kernel = {
    .name = "lrn",
    .params_bytes = sizeof(dlc_lrn_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = lrn_check,
    .scratch = lrn_scratch,
    .parts = lrn_parts,
    .run = lrn_run,
};
