// From the pixels of an image to the values of a network's input: resize, crop or letterbox, channel order,
// normalization. Plain C over libc and libm, the same on the machine that compiles and on the device that runs. Nothing
// is allocated.
#ifndef DLC_PREPROCESS_H
#define DLC_PREPROCESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { DLC_PREPROCESS_MAX_EXTENT = 65535 };

// How the image is scaled before it is cut to the output's size.
enum {
  DLC_RESIZE_NONE = 0,
  DLC_RESIZE_EXACT = 1,     // to resize_height x resize_width
  DLC_RESIZE_SHORTER = 2,   // the shorter side to resize_height, the longer in proportion (rounded down)
  DLC_RESIZE_LETTERBOX = 3, // to fit inside resize_height x resize_width, in proportion (rounded to nearest)
};

// The interpolation.
enum {
  DLC_FILTER_ANTIALIAS = 0, // a triangle as wide as a target pixel when shrinking
  DLC_FILTER_BILINEAR = 1,  // two neighbours each way, whatever the scale
  DLC_FILTER_NEAREST = 2,
};

// What happens where the scaled image and the output differ in size.
enum {
  DLC_FIT_EQUAL = 0,    // they may not differ
  DLC_FIT_CENTER = 1,   // the middle is cut out; what lies outside the image is padded
  DLC_FIT_TOP_LEFT = 2, // cut and padded at the right and the bottom
};

enum {
  DLC_PREPROCESS_OK = 0,
  DLC_PREPROCESS_BAD_PARAMETERS = 1,
  DLC_PREPROCESS_BAD_IMAGE = 2,  // no pixels, too many, or neither 1 nor 3 channels
  DLC_PREPROCESS_BAD_EXTENT = 3, // DLC_FIT_EQUAL and the scaled image has another size than the output
};

// value = (pixel * scale - mean[c]) / deviation[c], pixels in 0...255, c counted in the output's channel order.
typedef struct dlc_preprocess {
  uint32_t resize;
  uint32_t resize_height;
  uint32_t resize_width;
  uint32_t filter;
  uint32_t fit;
  uint32_t height; // of the output
  uint32_t width;
  uint32_t channels;      // of the output: 1 (luma of ITU-R BT.601) or 3
  uint32_t reversed;      // blue first
  uint32_t channels_last; // [height, width, channels] instead of [channels, height, width]
  uint32_t pad;           // the pixel value outside the image, 0...255
  double scale;
  double mean[3];
  double deviation[3];
} dlc_preprocess;

// Whether the parameters can be used with an image of this size: a status above. `scratch` takes the bytes that
// dlc_preprocess_run needs, `size` (height, width) what the image becomes before it is cut or padded; either may be
// NULL.
int dlc_preprocess_check(const dlc_preprocess *parameters, uint32_t height, uint32_t width, uint32_t channels,
                         size_t *scratch, uint32_t size[2]);

// Writes parameters->channels * height * width floats. `pixels` are rows of interleaved gray or red, green, blue bytes,
// `row_bytes` apart; `scratch` is aligned for double and holds what dlc_preprocess_check said.
int dlc_preprocess_run(const dlc_preprocess *parameters, const uint8_t *pixels, uint32_t height, uint32_t width,
                       uint32_t channels, size_t row_bytes, float *output, void *scratch);

#ifdef __cplusplus
}
#endif
#endif
