// Depthwise convolution of s16 in plain C.
#include "qvector/qvector_scalar.h"

#define ISA_NAME dlc_qdwconv_s16__scalar
#include "qdwconv/s16_body.h"
