// Tiles of up to 4 rows of s16 by 4 columns in the 32 registers of aarch64, 2 rows in the 16 of armv7. A sum vector
// holds four partial sums of a column.
#if defined(__ARM_NEON)
#include "qvector/qvector_neon.h"

#include "qgemm/arm_tile.h"
#include "qgemm/s16_finish.h"

#if defined(__aarch64__)
#define ROWS 4
#else
#define ROWS 2
#endif
enum { COLUMNS = 4, QUARTER_BYTES = COLUMNS * DLC_QGROUP };

static inline int32x4_t add_up(const int32x4_t *columns) {
#if defined(__aarch64__)
  return vpaddq_s32(vpaddq_s32(columns[0], columns[1]), vpaddq_s32(columns[2], columns[3]));
#else
  int32x2_t pair[4];
  for (int j = 0; j < 4; j++) pair[j] = vpadd_s32(vget_low_s32(columns[j]), vget_high_s32(columns[j]));
  return vcombine_s32(vpadd_s32(pair[0], pair[1]), vpadd_s32(pair[2], pair[3]));
#endif
}

// Adds the sums of a block to the halves of those before, and begins the next.
static inline __attribute__((always_inline)) void flush(int32x4_t acc[ROWS][COLUMNS], const int M, bool is_first,
                                                        int32_t *high, int32_t *low) {
  QUNROLL for (int i = 0; i < M; i++, high += DLC_QPANEL, low += DLC_QPANEL) {
    const int32x4_t sum = add_up(acc[i]), top = vshrq_n_s32(sum, 16), rest = vandq_s32(sum, vdupq_n_s32(0xffff));
    vst1q_s32(high, is_first ? top : vaddq_s32(vld1q_s32(high), top));
    vst1q_s32(low, is_first ? rest : vaddq_s32(vld1q_s32(low), rest));
    QUNROLL for (int j = 0; j < COLUMNS; j++) acc[i][j] = vdupq_n_s32(0);
  }
}

// Four columns from `column` on; whether there are no blocks before the last.
static inline __attribute__((always_inline)) bool quarter(const dlc_qtile *t, const int M, uint32_t column,
                                                          int32_t *sums, int32_t *high, int32_t *low) {
  bool is_first = true;
  int32x4_t acc[ROWS][COLUMNS];
  QUNROLL for (int i = 0; i < M; i++) QUNROLL for (int j = 0; j < COLUMNS; j++) acc[i][j] = vdupq_n_s32(0);
  const uint32_t depth = t->depth, rest = depth % DLC_QGROUP, full = depth / DLC_QGROUP, groups = full + (rest != 0);
  const size_t tap_bytes = (size_t)groups * DLC_QPANEL_GROUP_BYTES;
  uint32_t left = DLC_QS16_BLOCK;
  for (uint32_t tap = 0; tap < t->taps; tap++) {
    const int8_t *b = t->b + t->tap[tap] * tap_bytes + column * DLC_QGROUP;
    const uint8_t *a[ROWS];
    QUNROLL for (int i = 0; i < M; i++) {
      const uint32_t row = (uint32_t)i < t->m ? (uint32_t)i : t->m - 1;
      a[i] = t->shift ? t->a[row] + t->shift[tap] : t->a[tap * t->m + row];
    }
    for (uint32_t g = 0; g < groups; g++, b += DLC_QPANEL_GROUP_BYTES) {
      const int8x16_t bytes = vld1q_s8(b);
      const int16x8_t w01 = vmovl_s8(vget_low_s8(bytes)), w23 = vmovl_s8(vget_high_s8(bytes));
      QUNROLL for (int i = 0; i < M; i++) {
        const int16x4_t x = vcreate_s16(g < full ? s16_lane(a[i]) : s16_lane_end(a[i], rest));
        a[i] += 2 * DLC_QGROUP;
        acc[i][0] = vmlal_s16(acc[i][0], x, vget_low_s16(w01));
        acc[i][1] = vmlal_s16(acc[i][1], x, vget_high_s16(w01));
        acc[i][2] = vmlal_s16(acc[i][2], x, vget_low_s16(w23));
        acc[i][3] = vmlal_s16(acc[i][3], x, vget_high_s16(w23));
      }
      if (--left) continue;
      flush(acc, M, is_first, high + column, low + column);
      left = DLC_QS16_BLOCK;
      is_first = false;
    }
  }
  QUNROLL for (int i = 0; i < M; i++) vst1q_s32(sums + i * DLC_QPANEL + column, add_up(acc[i]));
  return is_first;
}

#define DEFINE(M)                                                                                                      \
  static __attribute__((noinline)) void tile_##M(const dlc_qtile *t) {                                                 \
    int32_t sums[M * DLC_QPANEL], high[M * DLC_QPANEL], low[M * DLC_QPANEL];                                           \
    bool is_first = true;                                                                                              \
    for (uint32_t column = 0; column < t->n; column += COLUMNS) is_first = quarter(t, M, column, sums, high, low);     \
    s16_finish(t, sums, is_first ? NULL : high, low, DLC_QPANEL);                                                      \
  }
DEFINE(1)
#if defined(__aarch64__)
DEFINE(4)
static void any_tile(const dlc_qtile *t) { (t->m > 1 ? tile_4 : tile_1)(t); }
#else
DEFINE(2)
static void any_tile(const dlc_qtile *t) { (t->m > 1 ? tile_2 : tile_1)(t); }
#endif

const dlc_qtile_isa dlc_qtile_s16__neon = {ROWS, DLC_QPANEL, 0, 0, any_tile, NULL, NULL};
#else
typedef int dlc_qgemm_s16_neon_is_empty;
#endif
