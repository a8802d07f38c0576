// Rows of normalization in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_normalize_rows__neon
#include "normalize/normalize_body.h"
#else
typedef int dlc_normalize_neon_is_empty;
#endif
