// Rows of pooling in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_pool_rows__scalar
#include "pool/pool_body.h"
