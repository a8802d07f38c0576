// qconv_pack: w [O, KD, KH, KW, C/groups] -> [groups, panels, ceil(depth / 4), 16, 4], as qconv/geometry.h says.
#include <string.h>

#include "dlc_pack.h"
#include "qconv/geometry.h"
#include "qgemm/check.h"
#include "qgemm/pack.h"

size_t dlc_qconv_packed_bytes(const dlc_qconv_pack_params *p, int32_t c, int32_t o) {
  dlc_qgeometry g;
  if (!dlc_window_valid(&p->window) || !dlc_qgeometry_of(dlc_window_taps(&p->window), p->groups, c, o, &g)) return 0;
  int64_t bytes;
  if (__builtin_mul_overflow(g.group_bytes, (int64_t)g.groups, &bytes)) return 0;
  return bytes <= INT32_MAX ? (size_t)bytes : 0;
}

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 2 && call->params_bytes == sizeof(dlc_qconv_pack_params));
  const dlc_qconv_pack_params *p = call->params;
  const dlc_tensor *w = &call->operands[0], *y = &call->operands[1];
  DLC_REQUIRE(dlc_is_dense_q(w, DLC_I8, 5) && dlc_is_dense_q(y, DLC_I8, 1) && p->groups >= 1);
  const int64_t channels = (int64_t)w->dims[4] * p->groups;
  DLC_REQUIRE(channels <= INT32_MAX);
  for (int i = 0; i < 3; i++) DLC_REQUIRE(w->dims[1 + i] == p->window.kernel[i]);
  const size_t packed = dlc_qconv_packed_bytes(p, (int32_t)channels, w->dims[0]);
  DLC_REQUIRE(packed != 0 && packed == (size_t)y->dims[0]);
  return 0;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qconv_pack_params *p = call->params;
  const dlc_tensor *w = &call->operands[0], *y = &call->operands[1];
  const int64_t taps = dlc_window_taps(&p->window), channels = w->dims[4];
  dlc_qgeometry g;
  if (!dlc_qgeometry_of(taps, p->groups, (int32_t)(channels * p->groups), w->dims[0], &g)) return 0;
  const int32_t own = g.outputs / g.merged; // outputs of one unmerged group
  int64_t begin, end;
  dlc_split(g.groups * g.panels, 1, part, parts, &begin, &end);
  for (int64_t panel = begin; panel < end; panel++) {
    int8_t *to = (int8_t *)y->data + panel * g.panel_bytes;
    memset(to, 0, (size_t)g.panel_bytes);
    for (int32_t j = 0; j < DLC_QPANEL; j++) {
      const int64_t column = panel % g.panels * DLC_QPANEL + j;
      if (column >= g.outputs) break;
      const int8_t *from = (const int8_t *)w->data + (panel / g.panels * g.outputs + column) * taps * channels;
      for (int64_t tap = 0; tap < taps; tap++)
        for (int64_t c = 0; c < channels; c++) {
          const int64_t k = tap * g.inputs + column / own * channels + c;
          to[k / DLC_QGROUP * DLC_QPANEL_GROUP_BYTES + j * DLC_QGROUP + k % DLC_QGROUP] = dlc_qweight(*from++);
        }
    }
  }
  return 0;
}

const dlc_kernel dlc_qconv_pack_kernel = {
    .name = "qconv_pack",
    .params_bytes = sizeof(dlc_qconv_pack_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .run = run,
};
