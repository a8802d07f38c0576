// Rows of integer softmax, one lane at a time.
#include "qvector/qvector_scalar.h"

#define DLC_ROWS_NAME dlc_qsoftmax_rows__scalar
#include "qsoftmax/qsoftmax_body.h"
