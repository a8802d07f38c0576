// Sixteen lanes in pairs of AVX2 registers.
#ifndef DLC_QVECTOR_AVX2_H
#define DLC_QVECTOR_AVX2_H

#include <immintrin.h>

#include "qvector/bounds.h"

typedef struct dlc_qf__avx2 {
  __m256 a, b;
} dlc_qf__avx2;
typedef struct dlc_qi__avx2 {
  __m256i a, b;
} dlc_qi__avx2;

#define DLC_QF dlc_qf__avx2
#define DLC_QI dlc_qi__avx2
#define DLC_QB dlc_qi__avx2
#define DLC_Q(name) dlc_q##name##__avx2
#define DLC_QTARGET __attribute__((target("avx2,fma")))
#define DLC_QINLINE DLC_QTARGET static inline __attribute__((always_inline, unused))

DLC_QINLINE DLC_QF DLC_Q(splat)(float x) { return (DLC_QF){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
DLC_QINLINE DLC_QI DLC_Q(splat_i)(int32_t x) { return (DLC_QI){_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
DLC_QINLINE DLC_QF DLC_Q(load)(const float *p) { return (DLC_QF){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
#define DLC_QLOAD(name, T, load, convert)                                                                              \
  DLC_QINLINE DLC_QI DLC_Q(name)(const T *p) {                                                                         \
    return (DLC_QI){convert(load((const __m128i *)p)), convert(load((const __m128i *)(p + 8)))};                       \
  }
DLC_QLOAD(load_u8, uint8_t, _mm_loadl_epi64, _mm256_cvtepu8_epi32)
DLC_QLOAD(load_i8, int8_t, _mm_loadl_epi64, _mm256_cvtepi8_epi32)
DLC_QLOAD(load_u16, uint16_t, _mm_loadu_si128, _mm256_cvtepu16_epi32)
DLC_QLOAD(load_i16, int16_t, _mm_loadu_si128, _mm256_cvtepi16_epi32)
#undef DLC_QLOAD
DLC_QINLINE DLC_QI DLC_Q(load_i32)(const int32_t *p) {
  return (DLC_QI){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 8))};
}
DLC_QINLINE DLC_QF DLC_Q(float)(DLC_QI x) { return (DLC_QF){_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
#define DLC_QPAIR(name, T, operation)                                                                                  \
  DLC_QINLINE T DLC_Q(name)(T x, T y) { return (T){operation(x.a, y.a), operation(x.b, y.b)}; }
DLC_QPAIR(add, DLC_QF, _mm256_add_ps)
DLC_QPAIR(sub, DLC_QF, _mm256_sub_ps)
DLC_QPAIR(mul, DLC_QF, _mm256_mul_ps)
DLC_QPAIR(div, DLC_QF, _mm256_div_ps)
DLC_QINLINE DLC_QF DLC_Q(fma)(DLC_QF x, DLC_QF y, DLC_QF z) {
  return (DLC_QF){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
// x where it is greater (less), else y, also where one is NaN.
DLC_QPAIR(max, DLC_QF, _mm256_max_ps)
DLC_QPAIR(min, DLC_QF, _mm256_min_ps)
DLC_QPAIR(add_i, DLC_QI, _mm256_add_epi32)
DLC_QPAIR(sub_i, DLC_QI, _mm256_sub_epi32)
DLC_QPAIR(mul_i, DLC_QI, _mm256_mullo_epi32)
#undef DLC_QPAIR
// 0 in place of NaN.
DLC_QINLINE DLC_QF DLC_Q(ordered)(DLC_QF x) {
  return (DLC_QF){_mm256_and_ps(x.a, _mm256_cmp_ps(x.a, x.a, _CMP_ORD_Q)),
                  _mm256_and_ps(x.b, _mm256_cmp_ps(x.b, x.b, _CMP_ORD_Q))};
}
// Half to even, |t| < 2^22.
DLC_QINLINE DLC_QI DLC_Q(round)(DLC_QF t) { return (DLC_QI){_mm256_cvtps_epi32(t.a), _mm256_cvtps_epi32(t.b)}; }
// x >> 16 and the 16 bits below: x = 2^16 high(x) + low(x).
DLC_QINLINE DLC_QI DLC_Q(high)(DLC_QI x) { return (DLC_QI){_mm256_srai_epi32(x.a, 16), _mm256_srai_epi32(x.b, 16)}; }
DLC_QINLINE DLC_QI DLC_Q(low)(DLC_QI x) {
  const __m256i mask = _mm256_set1_epi32(0xffff);
  return (DLC_QI){_mm256_and_si256(x.a, mask), _mm256_and_si256(x.b, mask)};
}
// Sixteen s16 as a product takes them, zeros above each, and sum + x * w for w of 16 bits.
DLC_QINLINE DLC_QI DLC_Q(load_factor)(const int16_t *p) { return DLC_Q(load_u16)((const uint16_t *)p); }
DLC_QINLINE DLC_QI DLC_Q(add_product)(DLC_QI sum, DLC_QI x, DLC_QI w) {
  return (DLC_QI){_mm256_add_epi32(sum.a, _mm256_madd_epi16(x.a, w.a)),
                  _mm256_add_epi32(sum.b, _mm256_madd_epi16(x.b, w.b))};
}
DLC_QINLINE void DLC_Q(store)(float *p, DLC_QF x) {
  _mm256_storeu_ps(p, x.a);
  _mm256_storeu_ps(p + 8, x.b);
}
DLC_QINLINE void DLC_Q(store_i32)(int32_t *p, DLC_QI x) {
  _mm256_storeu_si256((__m256i *)p, x.a);
  _mm256_storeu_si256((__m256i *)(p + 8), x.b);
}
// The low bits of every lane.
DLC_QINLINE __m256i DLC_Q(narrow)(DLC_QI x) {
  const __m256i low = _mm256_set1_epi32(0xffff);
  __m256i words = _mm256_packus_epi32(_mm256_and_si256(x.a, low), _mm256_and_si256(x.b, low));
  return _mm256_permute4x64_epi64(words, 0xd8);
}
DLC_QINLINE void DLC_Q(store_16)(void *p, DLC_QI x) { _mm256_storeu_si256((__m256i *)p, DLC_Q(narrow)(x)); }
DLC_QINLINE void DLC_Q(store_8)(void *p, DLC_QI x) {
  __m256i words = _mm256_and_si256(DLC_Q(narrow)(x), _mm256_set1_epi16(0xff));
  _mm_storeu_si128((__m128i *)p, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

// Two vectors requantized.
DLC_QINLINE __m256i DLC_Q(half_bytes)(DLC_QF x, DLC_QF y, dlc_qbounds bounds) {
  const __m256 high = _mm256_set1_ps(bounds.high);
  const __m256i zero = _mm256_set1_epi16((int16_t)bounds.zero);
  __m256i xs =
      _mm256_packs_epi32(_mm256_cvtps_epi32(_mm256_min_ps(high, x.a)), _mm256_cvtps_epi32(_mm256_min_ps(high, x.b)));
  __m256i ys =
      _mm256_packs_epi32(_mm256_cvtps_epi32(_mm256_min_ps(high, y.a)), _mm256_cvtps_epi32(_mm256_min_ps(high, y.b)));
  __m256i all = _mm256_packus_epi16(_mm256_adds_epi16(xs, zero), _mm256_adds_epi16(ys, zero));
  all = _mm256_max_epu8(all, _mm256_set1_epi8((char)bounds.low_byte));
  all = _mm256_min_epu8(all, _mm256_set1_epi8((char)bounds.high_byte));
  return _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
// Four vectors requantized: bytes of `a`, then of b, c and d. Conversion gives the least integer for NaN and beyond
// 31 bits: what is too great is bounded before, the rest is what it should be.
DLC_QINLINE DLC_QB DLC_Q(bytes)(DLC_QF a, DLC_QF b, DLC_QF c, DLC_QF d, dlc_qbounds bounds) {
  return (DLC_QB){DLC_Q(half_bytes)(a, b, bounds), DLC_Q(half_bytes)(c, d, bounds)};
}
DLC_QINLINE void DLC_Q(store_bytes)(uint8_t *p, DLC_QB x) {
  _mm256_storeu_si256((__m256i *)p, x.a);
  _mm256_storeu_si256((__m256i *)(p + 32), x.b);
}
// Sixteen of the 64 bytes, the k-th.
DLC_QINLINE void DLC_Q(store_quarter)(uint8_t *p, DLC_QB x, const int k) {
  __m256i half = k < 2 ? x.a : x.b;
  _mm_storeu_si128((__m128i *)p, k & 1 ? _mm256_extracti128_si256(half, 1) : _mm256_castsi256_si128(half));
}

#endif
