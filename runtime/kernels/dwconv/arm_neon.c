// Depthwise rows on NEON vectors.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define ROW_NAME dlc_dwconv_f32_row__neon
#include "dwconv/row_body.h"

#if defined(__aarch64__)
#define BLOCK_ROWS 4
#else
#define BLOCK_ROWS 2
#endif
#define BLOCK_NAME dlc_dwconv__neon
#include "dwconv/block_body.h"
#endif
