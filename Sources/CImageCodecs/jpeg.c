#include "image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

// A progressive file of a few bytes a scan costs a pass over the image each: real files have about ten.
enum { MOST_SCANS = 200 };

// What libjpeg's callbacks share; the first member is what they are given.
typedef struct reader {
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf back;
  image_message message;
  int status;
  uint8_t *line; // a row of four channels
} reader;

static void fail(j_common_ptr state) {
  reader *r = (reader *)state->err;
  char text[JMSG_LENGTH_MAX];
  r->errors.format_message(state, text);
  image_say(r->message, text);
  r->status = state->err->msg_code == JERR_OUT_OF_MEMORY ? DLC_IMAGE_MEMORY : DLC_IMAGE_DAMAGED;
  longjmp(r->back, 1);
}

// libjpeg goes on after damage and fills the rest with gray; for us such a file is damaged.
static void warn(j_common_ptr state, int level) {
  if (level >= 0) return;
  switch (state->err->msg_code) {
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_JPEG_EOF:
  case JWRN_MUST_RESYNC:
  case JWRN_ARITH_BAD_CODE: fail(state);
  default: break;
  }
}

static void no_output(j_common_ptr state) { (void)state; }

static void watch(j_common_ptr state) {
  j_decompress_ptr jpeg = (j_decompress_ptr)state;
  if (jpeg->input_scan_number <= MOST_SCANS) return;
  reader *r = (reader *)state->err;
  image_say(r->message, "has more scans than any honest file");
  r->status = DLC_IMAGE_DAMAGED;
  longjmp(r->back, 1);
}

// Four channels of cyan, magenta, yellow and black to red, green and blue. Adobe's files hold them inverted.
static void to_red_green_blue(const uint8_t *from, uint32_t width, int inverted, uint8_t *to) {
  for (uint32_t x = 0; x < width; x++, from += 4, to += 3) {
    int black = inverted ? from[3] : 255 - from[3];
    for (int c = 0; c < 3; c++) to[c] = (uint8_t)(((inverted ? from[c] : 255 - from[c]) * black + 127) / 255);
  }
}

static void decode(struct jpeg_decompress_struct *jpeg, reader *r, const uint8_t *bytes, size_t count,
                   uint64_t max_pixels, dlc_image *image) {
  if (setjmp(r->back)) return;
  jpeg_create_decompress(jpeg);
  jpeg->mem->max_memory_to_use = DLC_IMAGE_LIBRARY_BYTES;
  jpeg->progress = &r->progress;
  jpeg_mem_src(jpeg, bytes, (unsigned long)count);
  jpeg_read_header(jpeg, TRUE);
  image->height = jpeg->image_height;
  image->width = jpeg->image_width;
  int four = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
  int gray = jpeg->jpeg_color_space == JCS_GRAYSCALE;
  image->channels = gray ? 1 : 3;
  jpeg->out_color_space = four ? JCS_CMYK : gray ? JCS_GRAYSCALE : JCS_RGB;
  // The default of most readers; what networks were trained on.
  jpeg->dct_method = JDCT_ISLOW;
  r->status = image_allocate(image, max_pixels, r->message);
  if (r->status != DLC_IMAGE_OK) return;
  if (four && !(r->line = malloc((size_t)image->width * 4))) {
    image_say(r->message, "needs more memory than there is");
    r->status = DLC_IMAGE_MEMORY;
    return;
  }
  jpeg_start_decompress(jpeg);
  size_t row_bytes = (size_t)image->width * image->channels;
  while (jpeg->output_scanline < jpeg->output_height) {
    uint8_t *row = image->pixels + jpeg->output_scanline * row_bytes;
    uint8_t *target = four ? r->line : row;
    jpeg_read_scanlines(jpeg, &target, 1);
    if (four) to_red_green_blue(r->line, image->width, jpeg->saw_Adobe_marker, row);
  }
  jpeg_finish_decompress(jpeg);
}

int image_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t max_pixels, dlc_image *image,
                      image_message message) {
  reader r = {.message = message, .status = DLC_IMAGE_DAMAGED};
  struct jpeg_decompress_struct jpeg = {0};
  jpeg.err = jpeg_std_error(&r.errors);
  r.errors.error_exit = fail;
  r.errors.emit_message = warn;
  r.errors.output_message = no_output;
  r.progress.progress_monitor = watch;
  decode(&jpeg, &r, bytes, count, max_pixels, image);
  jpeg_destroy_decompress(&jpeg);
  free(r.line);
  return r.status;
}
