// Tiles of s16 rows in AVX-512.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#define QTARGET DLC_QTARGET
#define TILE_ISA dlc_qtile_s16__avx512

QTARGET static inline __m512i unit_dot(__m512i acc, __m512i a, __m512i b) {
  return _mm512_add_epi32(acc, _mm512_madd_epi16(a, b));
}
#include "qgemm/s16_tile_avx512.h"
#else
typedef int dlc_qgemm_s16_avx512_is_empty;
#endif
