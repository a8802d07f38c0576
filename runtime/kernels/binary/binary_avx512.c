// Rows of binary operators in AVX-512.
#if defined(__x86_64__)
#include "vmath/vmath_avx512.h"

#define DLC_ROWS_NAME dlc_binary_rows__avx512
#include "binary/binary_body.h"
#else
typedef int dlc_binary_avx512_is_empty;
#endif
