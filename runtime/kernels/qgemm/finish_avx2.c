// The end of a tile in AVX2: 8 columns at a time; the last ones by way of a copy.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "qgemm/requantize.h"
#include "qgemm/tile.h"

#define TARGET __attribute__((target("avx2")))

// Copies 1...8 elements of `size` bytes.
static inline void copy_some(void *to, const void *from, uint32_t count, size_t size) {
  memcpy(to, from, count * size);
}

TARGET void dlc_qfinish__avx2(const dlc_qoutput *o, const int64_t *y_row, uint32_t m, uint32_t column, uint32_t n,
                              const int32_t *sums, uint32_t stride) {
  const dlc_requantize *q = &o->requantize;
  const __m256 low = _mm256_set1_ps(q->low), high = _mm256_set1_ps(q->high),
               residual_scale = _mm256_set1_ps(q->residual_scale);
  const __m256i zero = _mm256_set1_epi32(q->zero), residual_zero = _mm256_set1_epi32(q->residual_zero);
  for (uint32_t i = 0; i < m; i++, sums += stride) {
    const int64_t at = y_row[i] * o->y_pitch + column;
    const uint8_t *residual = o->residual ? o->residual + y_row[i] * o->residual_pitch + column : NULL;
    for (uint32_t j = 0; j < n; j += 8) {
      const uint32_t count = n - j >= 8 ? 8 : n - j;
      const __m256i sum = _mm256_loadu_si256((const __m256i *)(sums + j));
      if (o->type == DLC_I32) {
        if (count == 8)
          _mm256_storeu_si256((__m256i *)((int32_t *)o->y + at + j), sum);
        else
          copy_some((int32_t *)o->y + at + j, sums + j, count, sizeof *sums);
        continue;
      }
      __m256 t = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(o->scale + column + j));
      if (residual) {
        uint64_t bytes = 0;
        if (count == 8)
          memcpy(&bytes, residual + j, 8);
        else
          copy_some(&bytes, residual + j, count, 1);
        const __m256i r = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes));
        t = _mm256_add_ps(t, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(r, residual_zero)), residual_scale));
      }
      // The second operand is the answer where one is NaN.
      t = _mm256_min_ps(_mm256_max_ps(t, low), high);
      if (o->type == DLC_F32) {
        float *y = (float *)o->y + at + j;
        float part[8];
        if (count == 8) {
          _mm256_storeu_ps(y, t);
        } else {
          _mm256_storeu_ps(part, t);
          copy_some(y, part, count, sizeof *y);
        }
        continue;
      }
      const __m256i codes = _mm256_add_epi32(_mm256_cvtps_epi32(t), zero);
      const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
      const __m128i packed = _mm_packus_epi16(words, words);
      uint8_t *y = (uint8_t *)o->y + at + j;
      if (count == 8) {
        _mm_storel_epi64((__m128i *)y, packed);
      } else {
        uint64_t bytes = (uint64_t)_mm_cvtsi128_si64(packed);
        copy_some(y, &bytes, count, 1);
      }
    }
    if (o->table) dlc_qtable_row((uint8_t *)o->y + at, n, o->table);
  }
}
#endif
