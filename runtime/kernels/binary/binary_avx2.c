// Rows of binary operators in AVX2.
#if defined(__x86_64__)
#include "vmath/vmath_avx2.h"

#define DLC_ROWS_NAME dlc_binary_rows__avx2
#include "binary/binary_body.h"
#else
typedef int dlc_binary_avx2_is_empty;
#endif
