#include "dlc_preprocess.h"

#include <math.h>
#include <string.h>

// Weights are fixed-point numbers of this many bits after the point: 255 * 2^22 stays below 2^30.
enum { WEIGHT_BITS = 22 };

// One direction of the resampling, for the target pixels that reach the output.
typedef struct axis {
  uint32_t source;  // extent of the image
  uint32_t target;  // extent of the whole scaled image
  uint32_t first;   // first target pixel that is wanted
  uint32_t count;   // target pixels wanted
  uint32_t offset;  // where the first of them lies in the output
  uint32_t taps;    // most weights of one target pixel
  uint32_t begin;   // first source pixel that a wanted pixel reads
  uint32_t end;     // one past the last
  uint32_t *starts; // [count] first source pixel of each
  uint32_t *counts; // [count] number of weights of each
  int32_t *weights; // [count][taps]
} axis;

static double filter_width(uint32_t filter, double ratio) {
  return filter == DLC_FILTER_ANTIALIAS && ratio > 1 ? ratio : 1;
}

// Source pixels that target pixel `position` reads: those whose centres the triangle around its own centre covers.
static void reach(const axis *a, uint32_t filter, uint32_t position, uint32_t *start, uint32_t *end) {
  double ratio = (double)a->source / a->target;
  double center = (position + 0.5) * ratio;
  if (filter == DLC_FILTER_NEAREST) {
    *start = (uint32_t)((2 * (uint64_t)position + 1) * a->source / (2 * (uint64_t)a->target));
    *end = *start + 1;
    return;
  }
  double half = filter_width(filter, ratio);
  double low = center - half + 0.5, high = center + half + 0.5;
  *start = low > 0 ? (uint32_t)low : 0;
  *end = high < a->source ? (uint32_t)high : a->source;
  if (*start >= a->source) *start = a->source - 1;
  if (*end <= *start) *end = *start + 1;
}

static void place(axis *a, uint32_t filter, uint32_t fit, uint32_t output) {
  a->first = 0;
  a->offset = 0;
  a->count = a->target < output ? a->target : output;
  if (fit == DLC_FIT_CENTER) {
    uint32_t gap = a->target > output ? a->target - output : output - a->target;
    // An odd surplus is split with half rounded to even, an odd lack with the larger part after the image.
    if (a->target > output)
      a->first = gap / 2 + ((gap & 1) && (gap / 2 & 1));
    else
      a->offset = gap / 2;
  }
  uint32_t ignored;
  reach(a, filter, a->first, &a->begin, &ignored);
  reach(a, filter, a->first + a->count - 1, &ignored, &a->end);
  double ratio = (double)a->source / a->target;
  double half = filter == DLC_FILTER_NEAREST ? 0 : filter_width(filter, ratio);
  double taps = 2 * ceil(half) + 1;
  a->taps = taps < a->source ? (uint32_t)taps : a->source;
}

// Triangle weights, normalized over the pixels inside the image.
static void weigh(axis *a, uint32_t filter) {
  double half = filter_width(filter, (double)a->source / a->target);
  for (uint32_t k = 0; k < a->count; k++) {
    uint32_t start, end;
    reach(a, filter, a->first + k, &start, &end);
    if (end - start > a->taps) end = start + a->taps;
    int32_t *weights = a->weights + (size_t)k * a->taps;
    double center = (a->first + k + 0.5) * ((double)a->source / a->target);
    double total = 0;
    for (uint32_t s = start; s < end; s++) {
      double distance = fabs(s - center + 0.5) / half;
      total += distance < 1 ? 1 - distance : 0;
    }
    uint32_t last = start;
    for (uint32_t s = start; s < end; s++) {
      double distance = fabs(s - center + 0.5) / half;
      double weight = distance < 1 ? 1 - distance : 0;
      if (end - start == 1 || total <= 0) weight = total = 1;
      weights[s - start] = (int32_t)(weight / total * (1 << WEIGHT_BITS) + 0.5);
      if (weights[s - start]) last = s;
    }
    a->starts[k] = start;
    a->counts[k] = last - start + 1;
  }
}

