// Depthwise quads in AVX-512 with VNNI: one instruction a quad.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#undef DLC_QTARGET
#define DLC_QTARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")))
#include "qdwconv/interleave_x86.h"

#define ISA_NAME dlc_qdwconv__avx512_vnni
#define ISA_FLIP 0
#define ISA_ROWS 2
#define ISA_HELD 6
#define QX __m512i
#define QW __m512i

DLC_QINLINE __m512i load_x(const uint8_t *x) { return _mm512_loadu_si512(x); }
DLC_QINLINE __m512i load_w(const uint8_t *w) { return _mm512_loadu_si512(w); }
DLC_QINLINE __m512i dot(__m512i sum, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(sum, x, w); }
static inline void weigh(const int8_t *quads, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; i++) memcpy(to + i * DLC_QUAD_WEIGHTS, quads + i * DLC_QUAD, DLC_QUAD);
}
#include "qdwconv/qdwconv_body.h"
#else
typedef int dlc_qdwconv_avx512_vnni_is_empty;
#endif
