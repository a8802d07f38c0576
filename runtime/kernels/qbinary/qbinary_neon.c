// Rows of integer arithmetic in NEON.
#if defined(__ARM_NEON)
#include "qvector/qvector_neon.h"

#define DLC_ROWS_NAME dlc_qbinary_rows__neon
#include "qbinary/qbinary_body.h"
#else
typedef int dlc_qbinary_neon_is_empty;
#endif
