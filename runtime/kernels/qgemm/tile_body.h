// The tile of qgemm/tile.h for x86 instruction sets, written once. The including file defines QTARGET (attribute), QACC
// (sums), QWEIGHTS, QUNIT (columns of one sum vector), the functions unit_start, unit_weights, unit_lane, unit_dot and
// unit_store, QFINISH and QROWS (rows of the tallest tile), and names its tiles with QTILE_DEFINE(name, rows, panels,
// splits).
#include "qgemm/tile.h"

#if defined(__clang__)
#define QUNROLL _Pragma("clang loop unroll(full)")
#define QROLLED _Pragma("clang loop unroll(disable)")
#else
#define QUNROLL _Pragma("GCC unroll 64")
#define QROLLED
#endif

enum { UNITS = DLC_QPANEL / QUNIT, UNIT_BYTES = QUNIT * DLC_QGROUP };

// N vectors of QUNIT columns; S partial sums of each element hide the latency of a product where tiles are low.
QTARGET static inline __attribute__((always_inline)) void tile(const dlc_qtile *t, const int M, const int N,
                                                               const int S) {
  QACC acc[QSUMS];
  const uint32_t depth = t->depth, rest = depth % DLC_QGROUP, full = depth / DLC_QGROUP;
  const size_t stride = t->panel_stride, tap_bytes = ((size_t)full + (rest != 0)) * DLC_QPANEL_GROUP_BYTES;
  QUNROLL for (int j = 0; j < N; j++) {
    const QACC start = unit_start(t->start + j * QUNIT);
    QUNROLL for (int i = 0; i < M; i++) acc[i * N + j] = start;
  }
  QUNROLL for (int e = M * N; e < S * M * N; e++) acc[e] = unit_zero();
  const uint8_t *const *rows = t->a;
  const int64_t *shift = t->shift;
  for (uint32_t tap = 0; tap < t->taps; tap++, rows += shift ? 0 : M) {
    const int8_t *b = t->b + t->tap[tap] * tap_bytes;
    const int64_t by = shift ? shift[tap] : 0;
    const uint8_t *a[QROWS];
    QUNROLL for (int i = 0; i < M; i++) a[i] = rows[i] + by;
#define QSTEP(s, LANE)                                                                                                 \
  do {                                                                                                                 \
    QWEIGHTS column[QVECTORS];                                                                                         \
    QUNROLL for (int j = 0; j < N; j++) column[j] =                                                                    \
        unit_weights(b + (size_t)(j / UNITS) * stride + (j % UNITS) * UNIT_BYTES);                                     \
    QUNROLL for (int i = 0; i < M; i++) {                                                                              \
      const QWEIGHTS x = unit_lane(LANE);                                                                              \
      QUNROLL for (int j = 0; j < N; j++) acc[((s)*M + i) * N + j] = unit_dot(acc[((s)*M + i) * N + j], x, column[j]); \
    }                                                                                                                  \
    b += DLC_QPANEL_GROUP_BYTES;                                                                                       \
  } while (0)
    size_t k = 0;
    const size_t end = (size_t)full * DLC_QGROUP;
    if (S > 1) {
      QROLLED for (; k + (size_t)S * DLC_QGROUP <= end; k += (size_t)S * DLC_QGROUP) {
        QUNROLL for (int s = 0; s < S; s++) QSTEP(s, dlc_qlane(a[i] + k + s * DLC_QGROUP));
      }
    }
    QROLLED for (; k < end; k += DLC_QGROUP) QSTEP(0, dlc_qlane(a[i] + k));
    if (rest) {
      uint32_t ends[QROWS];
      QROLLED for (int i = 0; i < M; i++) ends[i] = dlc_qlane_end(a[i], depth, rest);
      QSTEP(0, ends[i]);
    }
  }
  QUNROLL for (int s = 1; s < S; s++) QUNROLL for (int e = 0; e < M * N; e++) acc[e] =
      unit_add(acc[e], acc[s * M * N + e]);
#if defined(QFINISH_DIRECT)
  if (finish_direct(t, M, N, acc)) return;
#endif
  int32_t sums[QSUMS * QUNIT];
  QUNROLL for (int e = 0; e < M * N; e++) unit_store(sums + e * QUNIT, acc[e]);
  dlc_qadd_row_start(t->out, t->y_row, (uint32_t)M, (uint32_t)(N * QUNIT), sums, (uint32_t)(N * QUNIT));
  QFINISH(t->out, t->y_row, (uint32_t)M, t->column, t->n, sums, (uint32_t)(N * QUNIT));
}

#define QTILE_DEFINE(name, M, P, S)                                                                                    \
  QTARGET static __attribute__((noinline)) void name(const dlc_qtile *t) { tile(t, M, (P)*UNITS, S); }
typedef void (*tile_function)(const dlc_qtile *);
