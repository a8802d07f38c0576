// Rows of elementwise functions in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_unary_rows__avx512
#include "unary/unary_body.h"
#else
typedef int dlc_unary_avx512_is_empty;
#endif
