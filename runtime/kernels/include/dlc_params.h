// Parameter structs of the kernel families, as they stand in a plan: little-endian, 4-byte fields only, no padding.
// Each comment gives the operands in order (`?` marks an optional one), their shapes and types.
#ifndef DLC_PARAMS_H
#define DLC_PARAMS_H

#include <stdint.h>

// Elementwise functions of one argument. alpha and beta are the function's constants.
typedef enum dlc_function {
  DLC_FN_IDENTITY = 0,
  DLC_FN_RELU = 1,
  DLC_FN_CLIP = 2,       // min(max(x, alpha), beta)
  DLC_FN_LEAKY_RELU = 3, // x < 0 ? alpha x : x
  DLC_FN_SIGMOID = 4,
  DLC_FN_TANH = 5,
  DLC_FN_SILU = 6,         // x sigmoid(alpha x)
  DLC_FN_HARD_SIGMOID = 7, // clip(alpha x + beta, 0, 1)
  DLC_FN_HARD_SWISH = 8,   // x clip(x/6 + 1/2, 0, 1)
  DLC_FN_GELU = 9,         // x/2 (1 + erf(x/sqrt 2))
  DLC_FN_GELU_TANH = 10,
  DLC_FN_ELU = 11,  // x < 0 ? alpha (exp x - 1) : x
  DLC_FN_SELU = 12, // beta (x > 0 ? x : alpha (exp x - 1))
  DLC_FN_CELU = 13, // max(0,x) + min(0, alpha (exp(x/alpha) - 1))
  DLC_FN_SOFTPLUS = 14,
  DLC_FN_SOFTSIGN = 15,
  DLC_FN_MISH = 16,
  DLC_FN_THRESHOLDED_RELU = 17, // x > alpha ? x : 0
  DLC_FN_SHRINK = 18,           // x < -beta ? x + alpha : x > beta ? x - alpha : 0   (alpha: bias, beta: lambda)
  DLC_FN_ABS = 32,
  DLC_FN_NEG = 33,
  DLC_FN_CEIL = 34,
  DLC_FN_FLOOR = 35,
  DLC_FN_ROUND = 36, // half to even
  DLC_FN_SIGN = 37,
  DLC_FN_RECIPROCAL = 38,
  DLC_FN_SQRT = 39,
  DLC_FN_RSQRT = 40,
  DLC_FN_EXP = 41,
  DLC_FN_LOG = 42,
  DLC_FN_SIN = 43,
  DLC_FN_COS = 44,
  DLC_FN_TAN = 45,
  DLC_FN_ASIN = 46,
  DLC_FN_ACOS = 47,
  DLC_FN_ATAN = 48,
  DLC_FN_SINH = 49,
  DLC_FN_COSH = 50,
  DLC_FN_ASINH = 51,
  DLC_FN_ACOSH = 52,
  DLC_FN_ATANH = 53,
  DLC_FN_ERF = 54,
  DLC_FN_SQUARE = 55,
  DLC_FN_NOT = 64,         // bool
  DLC_FN_BITWISE_NOT = 65, // integers
  DLC_FN_IS_NAN = 66,      // float -> bool
  DLC_FN_IS_INF = 67,      // float -> bool; alpha != 0: detect -inf, beta != 0: detect +inf
} dlc_function;

// A function applied to a result while it is still in registers.
typedef struct dlc_epilogue {
  int32_t function; // dlc_function, f32 only, any function below 32
  float alpha, beta;
} dlc_epilogue;

// unary: x, y. Same shape. y has x's type, or bool for IS_NAN and IS_INF. f32, f64, f16, bf16, all integers, bool
// (NOT).
typedef struct dlc_unary_params {
  int32_t function;
  float alpha, beta;
} dlc_unary_params;

