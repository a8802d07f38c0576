// Depthwise quads one channel at a time.
#include "qvector/qvector_scalar.h"

#include "qdwconv/qdwconv.h"

#define ISA_NAME dlc_qdwconv__scalar
#define ISA_FLIP 0
#define ISA_ROWS 1
#define ISA_HELD 0
typedef const uint8_t *quad;
#define QX quad
typedef const uint8_t *weights;
#define QW weights

DLC_QINLINE void interleave_one(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d,
                                const uint8_t *spread, uint8_t flip, uint8_t *to) {
  (void)flip;
  for (int i = 0; i < 16; i++) {
    const int at = spread ? spread[i] : i;
    to[4 * i] = a[at], to[4 * i + 1] = b[at], to[4 * i + 2] = c[at], to[4 * i + 3] = d[at];
  }
}
DLC_QINLINE const uint8_t *load_x(const uint8_t *x) { return x; }
DLC_QINLINE weights load_w(const uint8_t *w) { return w; }
DLC_QINLINE DLC_QI dot(DLC_QI sum, const uint8_t *x, const uint8_t *w) {
  for (int i = 0; i < 16; i++) {
    const int32_t more = x[4 * i] * (int8_t)w[4 * i] + x[4 * i + 1] * (int8_t)w[4 * i + 1] +
                         x[4 * i + 2] * (int8_t)w[4 * i + 2] + x[4 * i + 3] * (int8_t)w[4 * i + 3];
    sum.v[i] = (int32_t)((uint32_t)sum.v[i] + (uint32_t)more);
  }
  return sum;
}
static inline void weigh(const int8_t *quads, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; i++) memcpy(to + i * DLC_QUAD_WEIGHTS, quads + i * DLC_QUAD, DLC_QUAD);
}
#include "qdwconv/qdwconv_body.h"
