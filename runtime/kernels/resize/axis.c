// Coordinates and weights as in ONNX Resize, operator set 19.
#include "resize/axis.h"

#include <math.h>

// The scale as it was meant: plans keep 32-bit scales, and 7/3 in 32 bits would move coordinates across a half.
static double scale_of(const dlc_resize_params *p, int i, int64_t x_length, int64_t y_length) {
  double exact = (double)y_length / (double)x_length;
  return p->scales[i] == (float)exact ? exact : (double)p->scales[i];
}

// Half the width of the filter, in inputs.
static double reach_of(const dlc_resize_params *p, double scale) {
  double radius = p->mode == DLC_RESIZE_CUBIC ? 2 : 1;
  return p->antialias && scale < 1 ? radius / scale : radius;
}

int64_t dlc_resize_most_taps(const dlc_resize_params *p, int i, int64_t x_length, int64_t y_length) {
  if (p->mode == DLC_RESIZE_NEAREST) return 0;
  double taps = 2 * ceil(reach_of(p, scale_of(p, i, x_length, y_length))) + 1;
  return taps < (double)x_length ? (int64_t)taps : x_length;
}

bool dlc_resize_is_identity(const dlc_resize_params *p, int i, int64_t x_length, int64_t y_length) {
  if (x_length != y_length || p->scales[i] != 1.0f) return false;
  return p->coordinate != DLC_COORD_TF_CROP || (p->roi_begin[i] == 0.0f && p->roi_end[i] == 1.0f);
}

static double coordinate_of(const dlc_resize_params *p, int i, double scale, double n, double y_length, double y) {
  double width = scale * n;
  switch (p->coordinate) {
  case DLC_COORD_ALIGN_CORNERS: return y_length == 1 ? 0 : y * (n - 1) / (width - 1);
  case DLC_COORD_ASYMMETRIC: return y / scale;
  case DLC_COORD_PYTORCH_HALF_PIXEL: return y_length == 1 ? 0 : (y + 0.5) / scale - 0.5;
  case DLC_COORD_HALF_PIXEL_SYMMETRIC: return n / 2 * (1 - y_length / width) + (y + 0.5) / scale - 0.5;
  case DLC_COORD_TF_CROP: {
    double begin = p->roi_begin[i], crop = (double)p->roi_end[i] - begin;
    return begin * (n - 1) + (y_length == 1 ? crop * (n - 1) / 2 : y * crop * (n - 1) / (width - 1));
  }
  default: return (y + 0.5) / scale - 0.5;
  }
}

static int64_t nearest_of(const dlc_resize_params *p, double x) {
  int64_t below = (int64_t)floor(x);
  double ratio = x - (double)below;
  if (ratio == 0) return below;
  switch (p->nearest) {
  case DLC_NEAREST_ROUND_PREFER_CEIL: return below + (ratio >= 0.5);
  case DLC_NEAREST_FLOOR: return below;
  case DLC_NEAREST_CEIL: return below + 1;
  default: return below + (ratio > 0.5);
  }
}

// The filter at distance d: a triangle, or Keys' cubic convolution kernel (1981) with parameter a.
static double filter_at(const dlc_resize_params *p, double d) {
  d = fabs(d);
  if (p->mode == DLC_RESIZE_LINEAR) return d < 1 ? 1 - d : 0;
  double a = p->cubic_a;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

void dlc_resize_fill_axis(const dlc_resize_params *p, int i, int64_t x_length, int64_t y_length, int64_t most,
                          dlc_resize_taps *taps, float *weights) {
  double scale = scale_of(p, i, x_length, y_length), reach = reach_of(p, scale);
  double squeeze = p->antialias && scale < 1 ? scale : 1;
  // Further out every neighbour is the edge; it also keeps odd parameters within the range of integers.
  double low = -reach - 4, high = (double)x_length + reach + 4;
  for (int64_t y = 0; y < y_length; y++) {
    double x = coordinate_of(p, i, scale, (double)x_length, (double)y_length, (double)y);
    if (p->coordinate == DLC_COORD_TF_CROP && !(x >= 0 && x <= (double)(x_length - 1))) {
      taps[y] = (dlc_resize_taps){0, 0};
      continue;
    }
    if (!(x > low)) x = low;
    if (!(x < high)) x = high;
    if (p->mode == DLC_RESIZE_NEAREST) {
      taps[y] = (dlc_resize_taps){(int32_t)clamp(nearest_of(p, x), x_length), 1};
      continue;
    }
    // Neighbours beyond an edge are the edge's value, or do not count.
    int64_t first = (int64_t)floor(x - reach) + 1, last = (int64_t)ceil(x + reach) - 1;
    int64_t start = clamp(first, x_length), stop = clamp(last, x_length);
    if (stop - start >= most) stop = start + most - 1;
    float *w = weights + y * most;
    double inside = 0, left = 0, right = 0;
    for (int64_t k = first; k <= last; k++) {
      double weight = filter_at(p, ((double)k - x) * squeeze);
      if (k < 0)
        left += weight;
      else if (k >= x_length)
        right += weight;
      else if (k <= stop) {
        w[k - start] = (float)weight;
        inside += weight;
      }
    }
    if (p->exclude_outside) left = right = 0;
    // An edge that no inside neighbour touches has no weight of its own yet.
    if (first > x_length - 1 || last < 0) w[0] = 0;
    double total = inside + left + right;
    if (total == 0) {
      taps[y] = (dlc_resize_taps){(int32_t)clamp((int64_t)floor(x), x_length), 1};
      w[0] = 1;
      continue;
    }
    for (int64_t k = 0; k <= stop - start; k++) {
      double weight = w[k];
      if (k == 0 && start == 0) weight += left;
      if (k == stop - start && stop == x_length - 1) weight += right;
      w[k] = (float)(weight / total);
    }
    taps[y] = (dlc_resize_taps){(int32_t)start, (int32_t)(stop - start + 1)};
  }
}
