// Rows of softmax in NEON.
#if defined(__ARM_NEON)
#include "vmath/vmath_neon.h"

#define DLC_ROWS_NAME dlc_softmax_rows__neon
#include "softmax/softmax_body.h"
#else
typedef int dlc_softmax_neon_is_empty;
#endif
