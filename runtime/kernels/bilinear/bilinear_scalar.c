// Rows of bilinear interpolation in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_bilinear_rows__scalar
#include "bilinear/bilinear_body.h"
