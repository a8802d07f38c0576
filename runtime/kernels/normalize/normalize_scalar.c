// Rows of normalization in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_normalize_rows__scalar
#include "normalize/normalize_body.h"
