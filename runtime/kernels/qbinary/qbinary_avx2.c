// Rows of integer arithmetic in AVX2.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#define DLC_ROWS_NAME dlc_qbinary_rows__avx2
#include "qbinary/qbinary_body.h"
#else
typedef int dlc_qbinary_avx2_is_empty;
#endif
