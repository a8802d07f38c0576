// Tiles of up to 8 rows by 8 columns: each instruction multiplies 2 rows of 8 depths, u8, by 2 columns of 8 depths, s8,
// which two groups of depths give once interleaved. One row alone takes products of u8 by s8 with a lane.
#if defined(__aarch64__)
#if defined(__clang__)
#define QTARGET __attribute__((target("i8mm,dotprod")))
#else
#define QTARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
#endif
#include "qgemm/arm_tile.h"

enum { ROWS = 8, PAIRS = ROWS / 2 };

QTARGET static inline int8x16_t zip_low(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
QTARGET static inline int8x16_t zip_high(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

// Two rows of up to 8 depths side by side.
QTARGET static inline uint8x16_t two_rows(uint64_t a, uint64_t b) {
  return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(a), vcreate_u64(b)));
}

static inline uint64_t eight(const uint8_t *a) {
  uint64_t x;
  __builtin_memcpy(&x, a, sizeof x);
  return x;
}

// What is left of a row behind its whole eights, zeros after it.
static inline uint64_t row_end(const uint8_t *row, uint32_t depth) {
  const uint32_t from = depth / 8 * 8, left = depth - from, rest = left % DLC_QGROUP;
  uint64_t x = left >= DLC_QGROUP ? dlc_qlane(row + from) : 0;
  if (rest) x |= (uint64_t)dlc_qlane_end(row, depth, rest) << (left >= DLC_QGROUP ? 32 : 0);
  return x;
}

// P pairs of rows, 8 columns from `column` (0 or 8) of a panel.
QTARGET static inline __attribute__((always_inline)) void half_tile(const dlc_qtile *t, const int P, uint32_t column,
                                                                    int32_t *sums) {
  int32x4_t acc[PAIRS][4];
  QUNROLL for (int j = 0; j < 4; j++) {
    const int32x2_t start = vld1_s32(t->start + column + 2 * j);
    QUNROLL for (int i = 0; i < P; i++) acc[i][j] = vcombine_s32(start, start);
  }
  const uint32_t depth = t->depth, left = depth % 8, m = t->m;
  const size_t tap_bytes = ((size_t)depth + 3) / DLC_QGROUP * DLC_QPANEL_GROUP_BYTES;
  for (uint32_t tap = 0; tap < t->taps; tap++) {
    const int8_t *b = t->b + t->tap[tap] * tap_bytes + column * DLC_QGROUP;
    const uint8_t *a[ROWS];
    QUNROLL for (uint32_t i = 0; i < (uint32_t)P * 2; i++) {
      const uint32_t row = i < m ? i : m - 1;
      a[i] = t->shift ? t->a[row] + t->shift[tap] : t->a[tap * m + row];
    }
    uint32_t k = 0;
#define STEP(b0, b1, b2, b3, VALUE)                                                                                    \
  do {                                                                                                                 \
    const int8x16_t w[4] = {zip_low(b0, b2), zip_high(b0, b2), zip_low(b1, b3), zip_high(b1, b3)};                     \
    QUNROLL for (int i = 0; i < P; i++) {                                                                              \
      const uint8x16_t x = two_rows(VALUE(a[2 * i]), VALUE(a[2 * i + 1]));                                             \
      QUNROLL for (int j = 0; j < 4; j++) acc[i][j] = vusmmlaq_s32(acc[i][j], x, w[j]);                                \
    }                                                                                                                  \
  } while (0)
#define WHOLE(row) eight((row) + k)
#define END(row) row_end(row, depth)
    for (; k + 8 <= depth; k += 8, b += 2 * DLC_QPANEL_GROUP_BYTES)
      STEP(vld1q_s8(b), vld1q_s8(b + 16), vld1q_s8(b + DLC_QPANEL_GROUP_BYTES),
           vld1q_s8(b + DLC_QPANEL_GROUP_BYTES + 16), WHOLE);
    if (left) {
      const int8x16_t none = vdupq_n_s8(0);
      STEP(vld1q_s8(b), vld1q_s8(b + 16), left > DLC_QGROUP ? vld1q_s8(b + DLC_QPANEL_GROUP_BYTES) : none,
           left > DLC_QGROUP ? vld1q_s8(b + DLC_QPANEL_GROUP_BYTES + 16) : none, END);
    }
  }
  QUNROLL for (int i = 0; i < P; i++) QUNROLL for (int j = 0; j < 4; j++) {
    int32_t *at = sums + 2 * i * DLC_QPANEL + column + 2 * (uint32_t)j;
    vst1_s32(at, vget_low_s32(acc[i][j]));
    vst1_s32(at + DLC_QPANEL, vget_high_s32(acc[i][j]));
  }
}

#define DEFINE(P)                                                                                                      \
  QTARGET static __attribute__((noinline)) void tile_##P(const dlc_qtile *t) {                                         \
    int32_t sums[2 * P * DLC_QPANEL];                                                                                  \
    for (uint32_t column = 0; column < t->n; column += 8) half_tile(t, P, column, sums);                               \
    dlc_qadd_row_start(t->out, t->y_row, t->m, t->n, sums, DLC_QPANEL);                                                \
    dlc_qfinish__neon(t->out, t->y_row, t->m, t->column, t->n, sums, DLC_QPANEL);                                      \
  }
DEFINE(1)
DEFINE(2)
DEFINE(3)
DEFINE(4)

QTARGET static __attribute__((noinline)) void one_row(const dlc_qtile *t) {
  int32x4_t acc[4];
  for (int j = 0; j < 4; j++) acc[j] = vld1q_s32(t->start + 4 * j);
  const uint32_t depth = t->depth, rest = depth % DLC_QGROUP, full = depth / DLC_QGROUP;
  const size_t tap_bytes = ((size_t)full + (rest != 0)) * DLC_QPANEL_GROUP_BYTES;
  for (uint32_t tap = 0; tap < t->taps; tap++) {
    const int8_t *b = t->b + t->tap[tap] * tap_bytes;
    const uint8_t *a = t->shift ? t->a[0] + t->shift[tap] : t->a[tap];
    for (uint32_t g = 0; g < full + (rest != 0); g++, b += DLC_QPANEL_GROUP_BYTES) {
      const uint32_t x = g < full ? dlc_qlane(a + (size_t)g * DLC_QGROUP) : dlc_qlane_end(a, depth, rest);
      const uint8x16_t lanes = vreinterpretq_u8_u32(vdupq_n_u32(x));
      QUNROLL for (int j = 0; j < 4; j++) acc[j] = vusdotq_s32(acc[j], lanes, vld1q_s8(b + 16 * j));
    }
  }
  int32_t sums[DLC_QPANEL];
  for (int j = 0; j < 4; j++) vst1q_s32(sums + 4 * j, acc[j]);
  dlc_qadd_row_start(t->out, t->y_row, 1, t->n, sums, DLC_QPANEL);
  dlc_qfinish__neon(t->out, t->y_row, 1, t->column, t->n, sums, DLC_QPANEL);
}

static void (*const tiles[])(const dlc_qtile *) = {tile_1, tile_2, tile_3, tile_4};

static void any_tile(const dlc_qtile *t) {
  if (t->m == 1)
    one_row(t);
  else
    tiles[(t->m - 1) / 2](t);
}

const dlc_qtile_isa dlc_qtile__i8mm = {ROWS, DLC_QPANEL, 0, 0, any_tile, NULL, NULL};
#endif
