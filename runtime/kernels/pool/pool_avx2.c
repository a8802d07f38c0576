// Rows of pooling in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_pool_rows__avx2
#include "pool/pool_body.h"
#else
typedef int dlc_pool_avx2_is_empty;
#endif
