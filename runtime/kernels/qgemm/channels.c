#include "qgemm/channels.h"

#include <string.h>

#include "qgemm/check.h"
#include "types.h"

void dlc_qbiases(const dlc_qchannels *list, int64_t begin, int64_t count, int32_t *to) {
  const int64_t first = list->shared ? 0 : list->first + begin, step = list->shared ? 0 : 1;
  if (list->type == DLC_I32 && step) {
    memcpy(to, (const int32_t *)list->data + first, (size_t)count * sizeof *to);
  } else if (list->type == DLC_I32) {
    for (int64_t i = 0; i < count; i++) to[i] = *(const int32_t *)list->data;
  } else {
    const int16_t *from = (const int16_t *)list->data + first;
    for (int64_t i = 0; i < count; i++) to[i] = from[i * step];
  }
}

void dlc_qscales(const dlc_qchannels *list, int64_t begin, int64_t count, float *to) {
  const int64_t first = list->shared ? 0 : list->first + begin, step = list->shared ? 0 : 1;
  if (list->type == DLC_F32 && step) {
    memcpy(to, (const float *)list->data + first, (size_t)count * sizeof *to);
  } else if (list->type == DLC_F32) {
    for (int64_t i = 0; i < count; i++) to[i] = *(const float *)list->data;
  } else {
    const uint16_t *from = (const uint16_t *)list->data + first;
    for (int64_t i = 0; i < count; i++) to[i] = dlc_bf16_to_f32(from[i * step]);
  }
}

static bool is_channels(const dlc_tensor *t, uint8_t wide, uint8_t narrow, int64_t n) {
  return t->rank == 1 && (dlc_is_vector_q(t, t->type, n) || dlc_is_vector_q(t, t->type, 1)) &&
         (t->type == wide || t->type == narrow);
}

bool dlc_is_qbiases(const dlc_tensor *t, int64_t n) { return is_channels(t, DLC_I32, DLC_I16, n); }
bool dlc_is_qscales(const dlc_tensor *t, int64_t n) { return is_channels(t, DLC_F32, DLC_BF16, n); }
