// Binary operators over runs of elements.
#ifndef DLC_BINARY_H
#define DLC_BINARY_H

#include "types.h"

// y[i] = a[i * sa] op b[i * sb] for n elements; sa and sb are 0 or 1, y is dense and may be a or b where their stride
// is 1.
typedef void dlc_binary_row(const void *a, int64_t sa, const void *b, int64_t sb, void *y, int64_t n);

enum { DLC_BINARY_OPS = 37 };

// The f32 operators that an instruction set has vector code for, by dlc_binary_op; NULL elsewhere.
typedef struct dlc_binary_rows {
  dlc_binary_row *ops[DLC_BINARY_OPS];
} dlc_binary_rows;

DLC_DECLARE_ROWS(dlc_binary_rows, dlc_binary_rows);

// The row of an operator on a type, NULL when the type lacks it. Comparisons with "greater" have none: swap the
// operands.
dlc_binary_row *dlc_binary_float(int32_t op, uint8_t type);
dlc_binary_row *dlc_binary_integer(int32_t op, uint8_t type);

// a to the power of an integer; negative powers truncate toward 0, and 0 to one of them is 0.
int64_t dlc_integer_power(int64_t a, int64_t exponent);

#endif
