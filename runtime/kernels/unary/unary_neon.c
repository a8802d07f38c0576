// Rows of elementwise functions in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_unary_rows__neon
#include "unary/unary_body.h"
#else
typedef int dlc_unary_neon_is_empty;
#endif
