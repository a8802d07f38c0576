// Rows of softmax in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_softmax_rows__avx2
#include "softmax/softmax_body.h"
#else
typedef int dlc_softmax_avx2_is_empty;
#endif
