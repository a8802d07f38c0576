// Tiles of up to 4 rows by 8 columns in the 32 registers of aarch64, 2 rows by 8 columns in the 16 of armv7.
// Activations are multiplied as x - 128. Of two products of bytes only the sum of (-128)(-128) twice, 32768, passes 16
// bits: sums of two begin at -1, and what that takes off is added at the end. A sum vector holds two partial sums for
// each of 2 columns.
#if defined(__ARM_NEON)
#include "qgemm/arm_tile.h"

#if defined(__aarch64__)
#define ROWS 4
#else
#define ROWS 2
#endif

// Four bytes of a row in both halves, less 128.
static inline int8x8_t lane(uint32_t x) { return vreinterpret_s8_u32(vdup_n_u32(x ^ 0x80808080u)); }

// acc[0], acc[1]: columns 0-1 and 2-3 of one vector of weights from each of two groups of depths.
static inline void add_pair(int32x4_t *acc, int8x8_t a0, int8x16_t b0, int8x8_t a1, int8x16_t b1) {
  const int16x8_t less = vdupq_n_s16(-1);
  acc[0] = vpadalq_s16(acc[0], vmlal_s8(vmlal_s8(less, a0, vget_low_s8(b0)), a1, vget_low_s8(b1)));
  acc[1] = vpadalq_s16(acc[1], vmlal_s8(vmlal_s8(less, a0, vget_high_s8(b0)), a1, vget_high_s8(b1)));
}

static inline void add_one(int32x4_t *acc, int8x8_t a, int8x16_t b) {
  acc[0] = vpadalq_s16(acc[0], vmull_s8(a, vget_low_s8(b)));
  acc[1] = vpadalq_s16(acc[1], vmull_s8(a, vget_high_s8(b)));
}

// 8 columns from `column` (0 or 8) of a panel.
static inline __attribute__((always_inline)) void half_tile(const dlc_qtile *t, const int M, uint32_t column,
                                                            int32_t *sums, uint32_t stride) {
  int32x4_t acc[ROWS][4];
  QUNROLL for (int i = 0; i < M; i++) QUNROLL for (int j = 0; j < 4; j++) acc[i][j] = vdupq_n_s32(0);
  const uint32_t depth = t->depth, rest = depth % DLC_QGROUP, full = depth / DLC_QGROUP;
  const size_t tap_bytes = ((size_t)full + (rest != 0)) * DLC_QPANEL_GROUP_BYTES;
  for (uint32_t tap = 0; tap < t->taps; tap++) {
    const int8_t *b = t->b + t->tap[tap] * tap_bytes + column * DLC_QGROUP;
    const uint8_t *a[ROWS];
    QTAP_ROWS(t, tap, M, a);
    uint32_t g = 0;
    for (; g + 2 <= full; g += 2, b += 2 * DLC_QPANEL_GROUP_BYTES) {
      const int8x16_t b00 = vld1q_s8(b), b01 = vld1q_s8(b + 16), b10 = vld1q_s8(b + DLC_QPANEL_GROUP_BYTES),
                      b11 = vld1q_s8(b + DLC_QPANEL_GROUP_BYTES + 16);
      QUNROLL for (int i = 0; i < M; i++) {
        const int8x8_t a0 = lane(dlc_qlane(a[i])), a1 = lane(dlc_qlane(a[i] + DLC_QGROUP));
        a[i] += 2 * DLC_QGROUP;
        add_pair(&acc[i][0], a0, b00, a1, b10);
        add_pair(&acc[i][2], a0, b01, a1, b11);
      }
    }
    for (; g < full + (rest != 0); g++, b += DLC_QPANEL_GROUP_BYTES) {
      const int8x16_t b0 = vld1q_s8(b), b1 = vld1q_s8(b + 16);
      QUNROLL for (int i = 0; i < M; i++) {
        const int8x8_t x =
            lane(g < full ? dlc_qlane(a[i]) : dlc_qlane_end(a[i] - (size_t)full * DLC_QGROUP, depth, rest));
        a[i] += DLC_QGROUP;
        add_one(&acc[i][0], x, b0);
        add_one(&acc[i][2], x, b1);
      }
    }
  }
  // Each pair of groups took 1 off the four sums of two that a column has.
  const int32x4_t taken = vdupq_n_s32((int32_t)(4 * t->taps * (full / 2)));
  QUNROLL for (int i = 0; i < M; i++) QUNROLL for (int j = 0; j < 4; j += 2) {
    const int32x2_t p0 = vpadd_s32(vget_low_s32(acc[i][j]), vget_high_s32(acc[i][j])),
                    p1 = vpadd_s32(vget_low_s32(acc[i][j + 1]), vget_high_s32(acc[i][j + 1]));
    const uint32_t at = column + (uint32_t)j * 2;
    const int32x4_t start = vaddq_s32(vld1q_s32(t->start + at), taken);
    vst1q_s32(sums + (uint32_t)i * stride + at, vaddq_s32(vcombine_s32(p0, p1), start));
  }
}

#define DEFINE(M)                                                                                                      \
  static __attribute__((noinline)) void tile_##M(const dlc_qtile *t) {                                                 \
    int32_t sums[M * DLC_QPANEL];                                                                                      \
    for (uint32_t column = 0; column < t->n; column += 8) half_tile(t, M, column, sums, DLC_QPANEL);                   \
    dlc_qadd_row_start(t->out, t->y_row, M, t->n, sums, DLC_QPANEL);                                                   \
    dlc_qfinish__neon(t->out, t->y_row, M, t->column, t->n, sums, DLC_QPANEL);                                         \
  }
DEFINE(1)
DEFINE(2)
#if defined(__aarch64__)
DEFINE(3)
DEFINE(4)
static void (*const tiles[])(const dlc_qtile *) = {tile_1, tile_2, tile_3, tile_4};
#else
static void (*const tiles[])(const dlc_qtile *) = {tile_1, tile_2};
#endif

static void any_tile(const dlc_qtile *t) { tiles[t->m - 1](t); }

const dlc_qtile_isa dlc_qtile__neon = {ROWS, DLC_QPANEL, 0, 0, any_tile, qcompensate_plain, NULL};
#endif
