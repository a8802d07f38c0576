// Rows of softmax in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_softmax_rows__scalar
#include "softmax/softmax_body.h"
