// Sums of bytes by channel, written once for every instruction set.
#include "qpool/qpool.h"
#include "qpool/s16_row.h"

#define Q(name) DLC_Q(name)
#define STEP DLC_QLANES

// Sums of 64 channels from x on over a window.
DLC_QINLINE void window_sums(const dlc_qpool_cells *cells, const uint8_t *x, DLC_QI sums[4]) {
  DLC_QI s0 = Q(splat_i)(0), s1 = s0, s2 = s0, s3 = s0;
  for (int64_t d = 0; d < cells->counts[0]; d++)
    for (int64_t h = 0; h < cells->counts[1]; h++) {
      const uint8_t *p = x + d * cells->strides[0] + h * cells->strides[1];
      for (int64_t w = 0; w < cells->counts[2]; w++, p += cells->strides[2]) {
        s0 = Q(add_i)(s0, Q(load_u8)(p));
        s1 = Q(add_i)(s1, Q(load_u8)(p + STEP));
        s2 = Q(add_i)(s2, Q(load_u8)(p + 2 * STEP));
        s3 = Q(add_i)(s3, Q(load_u8)(p + 3 * STEP));
      }
    }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

// Sums of the n < 64 channels from x on.
DLC_QINLINE void rest_sums(const dlc_qpool_cells *cells, const uint8_t *x, size_t n, DLC_QI sums[4]) {
  for (int k = 0; k < 4; k++) sums[k] = Q(splat_i)(0);
  for (int64_t d = 0; d < cells->counts[0]; d++)
    for (int64_t h = 0; h < cells->counts[1]; h++) {
      const uint8_t *p = x + d * cells->strides[0] + h * cells->strides[1];
      for (int64_t w = 0; w < cells->counts[2]; w++, p += cells->strides[2]) {
        for (size_t k = 0; k < n / STEP; k++) sums[k] = Q(add_i)(sums[k], Q(load_u8)(p + k * STEP));
        if (n % STEP == 0) continue;
        const uint8_t *from = p + n / STEP * STEP;
        uint8_t last[STEP] = {0};
        if (cells->end - from < STEP) from = memcpy(last, from, n % STEP);
        sums[n / STEP] = Q(add_i)(sums[n / STEP], Q(load_u8)(from));
      }
    }
}

DLC_QINLINE DLC_QB averages(const dlc_qpool_cells *cells, const DLC_QI sums[4], dlc_qbounds bounds) {
  const DLC_QI offset = Q(splat_i)(cells->offset);
  const DLC_QF factor = Q(splat)(cells->factor);
  DLC_QF t[4];
  for (int k = 0; k < 4; k++) t[k] = Q(mul)(Q(float)(Q(sub_i)(sums[k], offset)), factor);
  return Q(bytes)(t[0], t[1], t[2], t[3], bounds);
}

DLC_QTARGET static void average_row(const dlc_qpool_cells *cells, const dlc_qbounds *given, uint8_t *y) {
  const dlc_qbounds bounds = *given;
  DLC_QI sums[4];
  int64_t c = 0;
  for (; c + DLC_QBYTES <= cells->channels; c += DLC_QBYTES) {
    window_sums(cells, cells->x + c, sums);
    Q(store_bytes)(y + c, averages(cells, sums, bounds));
  }
  if (c == cells->channels) return;
  const size_t rest = (size_t)(cells->channels - c);
  uint8_t last[DLC_QBYTES];
  rest_sums(cells, cells->x + c, rest, sums);
  Q(store_bytes)(last, averages(cells, sums, bounds));
  memcpy(y + c, last, rest);
}

// The greatest of n bytes at each place; compilers find the vectors.
DLC_QINLINE void greatest(uint8_t *restrict y, const uint8_t *restrict x, const int n) {
  for (int i = 0; i < n; i++) y[i] = x[i] > y[i] ? x[i] : y[i];
}

// N channels over a window, in registers.
DLC_QINLINE void window_maximum(const dlc_qpool_cells *cells, const uint8_t *x, uint8_t *y, const int n) {
  uint8_t best[2 * DLC_QBYTES] = {0};
  for (int64_t d = 0; d < cells->counts[0]; d++)
    for (int64_t h = 0; h < cells->counts[1]; h++) {
      const uint8_t *p = x + d * cells->strides[0] + h * cells->strides[1];
      for (int64_t w = 0; w < cells->counts[2]; w++, p += cells->strides[2]) greatest(best, p, n);
    }
  memcpy(y, best, (size_t)n);
}

DLC_QTARGET static void maximum_row(const dlc_qpool_cells *cells, uint8_t *y) {
  const int64_t n = cells->channels;
  int64_t c = 0;
  for (; c + 2 * DLC_QBYTES <= n; c += 2 * DLC_QBYTES) window_maximum(cells, cells->x + c, y + c, 2 * DLC_QBYTES);
  for (; c + DLC_QBYTES <= n; c += DLC_QBYTES) window_maximum(cells, cells->x + c, y + c, DLC_QBYTES);
  for (; c + 16 <= n; c += 16) window_maximum(cells, cells->x + c, y + c, 16);
  for (; c + 4 <= n; c += 4) window_maximum(cells, cells->x + c, y + c, 4);
  for (; c < n; c++) window_maximum(cells, cells->x + c, y + c, 1);
}

DLC_QTARGET static void columns_row(const uint8_t *x, int64_t rows, int64_t stride, int64_t n, int32_t *acc,
                                    const uint8_t *end) {
  const dlc_qpool_cells cells = {.end = end, .counts = {1, 1, rows}, .strides = {0, 0, stride}};
  DLC_QI sums[4];
  int64_t c = 0;
  for (; c + DLC_QBYTES <= n; c += DLC_QBYTES) {
    window_sums(&cells, x + c, sums);
    for (int k = 0; k < 4; k++) Q(store_i32)(acc + c + k * STEP, Q(add_i)(Q(load_i32)(acc + c + k * STEP), sums[k]));
  }
  if (c == n) return;
  int32_t last[DLC_QBYTES];
  rest_sums(&cells, x + c, (size_t)(n - c), sums);
  for (int k = 0; k < 4; k++) Q(store_i32)(last + k * STEP, sums[k]);
  for (int64_t i = c; i < n; i++) acc[i] += last[i - c];
}

const dlc_qpool_rows DLC_ROWS_NAME = {average_row, DLC_HAS_TYPE(DLC_I16) ? average_s16 : NULL, maximum_row,
                                      columns_row};

#undef Q
#undef STEP
