// Rows of bilinear interpolation in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_bilinear_rows__avx2
#include "bilinear/bilinear_body.h"
#else
typedef int dlc_bilinear_avx2_is_empty;
#endif
