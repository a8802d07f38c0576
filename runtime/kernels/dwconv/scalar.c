// Depthwise rows one float at a time; compilers may still vectorize them.
#include "vmath/vmath_scalar.h"

#define ROW_NAME dlc_dwconv_f32_row__scalar
#include "dwconv/row_body.h"
