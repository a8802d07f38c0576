// Rows of integer arithmetic, one lane at a time.
#include "qvector/qvector_scalar.h"

#define DLC_ROWS_NAME dlc_qbinary_rows__scalar
#include "qbinary/qbinary_body.h"
