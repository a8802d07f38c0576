// Wire types and varints of the protobuf encoding.
#ifndef WIRE_VARINT_H
#define WIRE_VARINT_H

#include "dlc_wire.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_DELIMITED = 2, WIRE_FIXED32 = 5, MAX_VARINT_BYTES = 10 };

// Reads a varint that must end before `end`.
static inline dlc_wire_fault read_varint(const uint8_t *bytes, uint64_t end, uint64_t *at, uint64_t *value) {
  uint64_t v = 0;
  for (int i = 0; i < MAX_VARINT_BYTES; i++) {
    if (*at >= end) return DLC_WIRE_TRUNCATED;
    uint8_t byte = bytes[(*at)++];
    v |= (uint64_t)(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      *value = v;
      return DLC_WIRE_SOUND;
    }
  }
  return DLC_WIRE_LONG_VARINT;
}

#endif
