#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void image_say(image_message message, const char *text) { snprintf(message.text, message.size, "%s", text); }

int image_allocate(dlc_image *image, uint64_t max_pixels, image_message message) {
  uint64_t count = (uint64_t)image->height * image->width;
  if (count == 0) {
    image_say(message, "has no pixels");
    return DLC_IMAGE_DAMAGED;
  }
  if (count > max_pixels || count > SIZE_MAX / 4) {
    snprintf(message.text, message.size, "has %u x %u pixels, more than the %llu that are read", image->width,
             image->height, (unsigned long long)max_pixels);
    return DLC_IMAGE_TOO_LARGE;
  }
  image->pixels = malloc((size_t)count * image->channels);
  if (image->pixels) return DLC_IMAGE_OK;
  image_say(message, "needs more memory than there is");
  return DLC_IMAGE_MEMORY;
}

int dlc_image_kind(const uint8_t *bytes, size_t count) {
  static const uint8_t png[8] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a}, jpeg[3] = {0xff, 0xd8, 0xff};
  if (count >= sizeof png && !memcmp(bytes, png, sizeof png)) return DLC_IMAGE_PNG;
  if (count >= sizeof jpeg && !memcmp(bytes, jpeg, sizeof jpeg)) return DLC_IMAGE_JPEG;
  return DLC_IMAGE_NONE;
}

int dlc_image_decode(const uint8_t *bytes, size_t count, uint64_t max_pixels, dlc_image *image, char *message,
                     size_t message_size) {
  image_message say = {message, message_size};
  *image = (dlc_image){0};
  message[0] = 0;
  int status = DLC_IMAGE_UNKNOWN;
  switch (dlc_image_kind(bytes, count)) {
  case DLC_IMAGE_PNG: status = image_decode_png(bytes, count, max_pixels, image, say); break;
  case DLC_IMAGE_JPEG: status = image_decode_jpeg(bytes, count, max_pixels, image, say); break;
  default: image_say(say, "is neither a PNG nor a JPEG file"); break;
  }
  if (status != DLC_IMAGE_OK) dlc_image_free(image);
  return status;
}

void dlc_image_free(dlc_image *image) {
  free(image->pixels);
  image->pixels = NULL;
}
