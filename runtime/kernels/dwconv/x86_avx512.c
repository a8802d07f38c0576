// Depthwise rows on AVX-512 vectors.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define ROW_NAME dlc_dwconv_f32_row__avx512
#include "dwconv/row_body.h"

#define BLOCK_ROWS 4
#define BLOCK_NAME dlc_dwconv__avx512
#include "dwconv/block_body.h"
#endif