static int plan(const dlc_preprocess *p, uint32_t height, uint32_t width, uint32_t channels, axis *rows, axis *columns,
                uint64_t *bytes, uint32_t size[2]) {
  uint32_t most = DLC_PREPROCESS_MAX_EXTENT;
  if (p->resize > DLC_RESIZE_LETTERBOX || p->filter > DLC_FILTER_NEAREST || p->fit > DLC_FIT_TOP_LEFT || !p->height ||
      !p->width || p->height > most || p->width > most || (p->channels != 1 && p->channels != 3) || p->pad > 255)
    return DLC_PREPROCESS_BAD_PARAMETERS;
  if (p->resize != DLC_RESIZE_NONE && (!p->resize_height || p->resize_height > most))
    return DLC_PREPROCESS_BAD_PARAMETERS;
  if ((p->resize == DLC_RESIZE_EXACT || p->resize == DLC_RESIZE_LETTERBOX) &&
      (!p->resize_width || p->resize_width > most))
    return DLC_PREPROCESS_BAD_PARAMETERS;
  for (uint32_t c = 0; c < p->channels; c++)
    if (!isfinite(p->mean[c]) || !isfinite(p->deviation[c]) || p->deviation[c] == 0)
      return DLC_PREPROCESS_BAD_PARAMETERS;
  if (!isfinite(p->scale)) return DLC_PREPROCESS_BAD_PARAMETERS;
  if (!height || !width || height > most || width > most || (channels != 1 && channels != 3))
    return DLC_PREPROCESS_BAD_IMAGE;

  uint64_t target[2] = {height, width};
  if (p->resize == DLC_RESIZE_EXACT) {
    target[0] = p->resize_height;
    target[1] = p->resize_width;
  } else if (p->resize == DLC_RESIZE_SHORTER) {
    uint64_t shorter = height < width ? height : width;
    target[0] = (uint64_t)height * p->resize_height / shorter;
    target[1] = (uint64_t)width * p->resize_height / shorter;
  } else if (p->resize == DLC_RESIZE_LETTERBOX) {
    double down = (double)p->resize_height / height, across = (double)p->resize_width / width;
    double ratio = down < across ? down : across;
    target[0] = (uint64_t)(height * ratio + 0.5);
    target[1] = (uint64_t)(width * ratio + 0.5);
    for (int k = 0; k < 2; k++)
      if (!target[k]) target[k] = 1;
  }
  if (target[0] > UINT32_MAX || target[1] > UINT32_MAX) return DLC_PREPROCESS_BAD_IMAGE;
  *rows = (axis){.source = height, .target = (uint32_t)target[0]};
  *columns = (axis){.source = width, .target = (uint32_t)target[1]};
  if (size) {
    size[0] = rows->target;
    size[1] = columns->target;
  }
  if (p->fit == DLC_FIT_EQUAL && (target[0] != p->height || target[1] != p->width)) return DLC_PREPROCESS_BAD_EXTENT;
  place(rows, p->filter, p->fit, p->height);
  place(columns, p->filter, p->fit, p->width);

  uint64_t worked = p->channels == 1 ? 1 : channels;
  uint64_t total = 3 * 256 * sizeof(float);
  total += (uint64_t)rows->count * (rows->taps + 2) * 4 + (uint64_t)columns->count * (columns->taps + 2) * 4;
  total += (uint64_t)columns->count * worked * 5;                              // sums and pixels of one row
  total += (uint64_t)(rows->end - rows->begin) * columns->count * worked + 64; // rows scaled across
  total += width;                                                              // one gray row
  if (total > (uint64_t)1 << 31) return DLC_PREPROCESS_BAD_IMAGE;
  *bytes = total;
  return DLC_PREPROCESS_OK;
}

int dlc_preprocess_check(const dlc_preprocess *parameters, uint32_t height, uint32_t width, uint32_t channels,
                         size_t *scratch, uint32_t size[2]) {
  axis rows, columns;
  uint64_t bytes = 0;
  int status = plan(parameters, height, width, channels, &rows, &columns, &bytes, size);
  if (scratch) *scratch = (size_t)bytes;
  return status;
}

