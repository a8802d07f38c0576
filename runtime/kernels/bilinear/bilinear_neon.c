// Rows of bilinear interpolation in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_bilinear_rows__neon
#include "bilinear/bilinear_body.h"
#else
typedef int dlc_bilinear_neon_is_empty;
#endif
