// Random pictures and parameters under the sanitizers, what must hold for all of them, and one checksum for every
// target.
#include "dlc_preprocess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(condition, ...)                                                                                          \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("line %d: ", __LINE__);                                                                                   \
      printf(__VA_ARGS__);                                                                                             \
      printf("\n");                                                                                                    \
      failures++;                                                                                                      \
    }                                                                                                                  \
  } while (0)

static uint32_t state = 1;

static uint32_t below(uint32_t bound) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % bound;
}

static dlc_preprocess plain(void) {
  return (dlc_preprocess){.height = 1, .width = 1, .channels = 3, .scale = 1, .deviation = {1, 1, 1}};
}

// Runs on memory of exactly the sizes that were asked for; NULL when the parameters are refused.
static float *run(const dlc_preprocess *p, const uint8_t *pixels, uint32_t height, uint32_t width, uint32_t channels) {
  size_t scratch_bytes = 0;
  if (dlc_preprocess_check(p, height, width, channels, &scratch_bytes, NULL)) return NULL;
  void *scratch = malloc(scratch_bytes);
  float *output = malloc(sizeof(float) * p->height * p->width * p->channels);
  memset(scratch, 0xa5, scratch_bytes);
  int status = dlc_preprocess_run(p, pixels, height, width, channels, (size_t)width * channels, output, scratch);
  CHECK(status == DLC_PREPROCESS_OK, "run refuses what check allowed: %d", status);
  free(scratch);
  return output;
}

static uint32_t mix(uint32_t sum, const float *values, size_t count) {
  for (size_t k = 0; k < count; k++) {
    uint32_t bits;
    memcpy(&bits, values + k, sizeof bits);
    sum = (sum ^ bits) * 16777619u;
  }
  return sum;
}

static void random_pictures(void) {
  uint32_t sum = 2166136261u;
  for (int round = 0; round < 1500; round++) {
    uint32_t height = 1 + below(40), width = 1 + below(40), channels = below(2) ? 3 : 1;
    dlc_preprocess p = plain();
    p.resize = below(4);
    p.resize_height = 1 + below(40);
    p.resize_width = 1 + below(40);
    p.filter = below(3);
    p.fit = 1 + below(2);
    p.height = 1 + below(40);
    p.width = 1 + below(40);
    p.channels = below(2) ? 3 : 1;
    p.reversed = below(2);
    p.channels_last = below(2);
    p.pad = 77;
    int constant = below(3) == 0;
    size_t count = (size_t)height * width * channels;
    uint8_t *pixels = malloc(count);
    for (size_t k = 0; k < count; k++) pixels[k] = constant ? 77 : (uint8_t)below(256);
    float *output = run(&p, pixels, height, width, channels);
    CHECK(output, "round %d refused", round);
    if (output) {
      size_t values = (size_t)p.height * p.width * p.channels;
      for (size_t k = 0; k < values; k++) {
        CHECK(output[k] >= 0 && output[k] <= 255, "value %g", output[k]);
        CHECK(!constant || output[k] == 77, "a constant picture gives %g", output[k]);
      }
      sum = mix(sum, output, values);
    }
    free(output);
    free(pixels);
  }
  CHECK(sum == 2745939141u, "checksum %uu", sum);
}

static void kept_as_it_is(void) {
  uint8_t pixels[5 * 7 * 3];
  for (size_t k = 0; k < sizeof pixels; k++) pixels[k] = (uint8_t)below(256);
  for (uint32_t resize = 0; resize < 2; resize++) {
    dlc_preprocess p = plain();
    p.resize = resize;
    p.resize_height = p.height = 5;
    p.resize_width = p.width = 7;
    p.channels_last = 1;
    p.scale = 0.5;
    p.mean[1] = 3;
    p.deviation[2] = 4;
    float *output = run(&p, pixels, 5, 7, 3);
    for (size_t k = 0; output && k < sizeof pixels; k++) {
      float wanted = (float)((pixels[k] * 0.5 - (k % 3 == 1 ? 3 : 0)) / (k % 3 == 2 ? 4 : 1));
      CHECK(output[k] == wanted, "value %zu is %g, not %g", k, output[k], wanted);
    }
    free(output);
  }
}

static void refusals(void) {
  uint32_t size[2];
  dlc_preprocess p = plain();
  p.resize = DLC_RESIZE_SHORTER;
  p.resize_height = 10;
  CHECK(dlc_preprocess_check(&p, 20, 31, 3, NULL, size) == DLC_PREPROCESS_BAD_EXTENT, "another extent");
  CHECK(size[0] == 10 && size[1] == 15, "becomes %u x %u", size[0], size[1]);
  p.fit = DLC_FIT_CENTER;
  CHECK(dlc_preprocess_check(&p, 20, 31, 3, NULL, NULL) == DLC_PREPROCESS_OK, "cut");
  // A strip becomes millions of pixels long; only those that are wanted cost anything.
  size_t bytes = 0;
  CHECK(dlc_preprocess_check(&p, 1, 65535, 3, &bytes, NULL) == DLC_PREPROCESS_OK && bytes < 1 << 20, "strip");
  struct {
    uint32_t height, width, channels;
  } pictures[] = {{0, 1, 3}, {1, 0, 3}, {65536, 1, 3}, {1, 65536, 1}, {1, 1, 2}, {1, 1, 0}, {1, 1, 4}};
  for (size_t k = 0; k < sizeof pictures / sizeof *pictures; k++)
    CHECK(dlc_preprocess_check(&p, pictures[k].height, pictures[k].width, pictures[k].channels, NULL, NULL) ==
              DLC_PREPROCESS_BAD_IMAGE,
          "picture %zu", k);
  for (int k = 0; k < 12; k++) {
    dlc_preprocess wrong = p;
    switch (k) {
    case 0: wrong.resize = 4; break;
    case 1: wrong.filter = 3; break;
    case 2: wrong.fit = 3; break;
    case 3: wrong.height = 0; break;
    case 4: wrong.width = 65536; break;
    case 5: wrong.channels = 2; break;
    case 6: wrong.pad = 256; break;
    case 7: wrong.resize_height = 0; break;
    case 8: wrong.resize = DLC_RESIZE_EXACT; break;
    case 9: wrong.deviation[1] = 0; break;
    case 10: wrong.mean[2] = 1.0 / 0.0; break;
    default: wrong.scale = 0.0 / 0.0; break;
    }
    CHECK(dlc_preprocess_check(&wrong, 9, 9, 3, NULL, NULL) == DLC_PREPROCESS_BAD_PARAMETERS, "parameters %d", k);
  }
}

int main(void) {
  random_pictures();
  kept_as_it_is();
  refusals();
  if (failures) return printf("%d failures\n", failures), 1;
  printf("1500 random pictures, 19 refusals\n");
  return 0;
}
