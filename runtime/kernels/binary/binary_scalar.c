// Rows of binary operators in portable C.
#include "vmath/vmath_scalar.h"

#define DLC_ROWS_NAME dlc_binary_rows__scalar
#include "binary/binary_body.h"
