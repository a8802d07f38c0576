#include "qgemm/channels.h"

#include <string.h>

#include "qgemm/check.h"
#include "types.h"

static int32_t bias_of(const dlc_qchannels *list, int64_t i) {
  return list->type == DLC_I32 ? ((const int32_t *)list->data)[i] : ((const int16_t *)list->data)[i];
}

static float scale_of(const dlc_qchannels *list, int64_t i) {
  return list->type == DLC_F32 ? ((const float *)list->data)[i] : dlc_bf16_to_f32(((const uint16_t *)list->data)[i]);
}

void dlc_qbiases(const dlc_qchannels *list, int64_t begin, int64_t count, int32_t *to) {
  const int64_t first = list->first + begin;
  if (list->shared) {
    const int32_t bias = bias_of(list, 0);
    for (int64_t i = 0; i < count; i++) to[i] = bias;
  } else if (list->type == DLC_I32) {
    memcpy(to, (const int32_t *)list->data + first, (size_t)count * sizeof *to);
  } else {
    for (int64_t i = 0; i < count; i++) to[i] = ((const int16_t *)list->data)[first + i];
  }
}

void dlc_qscales(const dlc_qchannels *list, int64_t begin, int64_t count, float *to) {
  const int64_t first = list->first + begin;
  if (list->shared) {
    const float scale = scale_of(list, 0);
    for (int64_t i = 0; i < count; i++) to[i] = scale;
  } else if (list->type == DLC_F32) {
    memcpy(to, (const float *)list->data + first, (size_t)count * sizeof *to);
  } else {
    const uint16_t *from = (const uint16_t *)list->data + first;
    for (int64_t i = 0; i < count; i++) to[i] = dlc_bf16_to_f32(from[i]);
  }
}

static bool is_channels(const dlc_tensor *t, uint8_t wide, uint8_t narrow, int64_t n) {
  return t->rank == 1 && (dlc_is_vector_q(t, t->type, n) || dlc_is_vector_q(t, t->type, 1)) &&
         (t->type == wide || t->type == narrow);
}

bool dlc_is_qbiases(const dlc_tensor *t, int64_t n) { return is_channels(t, DLC_I32, DLC_I16, n); }
bool dlc_is_qscales(const dlc_tensor *t, int64_t n) { return is_channels(t, DLC_F32, DLC_BF16, n); }
