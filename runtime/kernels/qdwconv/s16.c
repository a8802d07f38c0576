// qdwconv of s16: x s16, w packed, bias i32, scale f32, residual? s16, y s16 or f32.
#include "qdwconv/s16.h"

#include "gemm/check.h"
#include "qdwconv/plan.h"
#include "qgemm/check.h"

int dlc_qdwconv_s16_check(const dlc_call *call) {
  const dlc_qdwconv_params *p = call->params;
  const dlc_tensor *x = dlc_operand(call, 0), *w = dlc_operand(call, 1), *y = dlc_operand(call, 6);
  DLC_REQUIRE(dlc_valid_type(x, DLC_I16) && x->rank == 5 && dlc_valid(y) && y->rank == 5);
  DLC_REQUIRE(dlc_window_valid(&p->window) && dlc_window_fits(&p->window, x, y));
  DLC_REQUIRE(p->multiplier == 1 && x->dims[4] == y->dims[4] && p->x_zero == 0);
  const int32_t *kernel = p->window.kernel;
  const int64_t taps = (int64_t)kernel[0] * kernel[1] * kernel[2];
  DLC_REQUIRE(taps <= DLC_QDWCONV_S16_TAPS);
  DLC_REQUIRE(dlc_is_vector_q(w, DLC_I8, dlc_qdwconv_blocks(y->dims[4]) * taps * DLC_QLANES));
  DLC_REQUIRE(dlc_is_qbiases(dlc_operand(call, 2), y->dims[4]));
  return dlc_check_requantize_s16(dlc_operand(call, 3), dlc_operand(call, 4), dlc_operand(call, 5), y, y->dims[4],
                                  &p->requantize);
}

// Biases and scales, one for each channel.
size_t dlc_qdwconv_s16_scratch(const dlc_call *call) {
  return (size_t)dlc_operand(call, 6)->dims[4] * (sizeof(int32_t) + sizeof(float));
}

// The input rows of output row `row` of all.
static void list_lines(const dlc_call *call, int64_t row, dlc_qdwconv_s16_lines *lines) {
  const dlc_window *w = &((const dlc_qdwconv_params *)call->params)->window;
  const dlc_tensor *x = dlc_operand(call, 0), *y = dlc_operand(call, 6);
  const int64_t oh = row % y->dims[2], od = row / y->dims[2] % y->dims[1], image = row / y->dims[2] / y->dims[1];
  lines->count = 0;
  for (int32_t kd = 0; kd < w->kernel[0]; kd++)
    for (int32_t kh = 0; kh < w->kernel[1]; kh++) {
      const int64_t d = od * w->stride[0] - w->pad_begin[0] + (int64_t)kd * w->dilation[0];
      const int64_t h = oh * w->stride[1] - w->pad_begin[1] + (int64_t)kh * w->dilation[1];
      if (d < 0 || d >= x->dims[1] || h < 0 || h >= x->dims[2]) continue;
      const int64_t line = (image * x->dims[1] + d) * x->dims[2] + h;
      lines->at[lines->count] = (const int16_t *)x->data + line * x->dims[3] * x->pitch;
      lines->tap[lines->count++] = (kd * w->kernel[1] + kh) * w->kernel[2];
    }
}

int dlc_qdwconv_s16_run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qdwconv_params *p = call->params;
  const dlc_window *w = &p->window;
  const dlc_tensor *x = dlc_operand(call, 0), *residual = dlc_operand(call, 4), *y = dlc_operand(call, 6);
  if (dlc_elements(y) == 0) return 0;
  const dlc_qchannels biases = dlc_qchannels_of(dlc_operand(call, 2)), scales = dlc_qchannels_of(dlc_operand(call, 3));
  int32_t *bias = call->scratch;
  float *scale = (float *)(void *)(bias + y->dims[4]);
  dlc_qbiases(&biases, 0, y->dims[4], bias);
  dlc_qscales(&scales, 0, y->dims[4], scale);
  const dlc_qdwconv_s16_job job = {
      .x_end = (const int16_t *)x->data + (dlc_elements(x) ? (dlc_rows(x) - 1) * x->pitch + x->dims[4] : 0),
      .x_pitch = x->pitch,
      .weights = dlc_operand(call, 1)->data,
      .bias = bias,
      .scale = scale,
      .residual = residual->data,
      .y = y->data,
      .residual_pitch = residual->pitch,
      .y_pitch = y->pitch,
      // Without a sign, so that bounds of zero give the same zero everywhere.
      .low = p->requantize.low + 0.0f,
      .high = p->requantize.high + 0.0f,
      .residual_scale = p->requantize.residual_scale,
      .channels = x->dims[4],
      .taps = w->kernel[0] * w->kernel[1] * w->kernel[2],
      .kernel = w->kernel[2],
      .stride = w->stride[2],
      .dilation = w->dilation[2],
      .in_w = x->dims[3],
      .out_w = y->dims[3],
      .first = -w->pad_begin[2],
      .type = y->type,
  };
  const dlc_qdwconv_s16_rows *rows = DLC_ROWS(dlc_qdwconv_s16);
  dlc_qdwconv_s16_lines lines;
  int64_t begin, end;
  dlc_split((int64_t)y->dims[0] * y->dims[1] * y->dims[2], 1, part, parts, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    list_lines(call, row, &lines);
    rows->row(&job, &lines, row);
  }
  return 0;
}
