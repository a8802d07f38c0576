// Numbers of output channels as plans hold them: biases in i32 or i16, scales in f32 or bf16, one for each channel or
// one for all. Tiles read i32 and f32, one for each column.
#ifndef DLC_QGEMM_CHANNELS_H
#define DLC_QGEMM_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "dlc_kernel.h"

typedef struct dlc_qchannels {
  const void *data; // NULL: none
  int64_t first;    // where the channels in question begin
  uint8_t type;
  bool shared; // one for all
} dlc_qchannels;

static inline dlc_qchannels dlc_qchannels_of(const dlc_tensor *t) {
  return (dlc_qchannels){.data = t->data, .type = t->type, .shared = t->rank == 1 && t->dims[0] == 1};
}

// The biases, or scales, of `count` channels from `begin` on.
void dlc_qbiases(const dlc_qchannels *list, int64_t begin, int64_t count, int32_t *to);
void dlc_qscales(const dlc_qchannels *list, int64_t begin, int64_t count, float *to);

// Whether t holds biases, or scales, of n channels.
bool dlc_is_qbiases(const dlc_tensor *t, int64_t n);
bool dlc_is_qscales(const dlc_tensor *t, int64_t n);

#endif
