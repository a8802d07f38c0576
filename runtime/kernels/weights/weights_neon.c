// Rows of stored weights in NEON.
#if defined(__ARM_NEON)
#define DLC_WEIGHTS_TARGET
#define DLC_ROWS_NAME dlc_weights_rows__neon
#include "weights/weights_body.h"
#else
typedef int dlc_weights_neon_is_empty;
#endif
