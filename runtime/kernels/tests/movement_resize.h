// Resize against the definition of ONNX Resize: each output sums over all inputs, one axis at a time, in doubles.
#include <math.h>

#include "tests/movement_support.h"

static double definition_coordinate(const dlc_resize_params *p, int i, double n, double m, double y) {
  double scale = (float)(m / n) == p->scales[i] ? m / n : p->scales[i], b = p->roi_begin[i], e = p->roi_end[i];
  switch (p->coordinate) {
  case DLC_COORD_PYTORCH_HALF_PIXEL: return m > 1 ? (y + 0.5) / scale - 0.5 : 0;
  case DLC_COORD_ALIGN_CORNERS: return m > 1 ? y * (n - 1) / (n * scale - 1) : 0;
  case DLC_COORD_ASYMMETRIC: return y / scale;
  case DLC_COORD_TF_CROP:
    return m > 1 ? b * (n - 1) + y * (e - b) * (n - 1) / (n * scale - 1) : b * (n - 1) + 0.5 * (e - b) * (n - 1);
  case DLC_COORD_HALF_PIXEL_SYMMETRIC: return n / 2 * (1 - m / (n * scale)) + (y + 0.5) / scale - 0.5;
  default: return (y + 0.5) / scale - 0.5;
  }
}

static double definition_filter(const dlc_resize_params *p, double d) {
  double a = p->cubic_a;
  d = fabs(d);
  if (p->mode == DLC_RESIZE_LINEAR) return d < 1 ? 1 - d : 0;
  return d <= 1  ? (a + 2) * d * d * d - (a + 3) * d * d + 1
         : d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a
                 : 0;
}

// Weights of all n inputs of an axis for output y; false when the value is extrapolated.
static bool definition_weights(const dlc_resize_params *p, int i, int n, int m, int y, double *w) {
  double x = definition_coordinate(p, i, n, m, y), scale = p->antialias && p->scales[i] < 1 ? (double)m / n : 1,
         total = 0;
  for (int k = 0; k < n; k++) w[k] = 0;
  if (p->coordinate == DLC_COORD_TF_CROP && (x < 0 || x > n - 1)) return false;
  if (p->mode == DLC_RESIZE_NEAREST) {
    double r = p->nearest == DLC_NEAREST_FLOOR               ? floor(x)
               : p->nearest == DLC_NEAREST_CEIL              ? ceil(x)
               : p->nearest == DLC_NEAREST_ROUND_PREFER_CEIL ? floor(x + 0.5)
                                                             : ceil(x - 0.5);
    w[r < 0 ? 0 : r >= n ? n - 1 : (int)r] = 1;
    return true;
  }
  for (int k = -100; k < n + 100; k++) {
    double v = definition_filter(p, (k - x) * scale);
    if (p->exclude_outside && (k < 0 || k >= n)) continue;
    w[k < 0 ? 0 : k >= n ? n - 1 : k] += v;
    total += v;
  }
  for (int k = 0; k < n; k++) w[k] /= total;
  return true;
}

static void test_resize(dlc_resize_params p, int rank, const int32_t *dims, const int32_t *y_dims, int gap) {
  dlc_tensor t[2] = {make(DLC_F32, rank, dims, gap), make(DLC_F32, rank, y_dims, gap)};
  for (int64_t i = 0, n = dlc_extent(&t[0]); i < n; i++) ((float *)t[0].data)[i] = (float)between(-100, 100) / 16;
  bool ok = runs(&dlc_resize_kernel, t, 2, &p, 1);
  int64_t n = dlc_elements(&t[1]), count = dlc_elements(&t[0]), at[8], from[8] = {0};
  for (int64_t i = 0; i < n && ok; i++) {
    double w[4][64], sum = 0;
    bool inside = true;
    index_of(&t[1], i, at);
    for (int a = 0; a < rank; a++) inside = definition_weights(&p, a, dims[a], y_dims[a], (int)at[a], w[a]) && inside;
    for (int64_t j = 0; j < count; j++) {
      double weight = 1;
      index_of(&t[0], j, from);
      for (int a = 0; a < rank; a++) weight *= w[a][from[a]];
      sum += weight * *(const float *)place(&t[0], from);
    }
    double y = *(const float *)place(&t[1], at), expected = inside ? sum : (double)p.extrapolation;
    ok = fabs(y - expected) <= 2e-5;
  }
  EXPECT(ok, "resize");
  release(t, 2);
}

