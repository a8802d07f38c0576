// Rows of normalization in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_normalize_rows__avx512
#include "normalize/normalize_body.h"
#else
typedef int dlc_normalize_avx512_is_empty;
#endif
