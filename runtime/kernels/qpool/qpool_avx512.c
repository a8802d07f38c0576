// Rows of integer pooling in AVX-512.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#define DLC_ROWS_NAME dlc_qpool_rows__avx512
#include "qpool/qpool_body.h"
#else
typedef int dlc_qpool_avx512_is_empty;
#endif
