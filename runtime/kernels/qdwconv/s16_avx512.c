// Depthwise convolution of s16 in AVX-512.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#define ISA_NAME dlc_qdwconv_s16__avx512
#include "qdwconv/s16_body.h"
#else
typedef int dlc_qdwconv_s16_avx512_is_empty;
#endif