typedef enum dlc_binary_op {
  DLC_BIN_ADD = 0,
  DLC_BIN_SUB = 1,
  DLC_BIN_MUL = 2,
  DLC_BIN_DIV = 3, // integer division truncates; by zero gives 0
  DLC_BIN_POW = 4,
  DLC_BIN_MIN = 5,
  DLC_BIN_MAX = 6,
  DLC_BIN_MOD = 7,   // sign of the divisor (Python)
  DLC_BIN_FMOD = 8,  // sign of the dividend (C)
  DLC_BIN_PRELU = 9, // a < 0 ? a b : a
  DLC_BIN_AND = 16,
  DLC_BIN_OR = 17,
  DLC_BIN_XOR = 18, // bool, and bitwise on integers
  DLC_BIN_SHIFT_LEFT = 19,
  DLC_BIN_SHIFT_RIGHT = 20,
  DLC_BIN_EQUAL = 32,
  DLC_BIN_LESS = 33,
  DLC_BIN_LESS_EQUAL = 34,
  DLC_BIN_GREATER = 35,
  DLC_BIN_GREATER_EQUAL = 36, // -> bool
} dlc_binary_op;

// binary: a, b, y. Numpy broadcasting: each input's rank may be lower; an axis of 1 repeats. a and b have one type
// (POW: b may differ); y has a's type, or bool for comparisons. The epilogue is for f32.
typedef struct dlc_binary_params {
  int32_t op;
  dlc_epilogue epilogue;
} dlc_binary_params;

// select: condition (bool), a, b, y. Numpy broadcasting of all three to y; any type.
typedef struct dlc_select_params {
  int32_t reserved;
} dlc_select_params;

// cast: x, y. Same shape, any pair of types. Float to integer truncates, out of range saturates, NaN gives 0; to bool:
// x != 0.
typedef struct dlc_cast_params {
  int32_t reserved;
} dlc_cast_params;

// matmul f32: a [G?, M, K], b packed [G, panels, K, 16] (panels = ceil(N/16); see matmul_pack), bias? [N],
// residual? [G?, M, N], y [G?, M, N]. G is 1 or absent, or equal in all (a or b may have G = 1 and be shared).
// matmul of other types (f64, i32, i64, u32, u64, f16, bf16): b is plain [G?, K, N], no bias, residual or epilogue.
// y = epilogue(a b + bias + residual). Pitch of a, residual and y is respected.
typedef struct dlc_matmul_params {
  int32_t n;
  dlc_epilogue epilogue;
} dlc_matmul_params;

// matmul_pack f32: b [G?, K, N] or, transposed, [G?, N, K] -> [G, panels, K, 16]: panel p holds columns 16p...16p+15,
// missing columns zero. Serves every instruction set: kernels take one or two panels at a time.
typedef struct dlc_matmul_pack_params {
  int32_t transposed;
} dlc_matmul_pack_params;

// Geometry of a window over three spatial axes (depth, height, width); lower ranks set leading ones to 1 / 0.
typedef struct dlc_window {
  int32_t kernel[3], stride[3], dilation[3], pad_begin[3], pad_end[3];
} dlc_window;

// conv f32: x [N, D, H, W, C], w packed [groups, panels, KD*KH*KW*C/groups, 16] (panels = ceil(O/groups/16)), bias?
// [O], residual? [N, OD, OH, OW, O], y [N, OD, OH, OW, O]. OD = (D + pads - dilation (KD-1) - 1) / stride + 1, and so
// on (floor). y = epilogue(conv(x, w) + bias + residual). Pitch of x, residual and y is respected.
typedef struct dlc_conv_params {
  dlc_window window;
  int32_t groups;
  dlc_epilogue epilogue;
} dlc_conv_params;

// conv_pack f32: w [O, KD, KH, KW, C/groups] -> packed as conv wants it.
typedef struct dlc_conv_pack_params {
  int32_t groups;
} dlc_conv_pack_params;

// dwconv f32: groups == C, O = C * multiplier; x [N, D, H, W, C], w [KD, KH, KW, O] (plain), bias? [O], residual?, y as
// conv. Output channel o reads input channel o / multiplier.
typedef struct dlc_dwconv_params {
  dlc_window window;
  int32_t multiplier;
  dlc_epilogue epilogue;
} dlc_dwconv_params;

