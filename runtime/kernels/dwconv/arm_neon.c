// Depthwise rows on NEON vectors.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define ROW_NAME dlc_dwconv_f32_row__neon
#include "dwconv/row_body.h"
#endif
