// Rows of quantization in AVX-512.
#if defined(__x86_64__)
#include "qvector/qvector_avx512.h"

#define DLC_ROWS_NAME dlc_quantize_rows__avx512
#include "quantize/quantize_body.h"
#else
typedef int dlc_quantize_avx512_is_empty;
#endif
