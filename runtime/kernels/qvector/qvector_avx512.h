// Sixteen lanes in AVX-512 registers.
#ifndef DLC_QVECTOR_AVX512_H
#define DLC_QVECTOR_AVX512_H

#include <immintrin.h>

#include "qvector/bounds.h"

#define DLC_QF __m512
#define DLC_QI __m512i
#define DLC_QB __m512i
#define DLC_Q(name) dlc_q##name##__avx512
#define DLC_QTARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define DLC_QINLINE DLC_QTARGET static inline __attribute__((always_inline, unused))

DLC_QINLINE DLC_QF DLC_Q(splat)(float x) { return _mm512_set1_ps(x); }
DLC_QINLINE DLC_QI DLC_Q(splat_i)(int32_t x) { return _mm512_set1_epi32(x); }
DLC_QINLINE DLC_QF DLC_Q(load)(const float *p) { return _mm512_loadu_ps(p); }
DLC_QINLINE DLC_QI DLC_Q(load_u8)(const uint8_t *p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
DLC_QINLINE DLC_QI DLC_Q(load_i8)(const int8_t *p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)); }
DLC_QINLINE DLC_QI DLC_Q(load_u16)(const uint16_t *p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
}
DLC_QINLINE DLC_QI DLC_Q(load_i16)(const int16_t *p) {
  return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)p));
}
DLC_QINLINE DLC_QI DLC_Q(load_i32)(const int32_t *p) { return _mm512_loadu_si512(p); }
DLC_QINLINE DLC_QF DLC_Q(float)(DLC_QI x) { return _mm512_cvtepi32_ps(x); }
DLC_QINLINE DLC_QF DLC_Q(add)(DLC_QF a, DLC_QF b) { return _mm512_add_ps(a, b); }
DLC_QINLINE DLC_QF DLC_Q(sub)(DLC_QF a, DLC_QF b) { return _mm512_sub_ps(a, b); }
DLC_QINLINE DLC_QF DLC_Q(mul)(DLC_QF a, DLC_QF b) { return _mm512_mul_ps(a, b); }
DLC_QINLINE DLC_QF DLC_Q(div)(DLC_QF a, DLC_QF b) { return _mm512_div_ps(a, b); }
DLC_QINLINE DLC_QF DLC_Q(fma)(DLC_QF a, DLC_QF b, DLC_QF c) { return _mm512_fmadd_ps(a, b, c); }
// a where it is greater (less), else b, also where one is NaN.
DLC_QINLINE DLC_QF DLC_Q(max)(DLC_QF a, DLC_QF b) { return _mm512_max_ps(a, b); }
DLC_QINLINE DLC_QF DLC_Q(min)(DLC_QF a, DLC_QF b) { return _mm512_min_ps(a, b); }
// 0 in place of NaN.
DLC_QINLINE DLC_QF DLC_Q(ordered)(DLC_QF x) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), x); }
// Half to even, |t| < 2^22.
DLC_QINLINE DLC_QI DLC_Q(round)(DLC_QF t) { return _mm512_cvtps_epi32(t); }
DLC_QINLINE DLC_QI DLC_Q(add_i)(DLC_QI a, DLC_QI b) { return _mm512_add_epi32(a, b); }
DLC_QINLINE DLC_QI DLC_Q(sub_i)(DLC_QI a, DLC_QI b) { return _mm512_sub_epi32(a, b); }
DLC_QINLINE DLC_QI DLC_Q(mul_i)(DLC_QI a, DLC_QI b) { return _mm512_mullo_epi32(a, b); }
// x >> 16 and the 16 bits below: x = 2^16 high(x) + low(x).
DLC_QINLINE DLC_QI DLC_Q(high)(DLC_QI x) { return _mm512_srai_epi32(x, 16); }
DLC_QINLINE DLC_QI DLC_Q(low)(DLC_QI x) { return _mm512_and_si512(x, _mm512_set1_epi32(0xffff)); }
// Sixteen s16 as a product takes them, zeros above each, and sum + x * w for w of 16 bits.
DLC_QINLINE DLC_QI DLC_Q(load_factor)(const int16_t *p) { return DLC_Q(load_u16)((const uint16_t *)p); }
DLC_QINLINE DLC_QI DLC_Q(add_product)(DLC_QI sum, DLC_QI x, DLC_QI w) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(x, w));
}
DLC_QINLINE void DLC_Q(store)(float *p, DLC_QF x) { _mm512_storeu_ps(p, x); }
DLC_QINLINE void DLC_Q(store_i32)(int32_t *p, DLC_QI x) { _mm512_storeu_si512(p, x); }
// The low bits of every lane.
DLC_QINLINE void DLC_Q(store_8)(void *p, DLC_QI x) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(x)); }
DLC_QINLINE void DLC_Q(store_16)(void *p, DLC_QI x) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(x)); }

// Four vectors requantized: bytes of `a`, then of b, c and d. Conversion gives the least integer for NaN and beyond
// 31 bits: what is too great is bounded before, the rest is what it should be.
DLC_QINLINE DLC_QB DLC_Q(bytes)(DLC_QF a, DLC_QF b, DLC_QF c, DLC_QF d, dlc_qbounds bounds) {
  const __m512 high = _mm512_set1_ps(bounds.high);
  const __m512i zero = _mm512_set1_epi16((int16_t)bounds.zero);
  __m512i ab =
      _mm512_packs_epi32(_mm512_cvtps_epi32(_mm512_min_ps(high, a)), _mm512_cvtps_epi32(_mm512_min_ps(high, b)));
  __m512i cd =
      _mm512_packs_epi32(_mm512_cvtps_epi32(_mm512_min_ps(high, c)), _mm512_cvtps_epi32(_mm512_min_ps(high, d)));
  __m512i all = _mm512_packus_epi16(_mm512_adds_epi16(ab, zero), _mm512_adds_epi16(cd, zero));
  all = _mm512_max_epu8(all, _mm512_set1_epi8((char)bounds.low_byte));
  all = _mm512_min_epu8(all, _mm512_set1_epi8((char)bounds.high_byte));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, all);
}
DLC_QINLINE void DLC_Q(store_bytes)(uint8_t *p, DLC_QB x) { _mm512_storeu_si512(p, x); }
// Sixteen of the 64 bytes, the k-th.
DLC_QINLINE void DLC_Q(store_quarter)(uint8_t *p, DLC_QB x, const int k) {
  __m128i quarter = k == 0   ? _mm512_castsi512_si128(x)
                    : k == 1 ? _mm512_extracti32x4_epi32(x, 1)
                    : k == 2 ? _mm512_extracti32x4_epi32(x, 2)
                             : _mm512_extracti32x4_epi32(x, 3);
  _mm_storeu_si128((__m128i *)p, quarter);
}

#endif
