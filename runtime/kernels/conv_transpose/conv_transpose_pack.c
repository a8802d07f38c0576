// conv_transpose_pack: w [C, KD, KH, KW, O/groups] -> for each phase [groups, panels, taps of the phase * C/groups,
// 16].
#include "conv_transpose/phase.h"
#include "dlc_pack.h"
#include "gemm/check.h"
#include "gemm/tile.h"

size_t dlc_conv_transpose_packed_elements(const dlc_conv_transpose_pack_params *p, int32_t c, int32_t o) {
  if (!dlc_window_valid(&p->window) || p->groups < 1 || c < 1 || o < 1 || c % p->groups || o % p->groups) return 0;
  // Each phase is visited, even one without outputs.
  if ((int64_t)p->window.stride[0] * p->window.stride[1] > 1 << 16) return 0;
  if ((int64_t)p->window.stride[0] * p->window.stride[1] * p->window.stride[2] > 1 << 16) return 0;
  const int32_t outputs = o / p->groups;
  // Every cell of the window belongs to one phase, so the phases' taps add up to the window.
  int64_t floats = (int64_t)p->window.kernel[0] * p->window.kernel[1] * p->window.kernel[2];
  int64_t panel_floats = (int64_t)(outputs / DLC_PANEL + (outputs % DLC_PANEL != 0)) * DLC_PANEL;
  if (__builtin_mul_overflow(floats, (int64_t)c, &floats) || __builtin_mul_overflow(floats, panel_floats, &floats))
    return 0;
  return floats <= INT32_MAX ? (size_t)floats : 0;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 2 && call->params_bytes == sizeof(dlc_conv_transpose_pack_params));
  const dlc_conv_transpose_pack_params *p = call->params;
  const dlc_tensor *w = &call->operands[0], *y = &call->operands[1];
  DLC_REQUIRE(dlc_is_dense_f32(w, 5) && dlc_is_dense_f32(y, 1) && p->groups >= 1);
  int64_t outputs = (int64_t)w->dims[4] * p->groups;
  DLC_REQUIRE(outputs <= INT32_MAX);
  for (int i = 0; i < 3; i++) DLC_REQUIRE(w->dims[1 + i] == p->window.kernel[i]);
  size_t packed = dlc_conv_transpose_packed_elements(p, w->dims[0], (int32_t)outputs);
  DLC_REQUIRE(packed != 0 && packed == (size_t)y->dims[0]);
  return 0;
}

// Packs one group of one phase, and returns where the next one goes.
static float *pack_group(const dlc_tensor *w, const dlc_phase_axis axis[3], int32_t groups, int32_t group, float *to) {
  const int32_t inputs = w->dims[0] / groups, outputs = w->dims[4];
  const int64_t channel = (int64_t)w->dims[1] * w->dims[2] * w->dims[3] * outputs;
  for (int32_t column = 0; column < outputs; column += DLC_PANEL)
    for (int32_t d = 0; d < axis[0].taps; d++)
      for (int32_t h = 0; h < axis[1].taps; h++)
        for (int32_t v = 0; v < axis[2].taps; v++) {
          const int64_t kd = axis[0].cell + d * axis[0].cell_step, kh = axis[1].cell + h * axis[1].cell_step,
                        kw = axis[2].cell + v * axis[2].cell_step;
          const float *from = (const float *)w->data + (int64_t)group * inputs * channel +
                              ((kd * w->dims[2] + kh) * w->dims[3] + kw) * outputs + column;
          for (int32_t c = 0; c < inputs; c++, from += channel)
            for (int32_t j = 0; j < DLC_PANEL; j++) *to++ = column + j < outputs ? from[j] : 0;
        }
  return to;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_conv_transpose_pack_params *p = call->params;
  const int32_t *stride = p->window.stride;
  if (part != 0) return 0;
  (void)parts;
  float *to = call->operands[1].data;
  for (int32_t d = 0; d < stride[0]; d++)
    for (int32_t h = 0; h < stride[1]; h++)
      for (int32_t w = 0; w < stride[2]; w++) {
        const dlc_phase_axis axis[3] = {dlc_phase_of(&p->window, 0, d), dlc_phase_of(&p->window, 1, h),
                                        dlc_phase_of(&p->window, 2, w)};
        for (int32_t group = 0; group < p->groups; group++)
          to = pack_group(&call->operands[0], axis, p->groups, group, to);
      }
  return 0;
}

const dlc_kernel dlc_conv_transpose_pack_kernel = {
    .name = "conv_transpose_pack",
    .params_bytes = sizeof(dlc_conv_transpose_pack_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .run = run,
};
