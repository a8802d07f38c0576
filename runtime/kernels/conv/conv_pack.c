// conv_pack: w [O, KD, KH, KW, C/groups] -> [groups, panels, KD*KH*KW*C/groups, 16].
#include "gemm/check.h"
#include "gemm/tile.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 2 && call->params_bytes == sizeof(dlc_conv_pack_params));
  const dlc_conv_pack_params *p = call->params;
  const dlc_tensor *w = &call->operands[0], *y = &call->operands[1];
  DLC_REQUIRE(dlc_is_dense_f32(w, 5) && dlc_is_dense_f32(y, 4));
  DLC_REQUIRE(p->groups >= 1 && w->dims[0] % p->groups == 0);
  int32_t outputs = w->dims[0] / p->groups;
  int64_t depth = 1;
  for (int i = 1; i < 5; i++) DLC_REQUIRE(!__builtin_mul_overflow(depth, (int64_t)w->dims[i], &depth));
  DLC_REQUIRE(y->dims[0] == p->groups && y->dims[1] == outputs / DLC_PANEL + (outputs % DLC_PANEL != 0));
  DLC_REQUIRE(y->dims[2] == depth && y->dims[3] == DLC_PANEL);
  return 0;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_tensor *w = &call->operands[0], *y = &call->operands[1];
  const int64_t panels = y->dims[1], depth = y->dims[2], outputs = w->dims[0] / y->dims[0];
  int64_t begin, end;
  dlc_split(y->dims[0] * panels, 1, part, parts, &begin, &end);
  for (int64_t panel = begin; panel < end; panel++) {
    const int64_t column = panel % panels * DLC_PANEL;
    const int64_t left = outputs - column, count = left < DLC_PANEL ? left : DLC_PANEL;
    const float *from = (const float *)w->data + (panel / panels * outputs + column) * depth;
    float *to = (float *)y->data + panel * depth * DLC_PANEL;
    for (int64_t k = 0; k < depth; k++, to += DLC_PANEL)
      for (int64_t j = 0; j < DLC_PANEL; j++) to[j] = j < count ? from[j * depth + k] : 0;
  }
  return 0;
}

const dlc_kernel dlc_conv_pack_kernel = {
    .name = "conv_pack",
    .params_bytes = sizeof(dlc_conv_pack_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .run = run,
};
