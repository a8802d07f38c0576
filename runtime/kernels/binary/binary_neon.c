// Rows of binary operators in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_binary_rows__neon
#include "binary/binary_body.h"
#else
typedef int dlc_binary_neon_is_empty;
#endif
