#include "wire_varint.h"

bool dlc_wire_next_varint(const uint8_t *bytes, uint64_t length, bool tagged, uint64_t *at, uint64_t *value) {
  if (*at >= length) return false;
  if (tagged && read_varint(bytes, length, at, value) != DLC_WIRE_SOUND) return false;
  return read_varint(bytes, length, at, value) == DLC_WIRE_SOUND;
}

dlc_wire_fields dlc_wire_top_fields(const uint8_t *bytes, size_t length) {
  dlc_wire_fields fields = {0, 0};
  uint64_t at = 0, word, value;
  while (at < length) {
    if (read_varint(bytes, length, &at, &word) != DLC_WIRE_SOUND) return fields;
    uint64_t number = word >> 3, wire = word & 7;
    uint64_t size = wire == WIRE_FIXED32 ? 4 : wire == WIRE_FIXED64 ? 8 : 0;
    if (wire == WIRE_VARINT || wire == WIRE_DELIMITED) {
      if (read_varint(bytes, length, &at, &value) != DLC_WIRE_SOUND) return fields;
      if (wire == WIRE_DELIMITED) size = value;
    } else if (size == 0) {
      return fields;
    }
    if (size > length - at) return fields;
    at += size;
    if (number < 64) *(wire == WIRE_DELIMITED ? &fields.delimited : &fields.plain) |= 1ull << number;
  }
  return fields;
}
