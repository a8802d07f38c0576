// The end of a tile in AVX-512: 16 columns at a time, the last ones under a mask.
#if defined(__x86_64__)
#include <immintrin.h>

#include "qgemm/requantize.h"
#include "qgemm/tile.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

// Two rows of the table side by side in a register of 128 entries; picks by all eight bits of each code.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"), noinline)) static void
look_up_rows(uint8_t *y, int64_t y_pitch, const int64_t *y_row, uint32_t m, uint32_t n, const uint8_t *table) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64),
                t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  for (uint32_t i = 0; i < m; i++) {
    uint8_t *row = y + y_row[i] * y_pitch;
    for (uint32_t j = 0; j < n; j += 64) {
      const __mmask64 k = n - j >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - j)) - 1;
      const __m512i x = _mm512_maskz_loadu_epi8(k, row + j);
      const __m512i low = _mm512_permutex2var_epi8(t0, x, t1), high = _mm512_permutex2var_epi8(t2, x, t3);
      _mm512_mask_storeu_epi8(row + j, k, _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high));
    }
  }
}

static void apply_table(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n) {
  uint8_t *y = (uint8_t *)o->y + column;
  if (dlc_has_byte_permutations()) {
    look_up_rows(y, o->y_pitch, y_row, m, n, o->table);
    return;
  }
  for (uint32_t i = 0; i < m; i++) dlc_qtable_row(y + y_row[i] * o->y_pitch, n, o->table);
}

// Four vectors of 16 results as bytes, one vector behind the other.
TARGET static inline __m512i pack_codes(__m512 t0, __m512 t1, __m512 t2, __m512 t3, __m512i zero, __m512i least) {
  // Rounding keeps order, so the lower bound may as well apply to codes; numbers below all integers, and NaN, saturate
  // towards it.
  const __m512i w0 = _mm512_packs_epi32(_mm512_cvtps_epi32(t0), _mm512_cvtps_epi32(t1)),
                w1 = _mm512_packs_epi32(_mm512_cvtps_epi32(t2), _mm512_cvtps_epi32(t3));
  const __m512i codes = _mm512_packus_epi16(_mm512_adds_epi16(w0, zero), _mm512_adds_epi16(w1, zero));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, _mm512_max_epu8(codes, least));
}

typedef struct constants {
  __m512 high, residual_scale;
  __m512i residual_zero, zero, least;
} constants;

TARGET static inline __attribute__((always_inline)) __m512 bounded(const constants *c, const int32_t *sums,
                                                                   const float *scale, const uint8_t *residual,
                                                                   __mmask16 k, const bool has_residual) {
  __m512 t = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(sums)), _mm512_loadu_ps(scale));
  if (has_residual) {
    const __m512i r = _mm512_sub_epi32(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(k, residual)), c->residual_zero);
    t = _mm512_add_ps(t, _mm512_mul_ps(_mm512_cvtepi32_ps(r), c->residual_scale));
  }
  // The second operand is the answer where one is NaN.
  return _mm512_min_ps(c->high, t);
}

