// The end of a tile in AVX2: two rows of 16 columns at a time; the last columns 8 at a time by way of a copy.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "qgemm/requantize.h"
#include "qgemm/tile.h"

#define TARGET __attribute__((target("avx2")))

// Copies 1...8 elements of `size` bytes.
static inline void copy_some(void *to, const void *from, uint32_t count, size_t size) {
  if (count == 8)
    memcpy(to, from, 8 * size);
  else
    memcpy(to, from, count * size);
}

typedef struct constants {
  __m256 low, high, residual_scale;
  __m256i zero, residual_zero;
} constants;

TARGET static inline constants constants_of(const dlc_requantize *q) {
  return (constants){_mm256_set1_ps(q->low), _mm256_set1_ps(q->high), _mm256_set1_ps(q->residual_scale),
                     _mm256_set1_epi32(q->zero), _mm256_set1_epi32(q->residual_zero)};
}

// Eight sums scaled, with eight bytes of residual where there is one, within bounds.
TARGET static inline __attribute__((always_inline)) __m256
bounded(const constants *c, const int32_t *sums, const float *scale, bool has_residual, uint64_t residual) {
  const __m256i sum = _mm256_loadu_si256((const __m256i *)sums);
  __m256 t = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(scale));
  if (has_residual) {
    const __m256i r = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)residual));
    t = _mm256_add_ps(t, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(r, c->residual_zero)), c->residual_scale));
  }
  // The second operand is the answer where one is NaN.
  return _mm256_min_ps(_mm256_max_ps(t, c->low), c->high);
}

static inline uint64_t eight(const uint8_t *p) {
  uint64_t x;
  memcpy(&x, p, sizeof x);
  return x;
}

TARGET static inline __m256i code_of(const constants *c, __m256 t) {
  return _mm256_add_epi32(_mm256_cvtps_epi32(t), c->zero);
}

// Whole sixteens of columns, u8 results.
TARGET static inline __attribute__((always_inline)) void finish_sixteens(const dlc_qoutput *o, const int64_t *y_row,
                                                                         uint32_t m, uint32_t column, uint32_t n,
                                                                         const int32_t *sums, uint32_t stride,
                                                                         const bool has_residual) {
  const constants c = constants_of(&o->requantize);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (uint32_t j = 0; j < n; j += 16) {
    const float *scale = o->scale + column + j;
    for (uint32_t i = 0; i < m; i += 2) {
      const uint32_t rows[2] = {i, i + 1 < m ? i + 1 : i};
      __m256i words[2];
      for (int r = 0; r < 2; r++) {
        const int32_t *from = sums + rows[r] * stride + j;
        const uint8_t *residual = has_residual ? o->residual + y_row[rows[r]] * o->residual_pitch + column + j : NULL;
        const __m256 t0 = bounded(&c, from, scale, has_residual, has_residual ? eight(residual) : 0),
                     t1 = bounded(&c, from + 8, scale + 8, has_residual, has_residual ? eight(residual + 8) : 0);
        words[r] = _mm256_packs_epi32(code_of(&c, t0), code_of(&c, t1));
      }
      const __m256i codes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words[0], words[1]), order);
      uint8_t *y = (uint8_t *)o->y + column + j;
      _mm_storeu_si128((__m128i *)(y + y_row[rows[0]] * o->y_pitch), _mm256_castsi256_si128(codes));
      _mm_storeu_si128((__m128i *)(y + y_row[rows[1]] * o->y_pitch), _mm256_extracti128_si256(codes, 1));
    }
  }
}

TARGET static void finish_plain(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                                const int32_t *sums, uint32_t stride) {
  finish_sixteens(o, y_row, m, column, n, sums, stride, false);
}
TARGET static void finish_residual(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                                   const int32_t *sums, uint32_t stride) {
  finish_sixteens(o, y_row, m, column, n, sums, stride, true);
}

// Columns `from`...n - 1 of one row.
TARGET static void finish_row(const dlc_qoutput *o, const constants *c, int64_t row, uint32_t column, uint32_t from,
                              uint32_t n, const int32_t *sums) {
  const int64_t at = row * o->y_pitch + column;
  const uint8_t *residual = o->residual ? o->residual + row * o->residual_pitch + column : NULL;
  for (uint32_t j = from; j < n; j += 8) {
    const uint32_t count = n - j >= 8 ? 8 : n - j;
    if (o->type == DLC_I32) {
      copy_some((int32_t *)o->y + at + j, sums + j, count, sizeof *sums);
      continue;
    }
    uint64_t bytes = 0;
    if (residual) copy_some(&bytes, residual + j, count, 1);
    const __m256 t = bounded(c, sums + j, o->scale + column + j, residual != NULL, bytes);
    if (o->type == DLC_F32) {
      float part[8];
      _mm256_storeu_ps(part, t);
      copy_some((float *)o->y + at + j, part, count, sizeof *part);
      continue;
    }
    const __m256i codes = code_of(c, t);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    bytes = (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(words, words));
    copy_some((uint8_t *)o->y + at + j, &bytes, count, 1);
  }
}

TARGET void dlc_qfinish__avx2(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                              const int32_t *sums, uint32_t stride) {
  const uint32_t whole = o->type == DLC_U8 ? n / 16 * 16 : 0;
  if (whole) {
    if (o->residual)
      finish_residual(o, y_row, m, column, whole, sums, stride);
    else
      finish_plain(o, y_row, m, column, whole, sums, stride);
  }
  if (whole < n) {
    const constants c = constants_of(&o->requantize);
    for (uint32_t i = 0; i < m; i++) finish_row(o, &c, y_row[i], column, whole, n, sums + i * stride);
  }
  if (!o->table) return;
  for (uint32_t i = 0; i < m; i++) dlc_qtable_row((uint8_t *)o->y + y_row[i] * o->y_pitch + column, n, o->table);
}
#endif
