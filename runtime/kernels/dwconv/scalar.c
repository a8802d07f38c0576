// Depthwise rows one float at a time; compilers may still vectorize them.
#include "vmath/vmath_scalar.h"

#define ROW_NAME dlc_dwconv_f32_row__scalar
#include "dwconv/row_body.h"

#define BLOCK_ROWS 2
#define BLOCK_NAME dlc_dwconv__scalar
#include "dwconv/block_body.h"
