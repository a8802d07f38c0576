// What an instruction set implements of an integer depthwise convolution.
//
// Inputs of four taps are interleaved by channel into quads, sixteen channels at a time: a column holds for each
// channel the bytes of four input rows (or of any four taps). A quad times a quad of weights, summed, is one step of a
// channel. Weights outside the window are zero, so one column serves several output rows.
#ifndef DLC_QDWCONV_H
#define DLC_QDWCONV_H

#include "qvector/bounds.h"

// Bytes of a quad of sixteen channels, and of one of weights in the widest form (s16).
enum { DLC_QUAD = 64, DLC_QUAD_WEIGHTS = 128, DLC_QDWCONV_CELLS = 4 };

// `rows` output rows of up to sixteen channels.
typedef struct dlc_qdwconv_job {
  const uint8_t *columns; // [groups][...] quads; cell q reads from column q * stride on
  int64_t group_bytes;
  const uint8_t *weights; // [rows][groups][kernel] quads as `weigh` gave them
  const int32_t *bias;    // [16]
  const float *scale;     // [16]
  int32_t rows, keep;     // output rows computed together, and how many of them exist
  int32_t groups, kernel, stride, dilation, cells, channels;
  uint8_t type; // of y
  dlc_qbounds bounds;
  float residual_zero, residual_scale;
  const uint8_t *residual, *residual_end; // or NULL
  int64_t residual_row, residual_pitch;   // bytes from output row to row and from cell to cell
  uint8_t *y;
  int64_t y_row, y_pitch; // bytes
} dlc_qdwconv_job;

typedef struct dlc_qdwconv_isa {
  // n columns of quads: bytes from[s] + i * step[s], sixteen of each, or with `spread` those at its sixteen indices.
  void (*interleave)(const uint8_t *const from[4], const int64_t step[4], int64_t n, const uint8_t *spread,
                     uint8_t flip, uint8_t *to);
  // n quads of s8 weights in the form that `run` reads, DLC_QUAD_WEIGHTS apart: sixteen bytes from[s] + i * step each,
  // or zeros where it is NULL.
  void (*weigh)(const int8_t *const from[4], int64_t n, int64_t step, uint8_t *to);
  void (*run)(const dlc_qdwconv_job *job);
  // Exclusive or to inputs: 0x80 where they are multiplied as s8, which takes 128 from each.
  uint8_t flip;
} dlc_qdwconv_isa;

extern const dlc_qdwconv_isa dlc_qdwconv__scalar, dlc_qdwconv__avx2, dlc_qdwconv__avx_vnni, dlc_qdwconv__avx512,
    dlc_qdwconv__avx512_vnni, dlc_qdwconv__neon, dlc_qdwconv__neon_dotprod;

#endif
