// Rows of integer pooling, one lane at a time.
#include "qvector/qvector_scalar.h"

#define DLC_ROWS_NAME dlc_qpool_rows__scalar
#include "qpool/qpool_body.h"
