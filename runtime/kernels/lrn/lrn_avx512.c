// Rows of local response normalization in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_lrn_rows__avx512
#include "lrn/lrn_body.h"
#else
typedef int dlc_lrn_avx512_is_empty;
#endif
