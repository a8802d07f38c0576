// Rows of local response normalization in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_lrn_rows__scalar
#include "lrn/lrn_body.h"