// The bit of DLC_DWCONV_SHAPES that serves the window: below 4 it is one of those that run in blocks.
static inline int dlc_dwconv_shape(const dlc_dwconv_params *p) {
  const dlc_window *w = &p->window;
  const int blocks = p->multiplier == 1 && w->kernel[0] == 1 && w->stride[0] == 1 && !w->pad_begin[0] &&
                     !w->pad_end[0] && (w->kernel[1] == 3 || w->kernel[1] == 5) && w->kernel[2] == w->kernel[1] &&
                     (w->stride[1] == 1 || w->stride[1] == 2) && w->stride[2] == w->stride[1] && w->dilation[1] == 1 &&
                     w->dilation[2] == 1;
  return blocks ? (w->kernel[1] == 5 ? 2 : 0) + w->stride[1] - 1 : 4;
}

// conv_transpose f32: x [N, D, H, W, C], w packed [bytes of conv_transpose_pack as one axis], bias? [O], residual?, y
// [N, OD, OH, OW, O]. OD = stride (D - 1) + dilation (KD - 1) + 1 - pads + output_padding: y's shape decides the output
// padding (less than the stride or dilation).
typedef struct dlc_conv_transpose_params {
  dlc_window window;
  int32_t groups;
  dlc_epilogue epilogue;
} dlc_conv_transpose_params;

// conv_transpose_pack f32: w [C, KD, KH, KW, O/groups] -> packed, one axis of dlc_conv_transpose_packed_elements(...)
// floats.
typedef struct dlc_conv_transpose_pack_params {
  dlc_window window;
  int32_t groups;
} dlc_conv_transpose_pack_params;

typedef enum dlc_reduce_op {
  DLC_REDUCE_SUM = 0,
  DLC_REDUCE_MEAN = 1,
  DLC_REDUCE_MAX = 2,
  DLC_REDUCE_MIN = 3,
  DLC_REDUCE_PROD = 4,
  DLC_REDUCE_L1 = 5,
  DLC_REDUCE_L2 = 6,
  DLC_REDUCE_SUM_SQUARE = 7,
  DLC_REDUCE_LOG_SUM = 8,
  DLC_REDUCE_LOG_SUM_EXP = 9,
} dlc_reduce_op;

// reduce: x, y. Axes as a bit mask over x's axes; y's elements are x's with those axes 1 or left out. Empty sets give
// the operator's neutral element (max: -inf or the type's minimum, min: +inf or maximum). bool takes MAX and MIN.
typedef struct dlc_reduce_params {
  int32_t op;
  int32_t axes;
  dlc_epilogue epilogue; // f32
} dlc_reduce_params;

// arg_reduce: x, y (i64): index of the maximum (op 0) or minimum (op 1) along axis; first or last of equal ones.
typedef struct dlc_arg_reduce_params {
  int32_t op, axis, select_last;
} dlc_arg_reduce_params;

// cumulative: x, y. op 0: sum, 1: product.
typedef struct dlc_cumulative_params {
  int32_t op, axis, exclusive, reverse;
} dlc_cumulative_params;

// softmax: x, y (f32, f64). kind 0: softmax, 1: log-softmax, 2: hardmax (first maximum). f32 is the same bits on every
// instruction set; a probability below 2^-126 is 0.
typedef struct dlc_softmax_params {
  int32_t kind, axis;
} dlc_softmax_params;

// normalize f32: x, scale?, bias?, y. kind 0: layer (over the axes from `axis` on; scale and bias have that many
// elements), 1: instance, channels last (x [N, ..., C], mean and variance over the middle axes; scale, bias [C]), 2:
// root mean square (as layer, no mean). An instance's sums have one order on every instruction set: the first 65,536
// places go in turn to eight sums, which are added in halves, places that make no eight after them, then further
// blocks; y = x factor + (bias - mean factor), each operation rounded by itself, as ONNX Runtime computes it.
typedef struct dlc_normalize_params {
  int32_t kind, axis;
  float epsilon;
  dlc_epilogue epilogue;
} dlc_normalize_params;

// lrn f32: x, y [..., C], across the last axis. y = x / (bias + alpha/size sum x^2)^beta over c - (size-1)/2 ... c +
// size/2.
typedef struct dlc_lrn_params {
  int32_t size;
  float alpha, beta, bias;
} dlc_lrn_params;

