// Rows of integer pooling in AVX2.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#define DLC_ROWS_NAME dlc_qpool_rows__avx2
#include "qpool/qpool_body.h"
#else
typedef int dlc_qpool_avx2_is_empty;
#endif
