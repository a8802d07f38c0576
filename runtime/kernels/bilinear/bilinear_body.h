// Bilinear interpolation of one output, written once for every instruction set.
#include "bilinear/bilinear.h"
#include "types.h"

DLC_DECLARE_ROWS(dlc_bilinear_rows, dlc_bilinear_rows);

#define V DLC_V
#define F(name) DLC_VF(name)

DLC_VTARGET DLC_FLATTEN void corners(float *y, const float *const x[4], const float w[4], int64_t n) {
  const float *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
  const V w0 = F(splat)(w[0]), w1 = F(splat)(w[1]), w2 = F(splat)(w[2]), w3 = F(splat)(w[3]);
  int64_t c = 0;
  for (; c + DLC_VWIDTH <= n; c += DLC_VWIDTH)
    F(store)(y + c, w0 * F(load)(x0 + c) + w1 * F(load)(x1 + c) + w2 * F(load)(x2 + c) + w3 * F(load)(x3 + c));
  if (c == n) return;
  const int part = (int)(n - c);
  const V above = w0 * F(load_part)(x0 + c, part) + w1 * F(load_part)(x1 + c, part);
  F(store_part)(y + c, above + w2 * F(load_part)(x2 + c, part) + w3 * F(load_part)(x3 + c, part), part);
}

const dlc_bilinear_rows DLC_ROWS_NAME = {corners};

#undef V
#undef F
