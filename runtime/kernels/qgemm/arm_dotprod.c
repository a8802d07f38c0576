// Tiles of up to 5 rows by 16 columns: 20 sums, five rows of 16 depths and four vectors of weights. Activations are
// multiplied as x - 128, for there is no product of u8 by s8.
#if defined(__aarch64__)
// The lane forms of the product exist only where the whole file or function may use it.
#if defined(__clang__)
#define QTARGET __attribute__((target("dotprod")))
#else
#define QTARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#include "qgemm/arm_tile.h"

enum { ROWS = 5 };

QTARGET static inline __attribute__((always_inline)) void add_group(int32x4_t *acc, const int8x16_t *b, int8x16_t a) {
  QUNROLL for (int j = 0; j < 4; j++) acc[j] = vdotq_s32(acc[j], b[j], a);
}

#define LOAD_WEIGHTS(b, from)                                                                                          \
  int8x16_t b[4];                                                                                                      \
  QUNROLL for (int j = 0; j < 4; j++) b[j] = vld1q_s8((from) + 16 * j)

#define ADD_LANE(g)                                                                                                    \
  do {                                                                                                                 \
    LOAD_WEIGHTS(w, b + (g)*DLC_QPANEL_GROUP_BYTES);                                                                   \
    QUNROLL for (int i = 0; i < M; i++) QUNROLL for (int j = 0; j < 4; j++) acc[i][j] =                                \
        vdotq_laneq_s32(acc[i][j], w[j], x[i], g);                                                                     \
  } while (0)

QTARGET static inline __attribute__((always_inline)) void tile(const dlc_qtile *t, const int M) {
  int32x4_t acc[ROWS][4];
  QUNROLL for (int j = 0; j < 4; j++) {
    const int32x4_t start = vld1q_s32(t->start + 4 * j);
    QUNROLL for (int i = 0; i < M; i++) acc[i][j] = start;
  }
  const uint32_t depth = t->depth, rest = depth % DLC_QGROUP, full = depth / DLC_QGROUP;
  const size_t tap_bytes = ((size_t)full + (rest != 0)) * DLC_QPANEL_GROUP_BYTES;
  const uint8x16_t flip = vdupq_n_u8(0x80);
  for (uint32_t tap = 0; tap < t->taps; tap++) {
    const int8_t *b = t->b + t->tap[tap] * tap_bytes;
    const uint8_t *a[ROWS];
    QTAP_ROWS(t, tap, M, a);
    uint32_t g = 0;
    for (; g + 4 <= full; g += 4, b += 4 * DLC_QPANEL_GROUP_BYTES) {
      int8x16_t x[ROWS];
      QUNROLL for (int i = 0; i < M; i++) {
        x[i] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(a[i]), flip));
        a[i] += 4 * DLC_QGROUP;
      }
      ADD_LANE(0);
      ADD_LANE(1);
      ADD_LANE(2);
      ADD_LANE(3);
    }
    for (; g < full + (rest != 0); g++, b += DLC_QPANEL_GROUP_BYTES) {
      LOAD_WEIGHTS(w, b);
      QUNROLL for (int i = 0; i < M; i++) {
        const uint32_t x = g < full ? dlc_qlane(a[i]) : dlc_qlane_end(a[i] - (size_t)full * DLC_QGROUP, depth, rest);
        a[i] += DLC_QGROUP;
        add_group(acc[i], w, vreinterpretq_s8_u32(vdupq_n_u32(x ^ 0x80808080u)));
      }
    }
  }
  int32_t sums[ROWS * DLC_QPANEL];
  QUNROLL for (int i = 0; i < M; i++) QUNROLL for (int j = 0; j < 4; j++)
      vst1q_s32(sums + i * DLC_QPANEL + 4 * j, acc[i][j]);
  dlc_qadd_row_start(t->out, t->y_row, (uint32_t)M, t->n, sums, DLC_QPANEL);
  dlc_qfinish__neon(t->out, t->y_row, (uint32_t)M, t->column, t->n, sums, DLC_QPANEL);
}

#define DEFINE(M)                                                                                                      \
  QTARGET static __attribute__((noinline)) void tile_##M(const dlc_qtile *t) { tile(t, M); }
DEFINE(1)
DEFINE(2)
DEFINE(3)
DEFINE(4)
DEFINE(5)

static void (*const tiles[])(const dlc_qtile *) = {tile_1, tile_2, tile_3, tile_4, tile_5};

static void any_tile(const dlc_qtile *t) { tiles[t->m - 1](t); }

static void compensate(const int8_t *panel, size_t groups, int32_t *start) { qcompensate_plain(panel, groups, start); }

const dlc_qtile_isa dlc_qtile__dotprod = {ROWS, DLC_QPANEL, 0, 0, any_tile, compensate, NULL};
#endif
