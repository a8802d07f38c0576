// Rows of bilinear interpolation in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_bilinear_rows__avx512
#include "bilinear/bilinear_body.h"
#else
typedef int dlc_bilinear_avx512_is_empty;
#endif
