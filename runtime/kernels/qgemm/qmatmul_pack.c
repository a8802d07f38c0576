// qmatmul_pack: plain or transposed matrices into panels of 16 columns by groups of 4 depths.
#include <string.h>

#include "qgemm/check.h"
#include "qgemm/pack.h"
#include "qgemm/tile.h"

enum { X, PACKED, SUMS };

static int check(const dlc_call *call) {
  DLC_REQUIRE((call->operand_count == 2 || call->operand_count == 3) &&
              call->params_bytes == sizeof(dlc_qmatmul_pack_params));
  const dlc_qmatmul_pack_params *p = call->params;
  const dlc_tensor *b = &call->operands[X], *y = &call->operands[PACKED], *sums = dlc_operand(call, SUMS);
  DLC_REQUIRE((b->type == DLC_I8 || b->type == DLC_U8) && (b->rank == 2 || b->rank == 3) && dlc_extent_valid(b));
  DLC_REQUIRE(dlc_is_dense_q(y, DLC_I8, 5) && y->dims[3] == DLC_QPANEL && y->dims[4] == DLC_QGROUP);
  DLC_REQUIRE(p->transposed == 0 || p->transposed == 1);
  DLC_REQUIRE(p->a_zero >= 0 && p->a_zero <= 255);
  const int32_t k = b->dims[b->rank - (p->transposed ? 1 : 2)], n = b->dims[b->rank - (p->transposed ? 2 : 1)];
  const int32_t g = b->rank == 3 ? b->dims[0] : 1;
  DLC_REQUIRE(y->dims[0] == g && y->dims[1] == n / DLC_QPANEL + (n % DLC_QPANEL != 0));
  DLC_REQUIRE(y->dims[2] == k / DLC_QGROUP + (k % DLC_QGROUP != 0));
  if (!dlc_is_present(sums)) return 0;
  DLC_REQUIRE((g == 1 && dlc_is_vector_q(sums, DLC_I32, n)) ||
              (dlc_is_dense_q(sums, DLC_I32, 2) && sums->dims[0] == g && sums->dims[1] == n));
  return 0;
}

static uint32_t parts(const dlc_call *call) {
  const dlc_tensor *y = &call->operands[PACKED];
  const int64_t panels = (int64_t)y->dims[0] * y->dims[1], work = dlc_elements(y) >> 16;
  const int64_t parts = work < panels ? work : panels;
  return parts < 1 ? 1 : parts > 64 ? 64 : (uint32_t)parts;
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qmatmul_pack_params *p = call->params;
  const dlc_tensor *b = &call->operands[X], *y = &call->operands[PACKED], *sums = dlc_operand(call, SUMS);
  const int64_t panels = y->dims[1], groups = y->dims[2];
  const int64_t k = b->dims[b->rank - (p->transposed ? 1 : 2)], n = b->dims[b->rank - (p->transposed ? 2 : 1)];
  const int64_t matrix = (p->transposed ? n : k) * b->pitch;
  const uint8_t flip = b->type == DLC_U8 ? 0x80 : 0;
  int64_t begin, end;
  dlc_split(y->dims[0] * panels, 1, part, parts, &begin, &end);
  for (int64_t panel = begin; panel < end; panel++) {
    const int64_t column = panel % panels * DLC_QPANEL;
    const int count = (int)(n - column < DLC_QPANEL ? n - column : DLC_QPANEL);
    const uint8_t *from = (const uint8_t *)b->data + panel / panels * matrix + column * (p->transposed ? b->pitch : 1);
    int8_t *to = (int8_t *)y->data + panel * groups * DLC_QPANEL_GROUP_BYTES;
    memset(to, 0, (size_t)groups * DLC_QPANEL_GROUP_BYTES);
    uint32_t totals[DLC_QPANEL] = {0};
    for (int64_t d = 0; d < k; d++) {
      int8_t *row = to + d / DLC_QGROUP * DLC_QPANEL_GROUP_BYTES + d % DLC_QGROUP;
      for (int j = 0; j < count; j++) {
        const uint8_t code = p->transposed ? from[j * b->pitch + d] : from[d * b->pitch + j];
        const int8_t w = dlc_qweight((int8_t)(code ^ flip));
        row[j * DLC_QGROUP] = w;
        totals[j] += (uint32_t)w;
      }
    }
    if (!dlc_is_present(sums)) continue;
    int32_t *out = (int32_t *)sums->data + panel / panels * n + column;
    for (int j = 0; j < count; j++) out[j] = (int32_t)(totals[j] * (uint32_t)-p->a_zero);
  }
  return 0;
}

const dlc_kernel dlc_qmatmul_pack_kernel = {
    .name = "qmatmul_pack",
    .params_bytes = sizeof(dlc_qmatmul_pack_params),
    .min_operands = 2,
    .max_operands = 3,
    .check = check,
    .parts = parts,
    .run = run,
};
