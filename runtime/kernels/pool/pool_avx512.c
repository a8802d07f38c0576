// Rows of pooling in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_pool_rows__avx512
#include "pool/pool_body.h"
#else
typedef int dlc_pool_avx512_is_empty;
#endif
