// Rows of quantization, one lane at a time.
#include "qvector/qvector_scalar.h"

#define DLC_ROWS_NAME dlc_quantize_rows__scalar
#include "quantize/quantize_body.h"