typedef enum dlc_pool_kind { DLC_POOL_MAX = 0, DLC_POOL_AVERAGE = 1, DLC_POOL_LP = 2 } dlc_pool_kind;

// pool: x [N, D, H, W, C], y [N, OD, OH, OW, C], indices? (i64, as y, max only). f32, f64; max also i8, u8, i16.
// y's shape decides how many windows there are (ceil_mode): windows may run past the far padding; those cells never
// count. indices are flat positions in the channels-first tensor [N, C, D, H, W]; column_major: last two spatial axes
// swapped in it.
typedef struct dlc_pool_params {
  dlc_window window;
  int32_t kind, count_include_pad, p, column_major;
} dlc_pool_params;

// transpose: x, y; y's axis i is x's axis perm[i]. Any type. Pitches of both are respected.
typedef struct dlc_transpose_params {
  int32_t perm[8];
} dlc_transpose_params;

// copy: x, y, any type. For every index in dims[0..rank): y[y_offset + sum i*y_strides] = x[x_offset + sum
// i*x_strides], in elements (strides may be 0 or negative on x's side, positive on y's, where no two indices share a
// place). Serves slice, expand, tile, concat and split. Strides are those of memory: an operand spans (rows - 1) pitch
// + row elements, and a pitch enters through the strides of the axes before the last. What a movement does not name in
// y keeps its value.
typedef struct dlc_copy_params {
  int32_t rank, x_offset, y_offset;
  int32_t dims[8], x_strides[8], y_strides[8];
} dlc_copy_params;

typedef enum dlc_pad_mode {
  DLC_PAD_CONSTANT = 0,
  DLC_PAD_REFLECT = 1,
  DLC_PAD_EDGE = 2,
  DLC_PAD_WRAP = 3
} dlc_pad_mode;

// pad: x, value? (scalar of x's type, zero when absent), y. before[i] may be negative (crops); after follows from y's
// shape. Crops come first: the other modes repeat what is left. Reflection turns at both ends as often as needed. Any
// type. Pitches of x and y are respected.
typedef struct dlc_pad_params {
  int32_t mode;
  int32_t before[8];
} dlc_pad_params;

// gather: x, indices (i32, i64), y: indices' shape replaces axis. Negative indices count from the end. Any type of x.
// Here and in all index families below: operands are dense, and an index outside [-n, n) is DLC_FAULT_INDEX.
typedef struct dlc_gather_params {
  int32_t axis;
} dlc_gather_params;

// gather_elements: x, indices (i32, i64), y [as indices], which are no larger than x beside axis.
typedef struct dlc_gather_elements_params {
  int32_t axis;
} dlc_gather_elements_params;

// gather_nd: x, indices (i32, i64) [..., k], y.
typedef struct dlc_gather_nd_params {
  int32_t batch_dims;
} dlc_gather_nd_params;

typedef enum dlc_scatter_reduction {
  DLC_SCATTER_NONE = 0,
  DLC_SCATTER_ADD = 1,
  DLC_SCATTER_MUL = 2,
  DLC_SCATTER_MAX = 3,
  DLC_SCATTER_MIN = 4,
} dlc_scatter_reduction;

// scatter_elements: data, indices (i32, i64), updates [as indices], y [as data]; y may lie in data's place. Updates of
// one place apply in their order in memory (NONE: the last stays). Reductions: f32, f64, f16, bf16, i32, i64, u8, i8;
// integers wrap, MAX and MIN keep NaN.
typedef struct dlc_scatter_elements_params {
  int32_t axis, reduction;
} dlc_scatter_elements_params;

// scatter_nd: data, indices (i32, i64) [..., k], updates, y [as data]; order and reductions as scatter_elements.
typedef struct dlc_scatter_nd_params {
  int32_t reduction;
} dlc_scatter_nd_params;

