// Rows of reductions in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_reduce_rows__neon
#include "reduce/reduce_body.h"
#else
typedef int dlc_reduce_neon_is_empty;
#endif
