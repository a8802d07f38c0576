// Depthwise rows on AVX2 vectors.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define ROW_NAME dlc_dwconv_f32_row__avx2
#include "dwconv/row_body.h"

#define BLOCK_ROWS 2
#define BLOCK_NAME dlc_dwconv__avx2
#include "dwconv/block_body.h"
#endif
