// Rows of local response normalization in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_lrn_rows__neon
#include "lrn/lrn_body.h"
#else
typedef int dlc_lrn_neon_is_empty;
#endif