// u8 results: 32 columns of two rows or 16 of four make a vector of codes.
TARGET static inline __attribute__((always_inline)) void finish_codes(const dlc_qoutput *o, const int64_t *y_row,
                                                                      uint32_t m, uint32_t column, uint32_t n,
                                                                      const int32_t *sums, uint32_t stride,
                                                                      const bool has_residual) {
  const dlc_requantize *q = &o->requantize;
  const constants c = {_mm512_set1_ps(q->high), _mm512_set1_ps(q->residual_scale), _mm512_set1_epi32(q->residual_zero),
                       _mm512_set1_epi16((int16_t)q->zero), _mm512_set1_epi8((int8_t)(dlc_qround(q->low) + q->zero))};
  uint8_t *y = (uint8_t *)o->y + column;
  const uint8_t *residual = has_residual ? o->residual + column : NULL;
  const float *scale = o->scale + column;
  uint32_t j = 0;
#define BOUNDED(row, at, k)                                                                                            \
  bounded(&c, sums + (row)*stride + (at), scale + (at),                                                                \
          has_residual ? residual + y_row[row] * o->residual_pitch + (at) : NULL, k, has_residual)
  for (; n - j > 16 && j < n; j += 32) {
    const __mmask32 k = n - j >= 32 ? ~(__mmask32)0 : ((__mmask32)1 << (n - j)) - 1;
    const __mmask16 k0 = (__mmask16)k, k1 = (__mmask16)(k >> 16);
    for (uint32_t i = 0; i < m; i += 2) {
      const uint32_t next = i + 1 < m ? i + 1 : i;
      const __m512i codes = pack_codes(BOUNDED(i, j, k0), BOUNDED(i, j + 16, k1), BOUNDED(next, j, k0),
                                       BOUNDED(next, j + 16, k1), c.zero, c.least);
      _mm256_mask_storeu_epi8(y + y_row[i] * o->y_pitch + j, k, _mm512_castsi512_si256(codes));
      if (next > i) _mm256_mask_storeu_epi8(y + y_row[next] * o->y_pitch + j, k, _mm512_extracti64x4_epi64(codes, 1));
    }
  }
  if (j >= n) return;
  const __mmask16 k = n - j >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << (n - j)) - 1);
  for (uint32_t i = 0; i < m; i += 4) {
    uint32_t row[4];
    for (uint32_t r = 0; r < 4; r++) row[r] = i + r < m ? i + r : m - 1;
    const __m512i codes = pack_codes(BOUNDED(row[0], j, k), BOUNDED(row[1], j, k), BOUNDED(row[2], j, k),
                                     BOUNDED(row[3], j, k), c.zero, c.least);
    // A row that is repeated gets the same codes again.
    _mm_mask_storeu_epi8(y + y_row[row[0]] * o->y_pitch + j, k, _mm512_castsi512_si128(codes));
    _mm_mask_storeu_epi8(y + y_row[row[1]] * o->y_pitch + j, k, _mm512_extracti32x4_epi32(codes, 1));
    _mm_mask_storeu_epi8(y + y_row[row[2]] * o->y_pitch + j, k, _mm512_extracti32x4_epi32(codes, 2));
    _mm_mask_storeu_epi8(y + y_row[row[3]] * o->y_pitch + j, k, _mm512_extracti32x4_epi32(codes, 3));
  }
#undef BOUNDED
}

TARGET static void finish_plain_codes(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column,
                                      uint32_t n, const int32_t *sums, uint32_t stride) {
  finish_codes(o, y_row, m, column, n, sums, stride, false);
}
TARGET static void finish_residual_codes(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column,
                                         uint32_t n, const int32_t *sums, uint32_t stride) {
  finish_codes(o, y_row, m, column, n, sums, stride, true);
}

// i32 and f32 results.
TARGET static void finish_words(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                                const int32_t *sums, uint32_t stride) {
  const dlc_requantize *q = &o->requantize;
  const constants c = {_mm512_set1_ps(q->high), _mm512_set1_ps(q->residual_scale), _mm512_set1_epi32(q->residual_zero),
                       _mm512_setzero_si512(), _mm512_setzero_si512()};
  const __m512 low = _mm512_set1_ps(q->low);
  for (uint32_t i = 0; i < m; i++, sums += stride) {
    const int64_t at = y_row[i] * o->y_pitch + column;
    const uint8_t *residual = o->residual ? o->residual + y_row[i] * o->residual_pitch + column : NULL;
    for (uint32_t j = 0; j < n; j += 16) {
      const __mmask16 k = n - j >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << (n - j)) - 1);
      if (o->type == DLC_I32) {
        _mm512_mask_storeu_epi32((int32_t *)o->y + at + j, k, _mm512_loadu_si512(sums + j));
        continue;
      }
      const float *scale = o->scale + column + j;
      const __m512 t =
          residual ? bounded(&c, sums + j, scale, residual + j, k, true) : bounded(&c, sums + j, scale, NULL, k, false);
      _mm512_mask_storeu_ps((float *)o->y + at + j, k, _mm512_max_ps(t, low));
    }
  }
}

void dlc_qfinish__avx512(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                         const int32_t *sums, uint32_t stride) {
  if (o->type != DLC_U8) {
    finish_words(o, y_row, m, column, n, sums, stride);
    return;
  }
  if (o->residual)
    finish_residual_codes(o, y_row, m, column, n, sums, stride);
  else
    finish_plain_codes(o, y_row, m, column, n, sums, stride);
  if (o->table) apply_table(o, y_row, m, column, n);
}
#endif
