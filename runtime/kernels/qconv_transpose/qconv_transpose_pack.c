// qconv_transpose_pack: w [C, KD, KH, KW, O/groups] -> for each phase [groups, panels, ceil(depth / 4), 16, 4], then
// its columns' sums, i32 [groups, panels, 16].
#include <string.h>

#include "dlc_pack.h"
#include "qconv_transpose/geometry.h"
#include "qgemm/check.h"
#include "qgemm/pack.h"

size_t dlc_qconv_transpose_packed_bytes(const dlc_qconv_transpose_pack_params *p, int32_t c, int32_t o) {
  const int32_t *stride = p->window.stride;
  if (!dlc_window_valid(&p->window)) return 0;
  // Each phase is visited, even one without outputs.
  if ((int64_t)stride[0] * stride[1] > 1 << 16 || (int64_t)stride[0] * stride[1] * stride[2] > 1 << 16) return 0;
  int64_t total = 0;
  int32_t at[3];
  for (at[0] = 0; at[0] < stride[0]; at[0]++)
    for (at[1] = 0; at[1] < stride[1]; at[1]++)
      for (at[2] = 0; at[2] < stride[2]; at[2]++) {
        dlc_phase_axis axis[3];
        dlc_qgeometry g;
        int64_t bytes;
        if (!dlc_qphase_of(&p->window, p->groups, c, o, at, axis, &g)) return 0;
        if (__builtin_mul_overflow(g.group_bytes, (int64_t)g.groups, &bytes) || bytes > INT32_MAX) return 0;
        total += bytes + dlc_qphase_sum_bytes(&g);
        if (total > INT32_MAX) return 0;
      }
  return (size_t)total;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 2 && call->params_bytes == sizeof(dlc_qconv_transpose_pack_params));
  const dlc_qconv_transpose_pack_params *p = call->params;
  const dlc_tensor *w = &call->operands[0], *y = &call->operands[1];
  DLC_REQUIRE(dlc_is_dense_q(w, DLC_I8, 5) && dlc_is_dense_q(y, DLC_I8, 1) && p->groups >= 1);
  const int64_t outputs = (int64_t)w->dims[4] * p->groups;
  DLC_REQUIRE(outputs <= INT32_MAX);
  for (int i = 0; i < 3; i++) DLC_REQUIRE(w->dims[1 + i] == p->window.kernel[i]);
  const size_t packed = dlc_qconv_transpose_packed_bytes(p, w->dims[0], (int32_t)outputs);
  DLC_REQUIRE(packed != 0 && packed == (size_t)y->dims[0]);
  return 0;
}

// Packs one phase, and returns where the next one goes.
static int8_t *pack_phase(const dlc_tensor *w, const dlc_phase_axis axis[3], const dlc_qgeometry *g, int8_t *to) {
  const int64_t own_outputs = w->dims[4], own_inputs = g->inputs / g->merged;
  const int64_t channel = (int64_t)w->dims[1] * w->dims[2] * w->dims[3] * own_outputs;
  const int64_t bytes = g->group_bytes * g->groups;
  int8_t *sums = to + bytes; // i32s, not necessarily aligned
  memset(to, 0, (size_t)(bytes + dlc_qphase_sum_bytes(g)));
  for (int64_t column = 0; column < (int64_t)g->groups * g->outputs; column++) {
    const int64_t group = column / g->outputs, j = column % g->outputs;
    const int64_t input = column / own_outputs * own_inputs; // first of its own inputs, in w
    const int64_t shift = j / own_outputs * own_inputs;      // the same, among the merged group's
    const int64_t place = group * g->panels * DLC_QPANEL + j;
    int8_t *panel = to + (group * g->panels + j / DLC_QPANEL) * g->panel_bytes + j % DLC_QPANEL * DLC_QGROUP;
    int32_t sum = 0;
    int64_t tap = 0;
    for (int32_t d = 0; d < axis[0].taps; d++)
      for (int32_t h = 0; h < axis[1].taps; h++)
        for (int32_t v = 0; v < axis[2].taps; v++, tap++) {
          const int64_t kd = axis[0].cell + d * axis[0].cell_step, kh = axis[1].cell + h * axis[1].cell_step,
                        kw = axis[2].cell + v * axis[2].cell_step;
          const int8_t *from = (const int8_t *)w->data + input * channel +
                               ((kd * w->dims[2] + kh) * w->dims[3] + kw) * own_outputs + column % own_outputs;
          for (int64_t c = 0; c < own_inputs; c++, from += channel) {
            const int64_t k = tap * g->inputs + shift + c;
            const int8_t weight = dlc_qweight(*from);
            panel[k / DLC_QGROUP * DLC_QPANEL_GROUP_BYTES + k % DLC_QGROUP] = weight;
            sum += weight;
          }
        }
    memcpy(sums + place * (int64_t)sizeof sum, &sum, sizeof sum);
  }
  return sums + dlc_qphase_sum_bytes(g);
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qconv_transpose_pack_params *p = call->params;
  const dlc_tensor *w = &call->operands[0];
  const int32_t *stride = p->window.stride;
  (void)parts;
  if (part != 0) return 0;
  int8_t *to = call->operands[1].data;
  int32_t at[3];
  for (at[0] = 0; at[0] < stride[0]; at[0]++)
    for (at[1] = 0; at[1] < stride[1]; at[1]++)
      for (at[2] = 0; at[2] < stride[2]; at[2]++) {
        dlc_phase_axis axis[3];
        dlc_qgeometry g;
        if (dlc_qphase_of(&p->window, p->groups, w->dims[0], w->dims[4] * p->groups, at, axis, &g))
          to = pack_phase(w, axis, &g, to);
      }
  return 0;
}

const dlc_kernel dlc_qconv_transpose_pack_kernel = {
    .name = "qconv_transpose_pack",
    .params_bytes = sizeof(dlc_qconv_transpose_pack_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .run = run,
};
