// Vectors of sixteen f32 in AVX-512 registers: primitives, and elementary functions as dlc_v<name>__avx512.
#ifndef DLC_VMATH_AVX512_H
#define DLC_VMATH_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#include "dlc_config.h"
#include "dlc_params.h"

#define DLC_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define DLC_V __m512
#define DLC_VM __mmask16
#define DLC_VWIDTH 16
#define DLC_VF(name) dlc_v##name##__avx512
#define DLC_VTARGET DLC_TARGET_AVX512 static inline __attribute__((unused))
#define DLC_VSCALE2 _mm512_scalef_ps
#define DLC_VOUTLINE DLC_TARGET_AVX512 static __attribute__((noinline, unused))

DLC_VTARGET __m512 dlc_vsplat__avx512(float x) { return _mm512_set1_ps(x); }
DLC_VTARGET __m512 dlc_vload__avx512(const float *p) { return _mm512_loadu_ps(p); }
DLC_VTARGET void dlc_vstore__avx512(float *p, __m512 x) { _mm512_storeu_ps(p, x); }
// The first `n` lanes, 0 <= n <= 16; the others are 0 and their memory is not touched.
DLC_VTARGET __m512 dlc_vload_part__avx512(const float *p, int n) {
  return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
DLC_VTARGET void dlc_vstore_part__avx512(float *p, __m512 x, int n) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x);
}
DLC_VTARGET __m512 dlc_vfma__avx512(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
DLC_VTARGET __m512 dlc_vmin__avx512(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }
DLC_VTARGET __m512 dlc_vmax__avx512(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
DLC_VTARGET __mmask16 dlc_vlt__avx512(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
DLC_VTARGET __mmask16 dlc_veq__avx512(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
// m ? a : b
DLC_VTARGET __m512 dlc_vselect__avx512(__mmask16 m, __m512 a, __m512 b) { return _mm512_mask_blend_ps(m, b, a); }
DLC_VTARGET __m512 dlc_vabs__avx512(__m512 x) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x); }
DLC_VTARGET __m512 dlc_vcopysign__avx512(__m512 x, __m512 sign) {
  return _mm512_or_ps(dlc_vabs__avx512(x), _mm512_and_ps(_mm512_set1_ps(-0.0f), sign));
}
// 2^n of an integer-valued n in -126...127.
DLC_VTARGET __m512 dlc_vexp2i__avx512(__m512 n) {
  __m512i e = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(e, 23));
}
// x = mantissa 2^exponent, 1 <= mantissa < 2, for normal positive x.
DLC_VTARGET __m512 dlc_vexponent__avx512(__m512 x) {
  __m512i e = _mm512_srli_epi32(_mm512_castps_si512(x), 23);
  return _mm512_cvtepi32_ps(_mm512_sub_epi32(e, _mm512_set1_epi32(127)));
}
DLC_VTARGET __m512 dlc_vmantissa__avx512(__m512 x) {
  __m512i m = _mm512_and_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffff));
  return _mm512_castsi512_ps(_mm512_or_epi32(m, _mm512_set1_epi32(0x3f800000)));
}

#include "vmath_body.h"

#endif
