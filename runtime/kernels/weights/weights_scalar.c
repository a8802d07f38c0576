// Rows of stored weights one column at a time.
#define DLC_WEIGHTS_TARGET
#define DLC_ROWS_NAME dlc_weights_rows__scalar
#include "weights/weights_body.h"
