// Depthwise convolution of s16 in AVX2.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#define ISA_NAME dlc_qdwconv_s16__avx2
#include "qdwconv/s16_body.h"
#else
typedef int dlc_qdwconv_s16_avx2_is_empty;
#endif