static inline uint8_t rounded(int32_t sum) {
  // Weights round one by one, so a sum may pass 255 by less than one.
  int32_t value = (sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
  return value > 255 ? 255 : (uint8_t)value;
}

static void scale_across(const axis *columns, const uint8_t *row, uint32_t channels, uint8_t *target) {
  for (uint32_t x = 0; x < columns->count; x++) {
    const int32_t *weights = columns->weights + (size_t)x * columns->taps;
    uint32_t count = columns->counts[x];
    const uint8_t *from = row + (size_t)columns->starts[x] * channels;
    if (channels == 1) {
      int32_t sum = 0;
      for (uint32_t k = 0; k < count; k++) sum += weights[k] * from[k];
      target[x] = rounded(sum);
    } else {
      int32_t red = 0, green = 0, blue = 0;
      for (uint32_t k = 0; k < count; k++) {
        red += weights[k] * from[3 * k];
        green += weights[k] * from[3 * k + 1];
        blue += weights[k] * from[3 * k + 2];
      }
      target[3 * x] = rounded(red);
      target[3 * x + 1] = rounded(green);
      target[3 * x + 2] = rounded(blue);
    }
  }
}

// One row of pixels to the output: each channel through its table of 256 values.
static void write_row(const dlc_preprocess *p, const float (*tables)[256], const uint8_t *row, uint32_t channels,
                      uint32_t y, uint32_t first, uint32_t count, float *output) {
  size_t plane = (size_t)p->height * p->width;
  for (uint32_t c = 0; c < p->channels; c++) {
    const float *table = tables[c];
    const uint8_t *from = row + (channels == 3 ? (p->reversed ? 2 - c : c) : 0);
    size_t step = p->channels_last ? p->channels : 1;
    float *to = output + (p->channels_last ? ((size_t)y * p->width + first) * p->channels + c
                                           : c * plane + (size_t)y * p->width + first);
    for (uint32_t x = 0; x < count; x++) to[x * step] = table[from[x * channels]];
  }
}

static void pad_row(const dlc_preprocess *p, const float (*tables)[256], uint32_t y, uint32_t first, uint32_t end,
                    float *output) {
  size_t plane = (size_t)p->height * p->width;
  for (uint32_t c = 0; c < p->channels; c++)
    for (uint32_t x = first; x < end; x++)
      output[p->channels_last ? ((size_t)y * p->width + x) * p->channels + c : c * plane + (size_t)y * p->width + x] =
          tables[c][p->pad];
}

int dlc_preprocess_run(const dlc_preprocess *p, const uint8_t *pixels, uint32_t height, uint32_t width,
                       uint32_t channels, size_t row_bytes, float *output, void *scratch) {
  axis rows, columns;
  uint64_t bytes;
  int status = plan(p, height, width, channels, &rows, &columns, &bytes, NULL);
  if (status) return status;

  float(*tables)[256] = scratch;
  for (uint32_t c = 0; c < p->channels; c++)
    for (int v = 0; v < 256; v++) tables[c][v] = (float)((v * p->scale - p->mean[c]) / p->deviation[c]);
  uint32_t *words = (uint32_t *)(tables + 3);
  axis *both[2] = {&rows, &columns};
  for (int k = 0; k < 2; k++) {
    both[k]->starts = words;
    both[k]->counts = words + both[k]->count;
    both[k]->weights = (int32_t *)(words + 2 * (size_t)both[k]->count);
    words += (size_t)both[k]->count * (both[k]->taps + 2);
    weigh(both[k], p->filter);
  }
  uint32_t worked = p->channels == 1 ? 1 : channels;
  size_t row_values = (size_t)columns.count * worked;
  int32_t *sums = (int32_t *)words;
  uint8_t *scaled = (uint8_t *)(sums + row_values);
  uint8_t *finished = scaled + (size_t)(rows.end - rows.begin) * row_values;
  uint8_t *gray = finished + row_values;

  for (uint32_t y = rows.begin; y < rows.end; y++) {
    const uint8_t *row = pixels + y * row_bytes;
    if (channels == 3 && worked == 1) {
      // BT.601 luma in 16-bit fixed point: 0.299, 0.587, 0.114.
      for (uint32_t x = columns.begin; x < columns.end; x++)
        gray[x] = (uint8_t)((row[3 * x] * 19595u + row[3 * x + 1] * 38470u + row[3 * x + 2] * 7471u + 0x8000u) >> 16);
      row = gray;
    }
    scale_across(&columns, row, worked, scaled + (size_t)(y - rows.begin) * row_values);
  }

  uint32_t bottom = rows.offset + rows.count, right = columns.offset + columns.count;
  for (uint32_t y = 0; y < p->height; y++) {
    if (y < rows.offset || y >= bottom) {
      pad_row(p, tables, y, 0, p->width, output);
      continue;
    }
    uint32_t k = y - rows.offset;
    const uint8_t *first = scaled + (size_t)(rows.starts[k] - rows.begin) * row_values;
    const uint8_t *row = first;
    const int32_t *weights = rows.weights + (size_t)k * rows.taps;
    if (rows.counts[k] > 1) {
      memset(sums, 0, row_values * sizeof *sums);
      for (uint32_t t = 0; t < rows.counts[k]; t++)
        for (size_t x = 0; x < row_values; x++) sums[x] += weights[t] * first[t * row_values + x];
      for (size_t x = 0; x < row_values; x++) finished[x] = rounded(sums[x]);
      row = finished;
    }
    write_row(p, tables, row, worked, y, columns.offset, columns.count, output);
    pad_row(p, tables, y, 0, columns.offset, output);
    pad_row(p, tables, y, right, p->width, output);
  }
  return DLC_PREPROCESS_OK;
}
