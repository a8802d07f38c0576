#include "copy/movement.h"

// A square of vectors is transposed by log2(lanes) rounds of interleaving row i with row i + lanes/2.
#define LOW2 0, 2
#define HIGH2 1, 3
#define LOW4 0, 4, 1, 5
#define HIGH4 2, 6, 3, 7
#define LOW8 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH8 4, 12, 5, 13, 6, 14, 7, 15
#define LOW16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define PASTE(a, b) a##b

// Walks a tile in strips of four squares along a, so that each row of y is written a cache line at a time.
#define DEFINE_TILE(name, element, type, lanes)                                                                        \
  typedef type name##_vector __attribute__((vector_size(16)));                                                         \
  static inline void name##_square(const element *x, int64_t xs, element *y, int64_t ys) {                             \
    name##_vector r[lanes], s[lanes];                                                                                  \
    for (int i = 0; i < lanes; i++) memcpy(&r[i], x + i * xs, 16);                                                     \
    for (int round = 1; round < lanes; round *= 2) {                                                                   \
      for (int i = 0; i < lanes / 2; i++) {                                                                            \
        s[2 * i] = __builtin_shufflevector(r[i], r[i + lanes / 2], PASTE(LOW, lanes));                                 \
        s[2 * i + 1] = __builtin_shufflevector(r[i], r[i + lanes / 2], PASTE(HIGH, lanes));                            \
      }                                                                                                                \
      for (int i = 0; i < lanes; i++) r[i] = s[i];                                                                     \
    }                                                                                                                  \
    for (int i = 0; i < lanes; i++) memcpy(y + i * ys, &r[i], 16);                                                     \
  }                                                                                                                    \
  static void name##_tile(const element *x, int64_t xs, element *y, int64_t ys, int64_t na, int64_t nb) {              \
    if (nb <= 4 && xs == nb) {                                                                                         \
      DEINTERLEAVE(2) DEINTERLEAVE(3) DEINTERLEAVE(4)                                                                  \
    }                                                                                                                  \
    if (na <= 4 && ys == na) {                                                                                         \
      INTERLEAVE(2) INTERLEAVE(3) INTERLEAVE(4)                                                                        \
    }                                                                                                                  \
    int64_t a = 0, whole_b = nb - nb % (lanes);                                                                        \
    for (; a + 4 * (lanes) <= na; a += 4 * (lanes))                                                                    \
      for (int64_t b = 0; b < whole_b; b += (lanes))                                                                   \
        for (int q = 0; q < 4; q++)                                                                                    \
          name##_square(x + (a + q * (lanes)) * xs + b, xs, y + b * ys + a + q * (lanes), ys);                         \
    for (; a + (lanes) <= na; a += (lanes))                                                                            \
      for (int64_t b = 0; b < whole_b; b += (lanes)) name##_square(x + a * xs + b, xs, y + b * ys + a, ys);            \
    for (int64_t b = whole_b; b < nb; b++)                                                                             \
      for (int64_t i = 0; i < a; i++) y[b * ys + i] = x[i * xs + b];                                                   \
    for (; a < na; a++)                                                                                                \
      for (int64_t b = 0; b < nb; b++) y[b * ys + a] = x[a * xs + b];                                                  \
  }

// Constant strides let the compiler use its interleaving shuffles: images of 2, 3 or 4 channels.
#define DEINTERLEAVE(count)                                                                                            \
  if (nb == count) {                                                                                                   \
    for (int64_t b = 0; b < count; b++)                                                                                \
      for (int64_t a = 0; a < na; a++) y[b * ys + a] = x[a * count + b];                                               \
    return;                                                                                                            \
  }
#define INTERLEAVE(count)                                                                                              \
  if (na == count) {                                                                                                   \
    for (int64_t b = 0; b < nb; b++)                                                                                   \
      for (int64_t a = 0; a < count; a++) y[b * count + a] = x[a * xs + b];                                            \
    return;                                                                                                            \
  }

DEFINE_TILE(bytes1, dlc_e1, uint8_t, 16)
DEFINE_TILE(bytes2, dlc_e2, uint16_t, 8)
DEFINE_TILE(bytes4, dlc_e4, uint32_t, 4)
DEFINE_TILE(bytes8, dlc_e8, uint64_t, 2)

static void bytes16_tile(const char *x, int64_t xs, char *y, int64_t ys, int64_t na, int64_t nb) {
  for (int64_t b = 0; b < nb; b++)
    for (int64_t a = 0; a < na; a++) memcpy(y + (b * ys + a) * 16, x + (a * xs + b) * 16, 16);
}

void dlc_transpose_tile(const void *x, int64_t xs, void *y, int64_t ys, int64_t na, int64_t nb, size_t size) {
  switch (size) {
  case 1: bytes1_tile((const dlc_e1 *)x, xs, (dlc_e1 *)y, ys, na, nb); break;
  case 2: bytes2_tile((const dlc_e2 *)x, xs, (dlc_e2 *)y, ys, na, nb); break;
  case 4: bytes4_tile((const dlc_e4 *)x, xs, (dlc_e4 *)y, ys, na, nb); break;
  case 8: bytes8_tile((const dlc_e8 *)x, xs, (dlc_e8 *)y, ys, na, nb); break;
  default: bytes16_tile((const char *)x, xs, (char *)y, ys, na, nb); break;
  }
}
