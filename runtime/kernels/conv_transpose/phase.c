#include "conv_transpose/phase.h"

static int32_t greatest_common_divisor(int32_t a, int32_t b) {
  while (b) {
    int32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

dlc_phase_axis dlc_phase_of(const dlc_window *w, int axis, int32_t remainder) {
  // o + pad = i stride + k dilation, so cells k with k dilation mod stride == remainder take part. They lie
  // stride / gcd apart, and from one to the next the input moves back by dilation / gcd.
  const int32_t stride = w->stride[axis], dilation = w->dilation[axis], pad = w->pad_begin[axis],
                kernel = w->kernel[axis];
  const int32_t divisor = greatest_common_divisor(stride, dilation);
  dlc_phase_axis p = {.cell_step = stride / divisor, .step = -(dilation / divisor)};
  p.first = (int32_t)((((int64_t)remainder - pad) % stride + stride) % stride);
  while (p.cell < kernel && p.cell < p.cell_step && (int64_t)p.cell * dilation % stride != remainder) p.cell++;
  if (p.cell >= kernel || p.cell >= p.cell_step) return p;
  p.taps = (kernel - 1 - p.cell) / p.cell_step + 1;
  p.offset = (int32_t)(((int64_t)p.first + pad - (int64_t)p.cell * dilation) / stride);
  return p;
}

dlc_window_axis dlc_phase_window(const dlc_phase_axis *phase, const dlc_window *w, int i, const dlc_tensor *x,
                                 const dlc_tensor *y) {
  const int32_t size = y->dims[1 + i], stride = w->stride[i];
  return (dlc_window_axis){
      .in = x->dims[1 + i],
      .out = size > phase->first ? (size - phase->first - 1) / stride + 1 : 0,
      .stride = 1,
      .offset = phase->offset,
      .step = phase->step,
      .taps = phase->taps,
      .y_size = size,
      .y_first = phase->first,
      .y_step = stride,
  };
}
