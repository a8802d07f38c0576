// qmatmul_pack: plain or transposed matrices into panels of 16 columns by groups of 4 depths.
#include <string.h>

#include "qgemm/check.h"
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
  DLC_REQUIRE(b->type == DLC_I8 ? p->b_offset == 0 : p->b_offset == 127 || p->b_offset == 128);
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

// How codes become weights: w = min(max(code ^ flip, low), high) - offset, all in u8.
typedef struct conversion {
  uint8_t flip, low, high, offset;
} conversion;

static conversion conversion_of(const dlc_tensor *b, int32_t offset) {
  if (b->type == DLC_I8) return (conversion){0x80, 1, 255, 128};
  return offset == 128 ? (conversion){0, 0, 255, 128} : (conversion){0, 0, 254, 127};
}

// Codes of up to 4 depths and 16 columns side by side; what is missing is `none`.
static void gather_group(const uint8_t *from, int64_t pitch, bool transposed, int64_t depths, int count, uint8_t none,
                         uint8_t block[DLC_QPANEL_GROUP_BYTES]) {
  if (count < DLC_QPANEL || depths < DLC_QGROUP) memset(block, none, DLC_QPANEL_GROUP_BYTES);
  if (transposed && depths >= DLC_QGROUP) {
    for (int j = 0; j < count; j++) memcpy(block + j * DLC_QGROUP, from + j * pitch, DLC_QGROUP);
  } else if (depths >= DLC_QGROUP && count == DLC_QPANEL) {
    const uint8_t *second = from + pitch, *third = second + pitch, *fourth = third + pitch;
    uint32_t columns[DLC_QPANEL]; // little-endian, as all targets are
    for (int j = 0; j < DLC_QPANEL; j++)
      columns[j] = from[j] | (uint32_t)second[j] << 8 | (uint32_t)third[j] << 16 | (uint32_t)fourth[j] << 24;
    memcpy(block, columns, sizeof columns);
  } else {
    for (int64_t d = 0; d < depths && d < DLC_QGROUP; d++)
      for (int j = 0; j < count; j++)
        block[j * DLC_QGROUP + d] = transposed ? from[j * pitch + d] : from[d * pitch + j];
  }
}

static void convert_group(const uint8_t block[DLC_QPANEL_GROUP_BYTES], conversion c, int8_t *to) {
  for (int i = 0; i < DLC_QPANEL_GROUP_BYTES; i++) {
    uint8_t code = block[i] ^ c.flip;
    code = code < c.low ? c.low : code;
    code = code > c.high ? c.high : code;
    to[i] = (int8_t)(uint8_t)(code - c.offset);
  }
}

static int run(const dlc_call *call, uint32_t part, uint32_t parts) {
  const dlc_qmatmul_pack_params *p = call->params;
  const dlc_tensor *b = &call->operands[X], *y = &call->operands[PACKED], *sums = dlc_operand(call, SUMS);
  const int64_t panels = y->dims[1], groups = y->dims[2];
  const int64_t k = b->dims[b->rank - (p->transposed ? 1 : 2)], n = b->dims[b->rank - (p->transposed ? 2 : 1)];
  const int64_t matrix = (p->transposed ? n : k) * b->pitch;
  const conversion c = conversion_of(b, p->b_offset);
  const uint8_t none = c.offset ^ c.flip;
  int64_t begin, end;
  dlc_split(y->dims[0] * panels, 1, part, parts, &begin, &end);
  for (int64_t panel = begin; panel < end; panel++) {
    const int64_t column = panel % panels * DLC_QPANEL;
    const int count = (int)(n - column < DLC_QPANEL ? n - column : DLC_QPANEL);
    const uint8_t *from = (const uint8_t *)b->data + panel / panels * matrix + column * (p->transposed ? b->pitch : 1);
    int8_t *to = (int8_t *)y->data + panel * groups * DLC_QPANEL_GROUP_BYTES;
    int32_t totals[DLC_QPANEL] = {0};
    for (int64_t d = 0; d < k; d += DLC_QGROUP, to += DLC_QPANEL_GROUP_BYTES) {
      uint8_t block[DLC_QPANEL_GROUP_BYTES];
      gather_group(from + d * (p->transposed ? 1 : b->pitch), b->pitch, p->transposed, k - d, count, none, block);
      convert_group(block, c, to);
      if (dlc_is_present(sums))
        for (int j = 0; j < DLC_QPANEL; j++) totals[j] += to[4 * j] + to[4 * j + 1] + to[4 * j + 2] + to[4 * j + 3];
    }
    if (!dlc_is_present(sums)) continue;
    int32_t *out = (int32_t *)sums->data + panel / panels * n + column;
    for (int j = 0; j < count; j++) out[j] = (int32_t)((uint32_t)totals[j] * (uint32_t)-p->a_zero);
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
