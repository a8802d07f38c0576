// Rows of integer arithmetic in AVX-512.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#define DLC_ROWS_NAME dlc_qbinary_rows__avx512
#include "qbinary/qbinary_body.h"
#else
typedef int dlc_qbinary_avx512_is_empty;
#endif
