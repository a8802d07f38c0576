// Rows of pooling in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_pool_rows__neon
#include "pool/pool_body.h"
#else
typedef int dlc_pool_neon_is_empty;
#endif
