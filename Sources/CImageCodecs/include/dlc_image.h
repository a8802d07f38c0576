// PNG and JPEG files to rows of bytes, over libpng and libjpeg, whose error handling by longjmp stays inside.
#ifndef DLC_IMAGE_H
#define DLC_IMAGE_H

#include <stddef.h>
#include <stdint.h>

enum {
  DLC_IMAGE_OK = 0,
  DLC_IMAGE_UNKNOWN = 1,   // neither PNG nor JPEG
  DLC_IMAGE_DAMAGED = 2,   // cut short or broken; the message says how
  DLC_IMAGE_TOO_LARGE = 3, // more pixels than allowed
  DLC_IMAGE_MEMORY = 4,
};

enum { DLC_IMAGE_NONE = 0, DLC_IMAGE_PNG = 1, DLC_IMAGE_JPEG = 2 };

// Interleaved bytes without padding between rows: gray (1 channel) or red, green, blue (3). Alpha is dropped, 16-bit
// samples are rounded to 8, palettes looked up. Orientation tags and colour profiles are not applied.
typedef struct dlc_image {
  uint8_t *pixels;
  uint32_t height;
  uint32_t width;
  uint32_t channels;
} dlc_image;

// What the first bytes say the file is.
int dlc_image_kind(const uint8_t *bytes, size_t count);

// Decodes a file of at most `max_pixels` pixels. On success the caller frees `image`; otherwise `message`, of
// `message_size` bytes, ends with zero and says what is wrong in the words of the library.
int dlc_image_decode(const uint8_t *bytes, size_t count, uint64_t max_pixels, dlc_image *image, char *message,
                     size_t message_size);

// Frees the pixels. An image that was not decoded is allowed.
void dlc_image_free(dlc_image *image);

#endif
