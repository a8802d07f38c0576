// Rows of normalization in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_normalize_rows__avx2
#include "normalize/normalize_body.h"
#else
typedef int dlc_normalize_avx2_is_empty;
#endif
