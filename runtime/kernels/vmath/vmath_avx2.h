// Vectors of eight f32 in AVX2 registers: primitives, and elementary functions as dlc_v<name>__avx2.
#ifndef DLC_VMATH_AVX2_H
#define DLC_VMATH_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#include "dlc_config.h"
#include "dlc_params.h"

#define DLC_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define DLC_V __m256
#define DLC_VM __m256
#define DLC_VWIDTH 8
#define DLC_VF(name) dlc_v##name##__avx2
#define DLC_VTARGET DLC_TARGET_AVX2 static inline __attribute__((unused))
#define DLC_VOUTLINE DLC_TARGET_AVX2 static __attribute__((noinline, unused))

// The first n lanes set.
DLC_VTARGET __m256i dlc_vlanes__avx2(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
DLC_VTARGET __m256 dlc_vsplat__avx2(float x) { return _mm256_set1_ps(x); }
DLC_VTARGET __m256 dlc_vload__avx2(const float *p) { return _mm256_loadu_ps(p); }
DLC_VTARGET void dlc_vstore__avx2(float *p, __m256 x) { _mm256_storeu_ps(p, x); }
// The first `n` lanes, 0 <= n <= 8; the others are 0 and their memory is not touched.
DLC_VTARGET __m256 dlc_vload_part__avx2(const float *p, int n) { return _mm256_maskload_ps(p, dlc_vlanes__avx2(n)); }
DLC_VTARGET void dlc_vstore_part__avx2(float *p, __m256 x, int n) { _mm256_maskstore_ps(p, dlc_vlanes__avx2(n), x); }
DLC_VTARGET __m256 dlc_vfma__avx2(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
DLC_VTARGET __m256 dlc_vmin__avx2(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }
DLC_VTARGET __m256 dlc_vmax__avx2(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
DLC_VTARGET __m256 dlc_vlt__avx2(__m256 a, __m256 b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
DLC_VTARGET __m256 dlc_veq__avx2(__m256 a, __m256 b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
// m ? a : b
DLC_VTARGET __m256 dlc_vselect__avx2(__m256 m, __m256 a, __m256 b) { return _mm256_blendv_ps(b, a, m); }
DLC_VTARGET __m256 dlc_vabs__avx2(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
DLC_VTARGET __m256 dlc_vcopysign__avx2(__m256 x, __m256 sign) {
  return _mm256_or_ps(dlc_vabs__avx2(x), _mm256_and_ps(_mm256_set1_ps(-0.0f), sign));
}
// 2^n of an integer-valued n in -126...127.
DLC_VTARGET __m256 dlc_vexp2i__avx2(__m256 n) {
  __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(e, 23));
}
// x = mantissa 2^exponent, 1 <= mantissa < 2, for normal positive x.
DLC_VTARGET __m256 dlc_vexponent__avx2(__m256 x) {
  __m256i e = _mm256_srli_epi32(_mm256_castps_si256(x), 23);
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(e, _mm256_set1_epi32(127)));
}
DLC_VTARGET __m256 dlc_vmantissa__avx2(__m256 x) {
  __m256i m = _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffff));
  return _mm256_castsi256_ps(_mm256_or_si256(m, _mm256_set1_epi32(0x3f800000)));
}

#include "vmath_body.h"

#endif
