// Depthwise convolution of s16: sixteen channels of a few cells of an output row at a time, tap by tap.
#ifndef DLC_QDWCONV_S16_H
#define DLC_QDWCONV_S16_H

#include "types.h"

// Most taps: that many products fit s32.
enum { DLC_QDWCONV_S16_TAPS = 512 };

// One call.
typedef struct dlc_qdwconv_s16_job {
  const int16_t *x_end;  // behind the operand's last element
  int64_t x_pitch;       // of x, in elements, as all pitches
  const int8_t *weights; // as qdwconv_pack gives them
  const int32_t *bias;
  const float *scale;
  const int16_t *residual; // or NULL
  void *y;
  int64_t residual_pitch, y_pitch;
  float low, high, residual_scale;
  int32_t channels, taps, kernel, stride, dilation, in_w, out_w; // kernel...out_w along the row
  int32_t first;                                                 // input cell of the first window's first tap
  uint8_t type;                                                  // of y
} dlc_qdwconv_s16_job;

// The rows of the input that a row of the output reads, in rising order.
typedef struct dlc_qdwconv_s16_lines {
  int32_t count;
  const int16_t *at[DLC_QDWCONV_S16_TAPS];
  int32_t tap[DLC_QDWCONV_S16_TAPS]; // of the line's first weights
} dlc_qdwconv_s16_lines;

// Output row `row` of all rows of y.
typedef void dlc_qdwconv_s16_row(const dlc_qdwconv_s16_job *job, const dlc_qdwconv_s16_lines *lines, int64_t row);
typedef struct dlc_qdwconv_s16_rows {
  dlc_qdwconv_s16_row *row;
} dlc_qdwconv_s16_rows;

DLC_DECLARE_ROWS(dlc_qdwconv_s16_rows, dlc_qdwconv_s16);

// What qdwconv does where x is s16.
int dlc_qdwconv_s16_check(const dlc_call *call);
size_t dlc_qdwconv_s16_scratch(const dlc_call *call);
int dlc_qdwconv_s16_run(const dlc_call *call, uint32_t part, uint32_t parts);

#endif
