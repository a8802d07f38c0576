// Shared by the readers of both formats.
#ifndef DLC_IMAGE_INTERNAL_H
#define DLC_IMAGE_INTERNAL_H

#include "dlc_image.h"

// Bytes that a library may allocate for one image beyond its pixels.
enum { DLC_IMAGE_LIBRARY_BYTES = 256 << 20 };

// Where a reader puts its message.
typedef struct image_message {
  char *text;
  size_t size;
} image_message;

void image_say(image_message message, const char *text);

// Allocates the pixels of `image`, whose extents and channels are set: a status.
int image_allocate(dlc_image *image, uint64_t max_pixels, image_message message);

int image_decode_png(const uint8_t *bytes, size_t count, uint64_t max_pixels, dlc_image *image, image_message message);
int image_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t max_pixels, dlc_image *image, image_message message);

#endif