typedef enum dlc_resize_mode { DLC_RESIZE_NEAREST = 0, DLC_RESIZE_LINEAR = 1, DLC_RESIZE_CUBIC = 2 } dlc_resize_mode;
typedef enum dlc_resize_coordinate {
  DLC_COORD_HALF_PIXEL = 0,
  DLC_COORD_PYTORCH_HALF_PIXEL = 1,
  DLC_COORD_ALIGN_CORNERS = 2,
  DLC_COORD_ASYMMETRIC = 3,
  DLC_COORD_TF_CROP = 4,
  DLC_COORD_HALF_PIXEL_SYMMETRIC = 5,
} dlc_resize_coordinate;
typedef enum dlc_resize_nearest {
  DLC_NEAREST_ROUND_PREFER_FLOOR = 0,
  DLC_NEAREST_ROUND_PREFER_CEIL = 1,
  DLC_NEAREST_FLOOR = 2,
  DLC_NEAREST_CEIL = 3,
} dlc_resize_nearest;

// resize: x, y, same rank. f32; nearest any type (f32 with TF_CROP). Pitches of both are respected. Semantics of ONNX
// Resize 19; scales: output over input per axis, positive (an axis that stays has 1); roi for TF_CROP, 0...1 being the
// whole axis. Linear over two axes before the last one, which stays and has more than one element, without antialias:
// four terms are summed from left to right, row by row, their weights being products rounded to f32, as ONNX Runtime
// does.
typedef struct dlc_resize_params {
  int32_t mode, coordinate, nearest, exclude_outside, antialias;
  float cubic_a, extrapolation;
  float scales[8], roi_begin[8], roi_end[8];
} dlc_resize_params;

// top_k: x, values, indices (i64): the k = values.dims[axis] largest or smallest along axis; among equal ones the lower
// index first. f32, f64, f16, i32, i64, u8, i8. NaN counts as greater than every number; -0 equals +0. The answer is
// always sorted.
typedef struct dlc_top_k_params {
  int32_t axis, largest, sorted;
} dlc_top_k_params;

// one_hot: indices (any integer or f32), values [2] (off, on), y: a new axis of y.dims[axis] classes. Indices in
// [-classes, 0) count from the end, others out of range and NaN give all off; an f32 truncates.
typedef struct dlc_one_hot_params {
  int32_t axis;
} dlc_one_hot_params;

// trilu: x, y [..., R, C]: keeps the upper (or lower) triangle, diagonal k; zero elsewhere. Any type; pitches are
// respected.
typedef struct dlc_trilu_params {
  int32_t upper, k;
} dlc_trilu_params;

// reverse_sequence: x, lengths (i64) [batch], y. A length outside 0...time is DLC_FAULT_INDEX. Any type.
typedef struct dlc_reverse_sequence_params {
  int32_t time_axis, batch_axis;
} dlc_reverse_sequence_params;

#include "dlc_params_integer.h"

// Weights that lie in the plan as integers and become f32 where they are used: rows of `width` columns as the f32
// kernel takes them (16 for panels). q: i8 [rows, width], or with 4 bits u8 [rows, width / 2], whose byte j holds
// column j in its low half and column j + width / 2 in its high half (two's complement). Row r is of block r / depth,
// and has the scales of row (r / depth) * groups + g, where g = index[r % depth], or without an index r % depth /
// (depth / groups): real = (float)q * scale, one f32 product. scales: f32 [rows / depth * groups, width]; index: i32
// [depth].
typedef struct dlc_stored_weights {
  int32_t bits, depth, groups;
} dlc_stored_weights;

// weights_unpack: q, scales, index?, y f32 of rows * width elements under any shape. An index outside of the groups is
// DLC_FAULT_INDEX.
typedef struct dlc_weights_unpack_params {
  dlc_stored_weights weights;
} dlc_weights_unpack_params;

// matmul_weights f32: a [M, K], q, scales, index? (panels of matmul_pack: width 16, depth K, one block a panel), bias?
// [N], residual? [M, N], y [M, N]; as matmul, which it equals bit for bit. Pitches of a, residual and y are respected.
typedef struct dlc_matmul_weights_params {
  dlc_stored_weights weights;
  int32_t n;
  dlc_epilogue epilogue;
} dlc_matmul_weights_params;

#endif