// Bilinear interpolation to twice the extents has one order of operations, to the last bit.
static void test_bilinear_order(void) {
  for (int c = 2; c <= 38; c += 6) {
    const int32_t dims[] = {2, 5, 4, c}, y_dims[] = {2, 10, 8, c};
    const dlc_resize_params p = {.mode = DLC_RESIZE_LINEAR, .scales = {1, 2, 2, 1}};
    dlc_tensor t[2] = {make(DLC_F32, 4, dims, c % 2), make(DLC_F32, 4, y_dims, c % 3)};
    for (int64_t i = 0, n = dlc_extent(&t[0]); i < n; i++) ((float *)t[0].data)[i] = (float)between(0, 255) * 0.0173f;
    bool ok = runs(&dlc_resize_kernel, t, 2, &p, 1);
    int64_t n = dlc_elements(&t[1]), at[8];
    for (int64_t i = 0; i < n && ok; i++) {
      index_of(&t[1], i, at);
      const int64_t y = at[1], x = at[2];
      int64_t rows[2], columns[2];
      volatile float w[2][2], sum = 0, term;
      for (int axis = 0; axis < 2; axis++) { // coordinate v / 2 - 1/4, kept inside
        const int64_t v = axis ? x : y, extent = dims[1 + axis], first = v == 0 ? 0 : (v - 1) / 2;
        int64_t *cells = axis ? columns : rows;
        const bool edge = v == 0 || first == extent - 1;
        cells[0] = first, cells[1] = first + (first < extent - 1);
        w[axis][1] = v == 0 ? 0 : edge ? 0.5f : v % 2 ? 0.25f : 0.75f;
        w[axis][0] = 1 - w[axis][1];
      }
      for (int k = 0; k < 4; k++) {
        const int64_t from[] = {at[0], rows[k / 2], columns[k % 2], at[3]};
        term = w[1][k % 2] * w[0][k / 2];
        term = term * *(const float *)place(&t[0], from);
        sum = k ? sum + term : term;
      }
      ok = *(const float *)place(&t[1], at) == sum;
    }
    EXPECT(ok, "order of bilinear interpolation");
    release(t, 2);
  }
}

static void test_resizes(void) {
  test_bilinear_order();
  for (int round = 0; round < 400; round++) {
    dlc_resize_params p = {.mode = (int32_t)between(0, 2),
                           .coordinate = (int32_t)between(0, 5),
                           .nearest = (int32_t)between(0, 3),
                           .exclude_outside = (int32_t)between(0, 1),
                           .cubic_a = round & 4 ? -0.5f : -0.75f,
                           .extrapolation = 7.5f};
    if (p.mode != DLC_RESIZE_NEAREST) p.antialias = (int32_t)between(0, 1);
    int rank = (int)between(1, 4);
    int32_t dims[8], y_dims[8];
    for (int i = 0; i < rank; i++) {
      dims[i] = (int32_t)between(1, i == rank - 1 ? 9 : 5);
      y_dims[i] = between(0, 2) ? (int32_t)between(1, 9) : dims[i];
      p.scales[i] = (float)y_dims[i] / (float)dims[i];
      p.roi_begin[i] = (float)between(-2, 4) / 8, p.roi_end[i] = (float)between(4, 10) / 8;
      if (between(0, 1)) p.roi_begin[i] = 0, p.roi_end[i] = 1;
    }
    test_resize(p, rank, dims, y_dims, (int)between(0, 2));
  }
  // Scales that are not whole quotients: y = floor(0.6 x), channels last and first.
  for (int mode = 0; mode < 3; mode++)
    for (int coordinate = 0; coordinate < 6; coordinate++) {
      if (coordinate == DLC_COORD_TF_CROP) continue;
      dlc_resize_params p = {.mode = mode, .coordinate = coordinate, .cubic_a = -0.75f, .scales = {1, 0.6f, 1.7f, 1}};
      test_resize(p, 4, (const int32_t[]){1, 7, 6, 19}, (const int32_t[]){1, 4, 10, 19}, 0);
      test_resize(p, 3, (const int32_t[]){2, 7, 6}, (const int32_t[]){2, 4, 10}, 0);
    }
  // The example of the ONNX specification: resize_downsample_scales_linear_align_corners.
  dlc_resize_params p = {
      .mode = 1, .coordinate = DLC_COORD_ALIGN_CORNERS, .cubic_a = -0.75f, .scales = {1, 1, 0.6f, 0.6f}};
  dlc_tensor t[2] = {make(DLC_F32, 4, (const int32_t[]){1, 1, 2, 4}, 0),
                     make(DLC_F32, 4, (const int32_t[]){1, 1, 1, 2}, 0)};
  for (int i = 0; i < 8; i++) ((float *)t[0].data)[i] = (float)(i + 1);
  bool ok = runs(&dlc_resize_kernel, t, 2, &p, 1);
  EXPECT(ok && ((float *)t[1].data)[0] == 1 && fabsf(((float *)t[1].data)[1] - 3.142857f) < 1e-6f,
         "resize of the specification");
  release(t, 2);
  for (int round = 0; round < 60; round++) { // every type by nearest
    int32_t dims[] = {2, (int32_t)between(1, 5), (int32_t)between(1, 4)},
            y_dims[] = {2, (int32_t)between(1, 9), dims[2]};
    dlc_resize_params q = {.coordinate = DLC_COORD_ASYMMETRIC,
                           .nearest = DLC_NEAREST_FLOOR,
                           .scales = {1, (float)y_dims[1] / (float)dims[1], 1}};
    uint8_t type = any_type();
    dlc_tensor s[2] = {make(type, 3, dims, (int)between(0, 1)), make(type, 3, y_dims, (int)between(0, 1))};
    bool same = runs(&dlc_resize_kernel, s, 2, &q, 1);
    int64_t n = dlc_elements(&s[1]), at[8];
    for (int64_t i = 0; i < n && same; i++) {
      index_of(&s[1], i, at);
      const char *y = place(&s[1], at);
      at[1] = at[1] * dims[1] / y_dims[1];
      same = !memcmp(y, place(&s[0], at), dlc_type_size(type));
    }
    EXPECT(same, "nearest resize of any type");
    release(s, 2);
  }
}
