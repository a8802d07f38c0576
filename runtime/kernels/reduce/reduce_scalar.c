// Rows of reductions in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_reduce_rows__scalar
#include "reduce/reduce_body.h"
