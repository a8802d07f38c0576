// Rows of softmax in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_softmax_rows__avx512
#include "softmax/softmax_body.h"
#else
typedef int dlc_softmax_avx512_is_empty;
#endif
