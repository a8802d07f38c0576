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
  if (__builtin_cpu_supports("avx512vbmi")) {
    look_up_rows(y, o->y_pitch, y_row, m, n, o->table);
    return;
  }
  for (uint32_t i = 0; i < m; i++) dlc_qtable_row(y + y_row[i] * o->y_pitch, n, o->table);
}

TARGET void dlc_qfinish__avx512(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                                const int32_t *sums, uint32_t stride) {
  const dlc_requantize *q = &o->requantize;
  const __m512 low = _mm512_set1_ps(q->low), high = _mm512_set1_ps(q->high),
               residual_scale = _mm512_set1_ps(q->residual_scale);
  const __m512i zero = _mm512_set1_epi32(q->zero), residual_zero = _mm512_set1_epi32(q->residual_zero);
  for (uint32_t i = 0; i < m; i++, sums += stride) {
    const int64_t at = y_row[i] * o->y_pitch + column;
    const uint8_t *residual = o->residual ? o->residual + y_row[i] * o->residual_pitch + column : NULL;
    for (uint32_t j = 0; j < n; j += 16) {
      const __mmask16 k = n - j >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << (n - j)) - 1);
      const __m512i sum = _mm512_loadu_si512(sums + j);
      if (o->type == DLC_I32) {
        _mm512_mask_storeu_epi32((int32_t *)o->y + at + j, k, sum);
        continue;
      }
      __m512 t = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(o->scale + column + j));
      if (residual) {
        const __m512i r = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(k, residual + j));
        t = _mm512_add_ps(t, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(r, residual_zero)), residual_scale));
      }
      // The second operand is the answer where one is NaN.
      t = _mm512_min_ps(_mm512_max_ps(t, low), high);
      if (o->type == DLC_F32)
        _mm512_mask_storeu_ps((float *)o->y + at + j, k, t);
      else
        _mm_mask_storeu_epi8((uint8_t *)o->y + at + j, k,
                             _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(t), zero)));
    }
  }
  if (o->table) apply_table(o, y_row, m, column, n);
}
#endif
