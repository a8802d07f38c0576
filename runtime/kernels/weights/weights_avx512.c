// Rows of stored weights in AVX-512.
#if defined(__x86_64__)
#define DLC_WEIGHTS_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define DLC_ROWS_NAME dlc_weights_rows__avx512
#include "weights/weights_body.h"
#else
typedef int dlc_weights_avx512_is_empty;
#endif
