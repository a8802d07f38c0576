// Rows of elementwise functions in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_unary_rows__scalar
#include "unary/unary_body.h"
