// Rows of integer softmax in AVX2.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#define DLC_ROWS_NAME dlc_qsoftmax_rows__avx2
#include "qsoftmax/qsoftmax_body.h"
#else
typedef int dlc_qsoftmax_avx2_is_empty;
#endif
