// Rows of quantization in AVX2.
#if defined(__x86_64__)
#include "qvector/qvector_avx2.h"

#define DLC_ROWS_NAME dlc_quantize_rows__avx2
#include "quantize/quantize_body.h"
#else
typedef int dlc_quantize_avx2_is_empty;
#endif
