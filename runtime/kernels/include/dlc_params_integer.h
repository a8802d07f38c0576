// Parameter structs of the integer kernel families; part of dlc_params.h, whose rules hold here too.
#ifndef DLC_PARAMS_INTEGER_H
#define DLC_PARAMS_INTEGER_H

#include <stdint.h>

#include "dlc_params.h"

// Integer families. An activation stands for real = (q - zero) * scale; it is stored as u8 on every target, because x86
// multiplies u8 by s8 and the others shift a vector as they load it. Weights are s8 in [-127, 127] (packing takes -128
// for -127) with zero 0 and a scale for each output channel. Products are summed in s32, without any saturating step;
// sums that would pass 31 bits wrap. What the activation's zero point adds is constant, and part of the s32 bias:
// bias[c] = round(b[c] / (s_x s_w[c])) - zero_x * sum over k of w[k][c].
//
// Requantization, bit for bit the same everywhere (no contraction into fused multiply-add):
//   t = (float)acc * scale[c]; if residual: t = t + (float)(r - residual_zero) * residual_scale
//   t = min(max(t, low), high)
//   y u8: (int32)round-half-even(t) + zero, low and high being such that the result is in 0...255;
//   y f32: t.   y i32 (no scale, no residual, no bounds): acc.
// Then, for u8, y = table[y] where a table is given.
//
// Where a family below says bias i32 and scale f32, either list may have one element for all channels, and narrower
// ones that stand for the same numbers: bias i16, scale bf16.
//
// Some families take activations of s16 as well: one scale, zero point 0. Sums of products of s16 and s8, of at most
// 2^18 each, with the s32 bias, are exact; acc is their sum rounded to f32 (nearest, half to even), and then
//   t = acc * scale[c]; if residual (s16): t = t + (float)r * residual_scale; t = min(max(t, low), high)
//   y s16: (int32)round-half-even(t), low and high being within -32768...32767; y f32: t.
// Zero points are 0, and there is no table.
typedef struct dlc_requantize {
  float low, high;
  int32_t zero;
  int32_t residual_zero;
  float residual_scale;
} dlc_requantize;

// qmatmul: a u8 or s16 [G?, M, K], b packed (qmatmul_pack), bias i32 [N], scale? f32 [N], residual? u8 [G?, M, N],
// table? u8 [256], y u8, f32 or i32 [G?, M, N] (of s16: residual s16, y s16 or f32, b_zero 0). G is 1 or absent, or
// equal in all (a or b may have G = 1 and be shared; bias then is [N], or [G, N] where b differs). Pitches of a,
// residual and y are respected. Where b_zero (-128...127), the packed number that stands for zero, is not 0, -b_zero *
// (sum over k of a[m][k] - K a_zero) is added to row m's sums. b of fewer than 16 columns may come without those it
// lacks: [G, 1, ceil(K / 4), N, 4].
typedef struct dlc_qmatmul_params {
  int32_t n;
  int32_t a_zero, b_zero;
  dlc_requantize requantize;
} dlc_qmatmul_params;

// qmatmul_pack: b s8 (b_offset 0; -128 as -127) or u8 (less b_offset: 128, or 127, for which 255 counts as 254) [G?, K,
// N] or, transposed, [G?, N, K] -> packed s8 [G, panels, ceil(K / 4), 16, 4], missing columns and depths zero; sums?
// i32 [G, N]: -a_zero * sum over k of b[k][c], the bias of a product whose a has this zero point.
typedef struct dlc_qmatmul_pack_params {
  int32_t transposed, a_zero, b_offset;
} dlc_qmatmul_pack_params;

// qconv: x u8 [N, D, H, W, C], w packed (qconv_pack), bias i32 [O], scale? f32 [O], residual? u8 as y, table? u8 [256],
// y u8, f32 or i32 [N, OD, OH, OW, O], extents as conv; or x s16, residual s16, y s16 or f32. Padding reads x_zero.
// Pitches of x, residual and y are respected. A w whose groups, after qconv_pack has merged small ones, have n < 16
// channels each may come without the columns that its panels lack: n / 16 of the bytes, in their order.
typedef struct dlc_qconv_params {
  dlc_window window;
  int32_t groups;
  int32_t x_zero;
  dlc_requantize requantize;
} dlc_qconv_params;

// qconv_pack: w s8 [O, KD, KH, KW, C/groups] -> packed s8, one axis of dlc_qconv_packed_bytes(...) bytes.
typedef struct dlc_qconv_pack_params {
  dlc_window window;
  int32_t groups;
} dlc_qconv_pack_params;

// qdwconv: groups == C, O = C * multiplier; x u8 [N, D, H, W, C], w packed (qdwconv_pack), bias i32 [O], scale? f32
// [O], residual? u8, table? u8 [256], y u8, f32 or i32; or, with multiplier 1 and up to 512 taps, x s16, residual s16,
// y s16 or f32. Padding reads x_zero.
typedef struct dlc_qdwconv_params {
  dlc_window window;
  int32_t multiplier;
  int32_t x_zero;
  dlc_requantize requantize;
} dlc_qdwconv_params;

// qdwconv_pack: w s8 [O, KD, KH, KW, 1] -> packed s8, one axis of dlc_qdwconv_packed_bytes(...) bytes.
typedef struct dlc_qdwconv_pack_params {
  dlc_window window;
} dlc_qdwconv_pack_params;

