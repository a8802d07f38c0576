// Rows of stored weights in AVX2.
#if defined(__x86_64__)
#define DLC_WEIGHTS_TARGET __attribute__((target("avx2")))
#define DLC_ROWS_NAME dlc_weights_rows__avx2
#include "weights/weights_body.h"
#else
typedef int dlc_weights_avx2_is_empty;
#endif
