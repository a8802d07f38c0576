// Rows of integer pooling in NEON.
#if defined(__ARM_NEON)
#include "qvector/qvector_neon.h"

#define DLC_ROWS_NAME dlc_qpool_rows__neon
#include "qpool/qpool_body.h"
#else
typedef int dlc_qpool_neon_is_empty;
#endif
