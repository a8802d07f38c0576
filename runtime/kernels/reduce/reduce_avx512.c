// Rows of reductions in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_reduce_rows__avx512
#include "reduce/reduce_body.h"
#else
typedef int dlc_reduce_avx512_is_empty;
#endif
