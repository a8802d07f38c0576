// The tile of s16 rows for x86 instruction sets, written once. The including file has included a qvector_<isa>.h and
// defines QTARGET (attribute), QACC (sums of QUNIT columns, two for each), QROWS, QSUMS (most vectors of sums) and the
// functions unit_zero, unit_weights, unit_lane, unit_dot and unit_store, and names its tiles with QTILE_DEFINE(name,
// rows, panels).
#include "qgemm/s16_finish.h"

#if defined(__clang__)
#define QUNROLL _Pragma("clang loop unroll(full)")
#define QROLLED _Pragma("clang loop unroll(disable)")
#else
#define QUNROLL _Pragma("GCC unroll 64")
#define QROLLED
#endif

enum { UNITS = DLC_QPANEL / QUNIT, UNIT_BYTES = QUNIT * DLC_QGROUP };

// M rows, the last of the tile's again where it has fewer, by N vectors of QUNIT columns.
QTARGET static inline __attribute__((always_inline)) void tile(const dlc_qtile *t, const int M, const int N) {
  QACC acc[QSUMS];
  int32_t sums[QSUMS * QUNIT], high[QSUMS * QUNIT], low[QSUMS * QUNIT];
  bool is_first = true;
  const uint32_t depth = t->depth, rest = depth % DLC_QGROUP, full = depth / DLC_QGROUP;
  const size_t groups = (size_t)full + (rest != 0), stride = t->panel_stride,
               tap_bytes = groups * DLC_QPANEL_GROUP_BYTES;
  QUNROLL for (int e = 0; e < M * N; e++) acc[e] = unit_zero();
  uint32_t left = DLC_QS16_BLOCK;
#define QFLUSH()                                                                                                       \
  do {                                                                                                                 \
    QUNROLL for (int e = 0; e < M * N; e++) {                                                                          \
      unit_store(sums + e * QUNIT, acc[e]);                                                                            \
      acc[e] = unit_zero();                                                                                            \
    }                                                                                                                  \
    s16_add(sums, (uint32_t)(M * N * QUNIT), is_first, high, low);                                                     \
    left = DLC_QS16_BLOCK;                                                                                             \
    is_first = false;                                                                                                  \
  } while (0)
#define QSTEP(LANE)                                                                                                    \
  do {                                                                                                                 \
    QACC column[QVECTORS];                                                                                             \
    QUNROLL for (int j = 0; j < N; j++) column[j] =                                                                    \
        unit_weights(b + (size_t)(j / UNITS) * stride + (j % UNITS) * UNIT_BYTES);                                     \
    QUNROLL for (int i = 0; i < M; i++) {                                                                              \
      const QACC x = unit_lane(LANE);                                                                                  \
      QUNROLL for (int j = 0; j < N; j++) acc[i * N + j] = unit_dot(acc[i * N + j], x, column[j]);                     \
    }                                                                                                                  \
    b += DLC_QPANEL_GROUP_BYTES;                                                                                       \
  } while (0)
  const uint8_t *const *rows = t->a;
  const int64_t *shift = t->shift;
  const uint32_t m = t->m;
  for (uint32_t tap = 0; tap < t->taps; tap++, rows += shift ? 0 : m) {
    const int8_t *b = t->b + t->tap[tap] * tap_bytes;
    const int64_t by = shift ? shift[tap] : 0;
    const uint8_t *a[QROWS];
    QUNROLL for (int i = 0; i < M; i++) a[i] = rows[(uint32_t)i < m ? (uint32_t)i : m - 1] + by;
    for (size_t g = 0; g < groups;) {
      if (left == 0) QFLUSH();
      const size_t end = full - g < left ? full : g + left;
      left -= (uint32_t)(end - g);
      QROLLED for (; g < end; g++) QSTEP(s16_lane(a[i] + g * 2 * DLC_QGROUP));
      if (g < full || left == 0 || !rest) continue;
      uint64_t ends[QROWS];
      QROLLED for (int i = 0; i < M; i++) ends[i] = s16_lane_end(a[i] + g * 2 * DLC_QGROUP, rest);
      QSTEP(ends[i]);
      left--;
      g++;
    }
  }
  QUNROLL for (int e = 0; e < M * N; e++) unit_store(sums + e * QUNIT, acc[e]);
  s16_finish(t, sums, is_first ? NULL : high, low, (uint32_t)(N * QUNIT));
}

#define QTILE_DEFINE(name, M, P)                                                                                       \
  QTARGET static __attribute__((noinline)) void name(const dlc_qtile *t) { tile(t, M, (P)*UNITS); }
