// Rows of reductions in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_reduce_rows__avx2
#include "reduce/reduce_body.h"
#else
typedef int dlc_reduce_avx2_is_empty;
#endif
