// Rows of elementwise functions in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_unary_rows__avx2
#include "unary/unary_body.h"
#else
typedef int dlc_unary_avx2_is_empty;
#endif
