#include "image.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

// What libpng's callbacks share. It lives in the caller's frame, so that its values survive the jump.
typedef struct source {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  png_bytep *rows;
  image_message message;
  int status;
} source;

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->count - from->position) png_error(png, "the file ends too early");
  memcpy(target, from->bytes + from->position, count);
  from->position += count;
}

static void fail(png_structp png, png_const_charp text) {
  source *from = png_get_error_ptr(png);
  image_say(from->message, text);
  from->status = DLC_IMAGE_DAMAGED;
  png_longjmp(png, 1);
}

// Ancillary chunks may be odd: what matters is an error.
static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void decode(png_structp png, png_infop info, source *from, uint64_t max_pixels, dlc_image *image) {
  if (setjmp(png_jmpbuf(png))) return;
  png_set_read_fn(png, from, read_bytes);
  png_set_user_limits(png, 1 << 20, 1 << 20);
  png_set_chunk_malloc_max(png, 8 << 20);
  png_set_chunk_cache_max(png, 64);
  // A wrong checksum is damage in ancillary chunks too.
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_read_info(png, info);
  int color = png_get_color_type(png, info);
  png_set_scale_16(png);
  png_set_expand(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image->height = png_get_image_height(png, info);
  image->width = png_get_image_width(png, info);
  image->channels = color & PNG_COLOR_MASK_COLOR ? 3 : 1;
  if (png_get_channels(png, info) != image->channels || png_get_bit_depth(png, info) != 8)
    png_error(png, "an unknown arrangement of channels");
  from->status = image_allocate(image, max_pixels, from->message);
  if (from->status != DLC_IMAGE_OK) return;
  from->rows = malloc(image->height * sizeof *from->rows);
  if (!from->rows) png_error(png, "there is not enough memory");
  size_t row_bytes = (size_t)image->width * image->channels;
  for (uint32_t y = 0; y < image->height; y++) from->rows[y] = image->pixels + y * row_bytes;
  png_read_image(png, from->rows);
  png_read_end(png, NULL);
}

int image_decode_png(const uint8_t *bytes, size_t count, uint64_t max_pixels, dlc_image *image, image_message message) {
  source from = {bytes, count, 0, NULL, message, DLC_IMAGE_MEMORY};
  image_say(message, "needs more memory than there is");
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &from, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (info) decode(png, info, &from, max_pixels, image);
  png_destroy_read_struct(&png, &info, NULL);
  free(from.rows);
  return from.status;
}
