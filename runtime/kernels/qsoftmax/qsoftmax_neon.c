// Rows of integer softmax in NEON.
#if defined(__ARM_NEON)
#include "qvector/qvector_neon.h"

#define DLC_ROWS_NAME dlc_qsoftmax_rows__neon
#include "qsoftmax/qsoftmax_body.h"
#else
typedef int dlc_qsoftmax_neon_is_empty;
#endif