// qconv_transpose: x u8 [N, D, H, W, C], w packed (qconv_transpose_pack), bias i32 [O], scale? f32 [O], residual? u8,
// table? u8 [256], y u8, f32 or i32 [N, OD, OH, OW, O], extents as conv_transpose. bias holds b alone: how many taps
// meet depends on the place, so the kernel reads x_zero where a tap lies outside, and for x_zero's share takes sums
// from the packed weights.
typedef struct dlc_qconv_transpose_params {
  dlc_window window;
  int32_t groups;
  int32_t x_zero;
  dlc_requantize requantize;
} dlc_qconv_transpose_params;

// qconv_transpose_pack: w s8 [C, KD, KH, KW, O/groups] -> packed s8, one axis of
// dlc_qconv_transpose_packed_bytes(...) bytes.
typedef struct dlc_qconv_transpose_pack_params {
  dlc_window window;
  int32_t groups;
} dlc_qconv_transpose_pack_params;

// quantize f32: x, scale? f32, zero?, y u8, i8, u16, i16 or i32: q = clamp(round-half-even(x / scale) + zero) over y's
// type. With `axis` >= 0 scale and zero are operands of that axis's length (zero of y's type); with axis -1 they are
// the fields, and the operands absent or (a scale and a zero known only when run) scalars, which win over the fields.
// The quotient is computed in f32 (division, not a product with the reciprocal). NaN gives zero. Pitches of x and y are
// respected.
typedef struct dlc_quantize_params {
  int32_t axis;
  float scale;
  int32_t zero;
} dlc_quantize_params;

// dequantize: x u8, i8, u16, i16 or i32, scale? f32, zero?, y f32 = (x - zero) * scale; operands and axis as quantize.
typedef struct dlc_dequantize_params {
  int32_t axis;
  float scale;
  int32_t zero;
} dlc_dequantize_params;

// dynamic_range f32: x -> scale f32, zero u8, each of one element, or with per_row one for each row of the last axis
// ([rows]): the smallest range that holds x and 0 in 256 steps (ONNX DynamicQuantizeLinear). symmetric: zero 128.
typedef struct dlc_dynamic_range_params {
  int32_t per_row, symmetric;
} dlc_dynamic_range_params;

// scale_accumulator: acc i32 [..., N], sums i32 [N] (sum over k of w[k][c]), w_scale f32 [N], bias? f32 [N], x_scale
// f32 and x_zero u8 (one, or one for each row) -> y f32 = epilogue((acc - x_zero * sums[c]) * (x_scale * w_scale[c]) +
// bias).
typedef struct dlc_scale_accumulator_params {
  dlc_epilogue epilogue;
} dlc_scale_accumulator_params;

// lookup: x u8, table [256] of y's type (u8, f32), y = table[x], as x. Pitches are respected. Requantization to another
// scale and every function of one argument are tables.
typedef struct dlc_lookup_params {
  int32_t reserved;
} dlc_lookup_params;

// qbinary u8: a, b, table? u8 [256], y; numpy broadcasting as binary. ADD, SUB: t = (a - a_zero) * a_scale +- (b -
// b_zero) * b_scale, the scales being over y's; MUL: t = ((a - a_zero) * (b - b_zero)) * a_scale, the product exact in
// s32; MIN, MAX: of the two addends of ADD. Then bounds, rounding, zero and table as dlc_requantize. y f32: t after the
// bounds. Or a and b s16, y s16 or f32, as there; a product of s16 is exact in s32, then rounded to f32.
//
// SUM, for y u8 alone, is ADD in ONNX Runtime's order: t = fma(a, a_scale, fma(b, b_scale, zero - fma(a_scale, a_zero,
// b_scale * b_zero))), each fma rounded once, everything else by itself; y = clamp(round-half-even(t)), low and high
// being bounds of t, which holds the zero point already.
enum { DLC_QBIN_SUM = 64 };
typedef struct dlc_qbinary_params {
  int32_t op; // dlc_binary_op, or DLC_QBIN_SUM
  int32_t a_zero, b_zero, zero;
  float a_scale, b_scale, low, high;
} dlc_qbinary_params;

// qpool u8, average: x [N, D, H, W, C], y [N, OD, OH, OW, C], as pool. y = clamp(round-half-even((float)(sum of (x -
// x_zero)) * (scale / count)) + zero), scale being x's over y's, count the window's cells inside x (or all, with
// count_include_pad). scale / count is one f32 division.
// Or x and y s16 with zero points 0, of windows of at most 2^16 cells.
typedef struct dlc_qpool_params {
  dlc_window window;
  int32_t count_include_pad;
  int32_t x_zero, zero;
  float scale;
} dlc_qpool_params;

// qreduce u8: sum or mean over the axes of a bit mask (as reduce): y = clamp(round-half-even((float)(sum - count
// x_zero)
// * scale) + zero), y u8; f32: the product. scale holds 1 / count for a mean. Or x s16,
// y s16 or f32, with zero points 0.
typedef struct dlc_qreduce_params {
  int32_t axes;
  int32_t x_zero, zero;
  float scale;
} dlc_qreduce_params;

// qsoftmax u8 along the last axis: x, exponentials i32 [256] (e[d] = round(2^23 exp(-d s_x)), e[0] = 2^23), y u8 =
// min(255, round-half-even( (float)e[max - x] * (y_scale_inverse / (float)sum)) + zero), the sum in i64.
// y_scale_inverse is 256 where y's scale is 1/256.
typedef struct dlc_qsoftmax_params {
  float y_scale_inverse;
  int32_t zero;
} dlc_qsoftmax_params;

#endif
