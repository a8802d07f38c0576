#include "bilinear/bilinear.h"

#include "types.h"

DLC_DECLARE_ROWS(dlc_bilinear_rows, dlc_bilinear_rows);

dlc_bilinear_row *dlc_bilinear_current(void) { return DLC_ROWS(dlc_bilinear_rows)->corners; }
