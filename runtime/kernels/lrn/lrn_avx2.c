// Rows of local response normalization in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_lrn_rows__avx2
#include "lrn/lrn_body.h"
#else
typedef int dlc_lrn_avx2_is_empty;
#endif
