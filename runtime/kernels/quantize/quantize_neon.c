// Rows of quantization in NEON.
#if defined(__ARM_NEON)
#include "qvector/qvector_neon.h"

#define DLC_ROWS_NAME dlc_quantize_rows__neon
#include "quantize/quantize_body.h"
#else
typedef int dlc_quantize_neon_is_empty;
#endif
