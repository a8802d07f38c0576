// The f32 operators, written once for every instruction set: plain loops that the target attribute turns into its
// vectors.
#include "binary/binary.h"
#include "binary/binary_loops.h"

#define ROW(name, R, expression) DLC_BINARY_FULL(DLC_VTARGET, row_##name, float, R, expression)

ROW(add, float, x + y0)
ROW(sub, float, x - y0)
ROW(mul, float, x *y0)
ROW(div, float, x / y0)
// NaN in either operand is the result, as in numpy.
ROW(min, float, x != x ? x : (x < y0 ? x : y0))
ROW(max, float, x != x ? x : (x > y0 ? x : y0))
ROW(prelu, float, x < 0 ? x * y0 : x)
ROW(equal, uint8_t, x == y0)
ROW(less, uint8_t, x < y0)
ROW(less_equal, uint8_t, x <= y0)

const dlc_binary_rows DLC_ROWS_NAME = {{
    [DLC_BIN_ADD] = row_add,
    [DLC_BIN_SUB] = row_sub,
    [DLC_BIN_MUL] = row_mul,
    [DLC_BIN_DIV] = row_div,
    [DLC_BIN_MIN] = row_min,
    [DLC_BIN_MAX] = row_max,
    [DLC_BIN_PRELU] = row_prelu,
    [DLC_BIN_EQUAL] = row_equal,
    [DLC_BIN_LESS] = row_less,
    [DLC_BIN_LESS_EQUAL] = row_less_equal,
}};

#undef ROW
