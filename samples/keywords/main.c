// Finds keywords in a stream: keywords PLAN FILE.wav (8 kHz, one channel, 16 bits). One window of a second at a time,
// each a quarter of a second after the last; a word is told when it stays the likeliest for two windows.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dlc.h"

enum { WINDOW = 8000, HOP = 2000, RATE = 8000, LABELS = 6 };

static const char *const labels[LABELS] = {"silence", "other", "yes", "no", "stop", "music"};

static uint32_t little_endian(const unsigned char *bytes, int count) {
  uint32_t value = 0;
  while (count--) value = value << 8 | bytes[count];
  return value;
}

// Leaves the file at its first sample. 0 when the format is the one we know.
static int open_stream(FILE *file) {
  unsigned char head[12], chunk[8], format[16];
  if (fread(head, 1, 12, file) != 12 || memcmp(head, "RIFF", 4) || memcmp(head + 8, "WAVE", 4)) return -1;
  int known = 0;
  while (fread(chunk, 1, 8, file) == 8) {
    uint32_t bytes = little_endian(chunk + 4, 4);
    if (!memcmp(chunk, "data", 4)) return known ? 0 : -1;
    if (!memcmp(chunk, "fmt ", 4) && bytes >= 16) {
      if (fread(format, 1, 16, file) != 16) return -1;
      known = little_endian(format, 2) == 1 && little_endian(format + 2, 2) == 1 &&
              little_endian(format + 4, 4) == RATE && little_endian(format + 14, 2) == 16;
      bytes -= 16;
    }
    // Chunks have an even length.
    if (bytes > INT32_MAX || fseek(file, (long)(bytes + bytes % 2), SEEK_CUR)) return -1;
  }
  return -1;
}

static int listen(dlc_session *session, FILE *file) {
  static float window[WINDOW];
  static unsigned char raw[2 * HOP];
  int before = 0, told = 0;
  if (dlc_session_bind_input(session, 0, window, sizeof window) != DLC_OK) return -1;
  for (long at = HOP; fread(raw, 2, HOP, file) == HOP; at += HOP) {
    memmove(window, window + HOP, (WINDOW - HOP) * sizeof *window);
    for (int k = 0; k < HOP; k++) window[WINDOW - HOP + k] = (float)(int16_t)little_endian(raw + 2 * k, 2) / 32768.0f;
    if (dlc_session_run(session) != DLC_OK) return -1;
    const float *probabilities = dlc_session_output(session, 0);
    int best = 0;
    for (int k = 1; k < LABELS; k++)
      if (probabilities[k] > probabilities[best]) best = k;
    int heard = best >= 2 && probabilities[best] > 0.7f ? best : 0;
    if (heard && heard == before && heard != told) {
      printf("%5.2f s: %s (%.2f)\n", (double)at / RATE, labels[heard], probabilities[heard]);
      told = heard;
    }
    if (!heard) told = 0;
    before = heard;
  }
  return 0;
}

int main(int count, char **arguments) {
  if (count != 3) return fprintf(stderr, "usage: keywords PLAN FILE.wav\n"), 64;
  dlc_program *program = NULL;
  dlc_session *session = NULL;
  FILE *file = fopen(arguments[2], "rb");
  int status = 1;
  if (!file || open_stream(file))
    fprintf(stderr, "%s: expected a WAV file of 8 kHz, one channel, 16 bits\n", arguments[2]);
  else if (dlc_program_open(arguments[1], &program) || dlc_session_create(program, 1, &session) ||
           listen(session, file))
    fprintf(stderr, "%s: %s\n", arguments[1], dlc_last_error());
  else
    status = 0;
  dlc_session_destroy(session);
  dlc_program_close(program);
  if (file) fclose(file);
  return status;
}
