// matmul_pack: plain or transposed matrices into panels of 16 columns.
#include <string.h>

#include "gemm/check.h"
#include "gemm/tile.h"

static int check(const dlc_call *call) {
  DLC_REQUIRE(call->operand_count == 2 && call->params_bytes == sizeof(dlc_matmul_pack_params));
  const dlc_matmul_pack_params *p = call->params;
  const dlc_tensor *b = &call->operands[0], *y = &call->operands[1];
  DLC_REQUIRE(dlc_is_f32(b, 2) || dlc_is_f32(b, 3));
  DLC_REQUIRE(dlc_is_dense_f32(y, 4) && y->dims[3] == DLC_PANEL);
  DLC_REQUIRE(p->transposed == 0 || p->transposed == 1);
  int32_t k = b->dims[b->rank - 2], n = b->dims[b->rank - 1];
  if (p->transposed) {
    int32_t swap = k;
    k = n;
    n = swap;
  }
  DLC_REQUIRE(y->dims[0] == (b->rank == 3 ? b->dims[0] : 1));
  DLC_REQUIRE(y->dims[1] == n / DLC_PANEL + (n % DLC_PANEL != 0) && y->dims[2] == k);
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[1];
  int64_t panels = (int64_t)y->dims[0] * y->dims[1], work = dlc_elements(y) >> 16;
  return work < 1 || panels < 1 ? 1 : (uint32_t)(work < panels ? (work < 64 ? work : 64) : (panels < 64 ? panels : 64));
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_matmul_pack_params *p = call->params;
  const dlc_tensor *b = &call->operands[0], *y = &call->operands[1];
  const int64_t panels = y->dims[1], depth = y->dims[2], n = b->dims[b->rank - (p->transposed ? 2 : 1)];
  const int64_t matrix = (p->transposed ? n : depth) * b->pitch;
  int64_t begin, end;
  dlc_split(y->dims[0] * panels, 1, part, parts, &begin, &end);
  for (int64_t panel = begin; panel < end; panel++) {
    const int64_t column = panel % panels * DLC_PANEL;
    const int count = (int)(n - column < DLC_PANEL ? n - column : DLC_PANEL);
    const float *from = (const float *)b->data + panel / panels * matrix + column * (p->transposed ? b->pitch : 1);
    float *to = (float *)y->data + panel * depth * DLC_PANEL;
    for (int64_t k = 0; k < depth; k++, to += DLC_PANEL) {
      if (p->transposed) {
        for (int j = 0; j < count; j++) to[j] = from[j * b->pitch + k];
      } else {
        memcpy(to, from + k * b->pitch, (size_t)count * sizeof(float));
      }
      if (count < DLC_PANEL) memset(to + count, 0, (size_t)(DLC_PANEL - count) * sizeof(float));
    }
  }
  return 0;
}

const dlc_kernel dlc_matmul_pack_kernel = {
    .name = "matmul_pack",
    .params_bytes = sizeof(dlc_matmul_pack_params),
    .min_operands = 2,
    .max_operands = 2,
    .check = check,
    .parts = parts,
    .run = run,
};
