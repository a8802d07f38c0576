// Tiles of s16 rows with products and sums in one instruction.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#define QTARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")))
#define TILE_ISA dlc_qtile_s16__avx512vnni

QTARGET static inline __m512i unit_dot(__m512i acc, __m512i a, __m512i b) { return _mm512_dpwssd_epi32(acc, a, b); }
#include "qgemm/s16_tile_avx512.h"
#else
typedef int dlc_qgemm_s16_avx512vnni_is_empty;
#endif
