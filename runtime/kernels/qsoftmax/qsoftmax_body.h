// Rows of integer softmax, written once for every instruction set; the including file may define QSUM, which gathers
// whole vectors of a line and returns how many bytes it took.
#include "qsoftmax/qsoftmax.h"

#define Q(name) DLC_Q(name)

// Sums are exact integers, so their order is free.
DLC_QTARGET static int64_t sum(const uint8_t *x, int64_t n, const int32_t *e) {
  int64_t a = 0, b = 0, c = 0, d = 0, i = 0;
#if defined(QSUM)
  i = QSUM(x, n, e, &a);
#endif
  for (; i + 4 <= n; i += 4) {
    a += e[x[i]];
    b += e[x[i + 1]];
    c += e[x[i + 2]];
    d += e[x[i + 3]];
  }
  for (; i < n; i++) a += e[x[i]];
  return a + b + c + d;
}

DLC_QINLINE DLC_QF scaled(const int32_t *e, DLC_QF factor) { return Q(mul)(Q(float)(Q(load_i32)(e)), factor); }

DLC_QTARGET static void scale(const int32_t *e, float factor, const dlc_qbounds *bounds, uint8_t *y, int64_t n) {
  const DLC_QF factors = Q(splat)(factor);
  for (int64_t i = 0; i < n; i += DLC_QBYTES) Q(store_bytes)
  (y + i, Q(bytes)(scaled(e + i, factors), scaled(e + i + DLC_QLANES, factors), scaled(e + i + 2 * DLC_QLANES, factors),
                   scaled(e + i + 3 * DLC_QLANES, factors), *bounds));
}

const dlc_qsoftmax_rows DLC_ROWS_NAME = {sum, scale};

#undef Q
