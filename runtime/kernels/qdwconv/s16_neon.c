// Depthwise convolution of s16 in NEON.
#if defined(__ARM_NEON)
#include "qvector/qvector_neon.h"

#define ISA_NAME dlc_qdwconv_s16__neon
#include "qdwconv/s16_body.h"
#else
typedef int dlc_qdwconv_s16_neon_is_empty;
#endif
