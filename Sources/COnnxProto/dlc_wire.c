#include "dlc_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx.pb-c.h"
#include "wire_varint.h"

enum {
  MAX_FIELDS = 24,       // fields of the largest message of the schema
  LENGTH_BYTES = 5,      // a length in the slim copy, padded so that it can be filled in later
  PRIVATE_FIELD = 60000, // field numbers from here on are ours
};

// A message being read.
typedef struct frame {
  const ProtobufCMessageDescriptor *type;
  const ProtobufCFieldDescriptor *field; // the field being read
  uint64_t end;                          // where the message ends in the file
  size_t length_at;                      // where its length stands in the slim copy
  size_t payload_first;
  uint32_t seen[MAX_FIELDS]; // occurrences of each field so far
} frame;

typedef struct scanner {
  const uint8_t *bytes;
  uint64_t at;
  dlc_wire_scan *result;
  size_t slim_capacity;
  size_t payload_capacity;
  uint64_t fields;
  uint64_t records;
  uint64_t numbers;
  int depth;
  frame frames[DLC_WIRE_MAX_DEPTH];
} scanner;

// A field's tag, taken apart, and where it stands.
typedef struct tag {
  uint64_t offset;
  uint32_t number;
  uint32_t wire;
} tag;

static void write_path(const scanner *s) {
  char *path = s->result->fault_path;
  size_t used = 0;
  for (int i = 0; i <= s->depth && used + 1 < DLC_WIRE_PATH_BYTES; i++) {
    const frame *f = &s->frames[i];
    if (!f->field) break;
    const char *dot = i ? "." : "";
    unsigned index = (unsigned)(f->field - f->type->fields);
    int n = f->field->label == PROTOBUF_C_LABEL_REPEATED
                ? snprintf(path + used, DLC_WIRE_PATH_BYTES - used, "%s%s[%u]", dot, f->field->name,
                           f->seen[index] ? f->seen[index] - 1 : 0)
                : snprintf(path + used, DLC_WIRE_PATH_BYTES - used, "%s%s", dot, f->field->name);
    if (n < 0) break;
    used += (size_t)n;
  }
}

// Notes the fault; always false.
static bool fail(scanner *s, dlc_wire_fault fault, uint64_t offset, uint64_t value) {
  s->result->fault = fault;
  s->result->fault_offset = offset;
  s->result->fault_value = value;
  write_path(s);
  return false;
}

static bool varint(scanner *s, uint64_t end, uint64_t *value) {
  uint64_t start = s->at;
  dlc_wire_fault fault = read_varint(s->bytes, end, &s->at, value);
  return fault == DLC_WIRE_SOUND || fail(s, fault, start, 0);
}

// Grows the slim copy by `count` bytes; NULL when it may not.
static uint8_t *append(scanner *s, uint64_t count) {
  dlc_wire_scan *r = s->result;
  if (count > DLC_WIRE_MAX_SLIM_BYTES - r->slim_length) {
    fail(s, DLC_WIRE_SIZE, s->at, DLC_WIRE_MAX_SLIM_BYTES);
    return NULL;
  }
  size_t needed = r->slim_length + (size_t)count;
  if (needed > s->slim_capacity) {
    size_t capacity = s->slim_capacity * 2 > needed ? s->slim_capacity * 2 : needed + 4096;
    uint8_t *grown = realloc(r->slim, capacity);
    if (!grown) {
      fail(s, DLC_WIRE_MEMORY, s->at, capacity);
      return NULL;
    }
    r->slim = grown;
    s->slim_capacity = capacity;
  }
  uint8_t *place = r->slim + r->slim_length;
  r->slim_length = needed;
  return place;
}

static bool append_varint(scanner *s, uint64_t value) {
  do {
    uint8_t *place = append(s, 1);
    if (!place) return false;
    *place = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
  } while (value);
  return true;
}

static bool append_tag(scanner *s, uint32_t number, uint32_t wire) {
  return append_varint(s, (uint64_t)number << 3 | wire);
}

// Copies file bytes from `start` to where the scanner stands.
static bool append_from(scanner *s, uint64_t start) {
  uint8_t *place = append(s, s->at - start);
  if (!place) return false;
  if (s->at > start) memcpy(place, s->bytes + start, (size_t)(s->at - start));
  return true;
}

static bool count_record(scanner *s, uint64_t offset) {
  return ++s->records <= DLC_WIRE_MAX_RECORDS || fail(s, DLC_WIRE_RECORDS, offset, DLC_WIRE_MAX_RECORDS);
}

static bool count_numbers(scanner *s, uint64_t offset, uint64_t count) {
  s->numbers += count;
  return s->numbers <= DLC_WIRE_MAX_NUMBERS || fail(s, DLC_WIRE_NUMBERS, offset, DLC_WIRE_MAX_NUMBERS);
}

static bool is_text(const uint8_t *p, uint64_t length) {
  for (uint64_t i = 0; i < length;) {
    uint8_t lead = p[i];
    if (lead == 0) return false;
    if (lead < 0x80) {
      i++;
      continue;
    }
    int more = lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
    if (!more || length - i <= (uint64_t)more) return false;
    uint8_t second = p[i + 1];
    // Overlong forms, surrogates and code points beyond 10FFFF (RFC 3629).
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f))
      return false;
    for (int k = 1; k <= more; k++)
      if ((p[i + k] & 0xc0) != 0x80) return false;
    i += (uint64_t)more + 1;
  }
  return true;
}

static uint32_t wire_of(ProtobufCType type) {
  switch (type) {
  case PROTOBUF_C_TYPE_FIXED64:
  case PROTOBUF_C_TYPE_SFIXED64:
  case PROTOBUF_C_TYPE_DOUBLE: return WIRE_FIXED64;
  case PROTOBUF_C_TYPE_FIXED32:
  case PROTOBUF_C_TYPE_SFIXED32:
  case PROTOBUF_C_TYPE_FLOAT: return WIRE_FIXED32;
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_BYTES:
  case PROTOBUF_C_TYPE_MESSAGE: return WIRE_DELIMITED;
  default: return WIRE_VARINT;
  }
}

static bool is_payload(const frame *f) {
  if (f->type != &onnx__tensor_proto__descriptor) return false;
  switch (f->field->id) {
  case 4:
  case 5:
  case 7:
  case 9:
  case 10:
  case 11: return true;
  default: return false;
  }
}

// Counts the elements of packed numbers from the scanner's place to `end`, and goes there.
static bool count_packed(scanner *s, uint32_t wire, uint64_t end, uint64_t *count) {
  uint64_t start = s->at;
  *count = 0;
  if (wire == WIRE_VARINT) {
    uint64_t value;
    while (s->at < end) {
      if (!varint(s, end, &value)) return false;
      ++*count;
    }
    return true;
  }
  uint64_t size = wire == WIRE_FIXED32 ? 4 : 8;
  if ((end - start) % size) return fail(s, DLC_WIRE_PACKED, start, end - start);
  *count = (end - start) / size;
  s->at = end;
  return true;
}

// Records a run of payload that ends where the scanner stands; a tagged element extends the run it follows.
static bool add_payload(scanner *s, const frame *f, uint64_t offset, uint64_t count, uint32_t form) {
  dlc_wire_scan *r = s->result;
  uint32_t field = f->field->id;
  if (form == DLC_WIRE_TAGGED_RUN && r->payload_count > f->payload_first) {
    dlc_wire_payload *last = &r->payloads[r->payload_count - 1];
    if (last->field == field && last->form == form && last->offset + last->length == offset) {
      last->length = s->at - last->offset;
      last->count += count;
      return true;
    }
  }
  if (!count_record(s, offset)) return false;
  if (r->payload_count == s->payload_capacity) {
    size_t capacity = s->payload_capacity ? s->payload_capacity * 2 : 64;
    dlc_wire_payload *grown = realloc(r->payloads, capacity * sizeof *grown);
    if (!grown) return fail(s, DLC_WIRE_MEMORY, offset, capacity);
    r->payloads = grown;
    s->payload_capacity = capacity;
  }
  r->payloads[r->payload_count++] =
      (dlc_wire_payload){.offset = offset, .length = s->at - offset, .count = count, .field = field, .form = form};
  return true;
}

// Moves past a value that has no length before it.
static bool skip_plain(scanner *s, uint32_t wire, uint64_t end, uint64_t offset) {
  uint64_t value;
  if (wire == WIRE_VARINT) return varint(s, end, &value);
  uint64_t size = wire == WIRE_FIXED32 ? 4 : 8;
  if (end - s->at < size) return fail(s, DLC_WIRE_TRUNCATED, offset, 0);
  s->at += size;
  return true;
}

// Reads a length and checks that as many bytes are left in the message.
static bool read_length(scanner *s, uint64_t end, uint64_t *length) {
  uint64_t start = s->at;
  if (!varint(s, end, length)) return false;
  return *length <= end - s->at || fail(s, DLC_WIRE_LENGTH, start, *length);
}

static bool skip_unknown(scanner *s, tag t, uint64_t end) {
  uint64_t length;
  switch (t.wire) {
  case WIRE_VARINT:
  case WIRE_FIXED32:
  case WIRE_FIXED64: return skip_plain(s, t.wire, end, t.offset);
  case WIRE_DELIMITED:
    if (!read_length(s, end, &length)) return false;
    s->at += length;
    return true;
  default: return fail(s, DLC_WIRE_WIRE_TYPE, t.offset, t.wire);
  }
}

// Refuses what protobuf would merge or replace: a second single message, payload, or member of a oneof.
static bool check_single(scanner *s, const frame *f, uint64_t offset) {
  const ProtobufCFieldDescriptor *field = f->field;
  if (field->label == PROTOBUF_C_LABEL_REPEATED) return true;
  if ((field->type == PROTOBUF_C_TYPE_MESSAGE || is_payload(f)) && f->seen[field - f->type->fields] > 1)
    return fail(s, DLC_WIRE_TWICE, offset, 0);
  if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) return true;
  uint32_t members = 0;
  for (unsigned i = 0; i < f->type->n_fields; i++)
    if ((f->type->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
        f->type->fields[i].quantifier_offset == field->quantifier_offset)
      members += f->seen[i];
  return members <= 1 || fail(s, DLC_WIRE_TWICE, offset, 0);
}

static void enter(scanner *s, const ProtobufCMessageDescriptor *type, uint64_t end, size_t length_at) {
  frame *f = &s->frames[s->depth];
  memset(f, 0, sizeof *f);
  f->type = type;
  f->end = end;
  f->length_at = length_at;
  f->payload_first = s->result->payload_count;
}

// Opens the message of `length` bytes at the scanner's place.
static bool open_message(scanner *s, const frame *f, tag t, uint64_t length) {
  if (s->depth + 1 >= DLC_WIRE_MAX_DEPTH) return fail(s, DLC_WIRE_DEPTH, t.offset, DLC_WIRE_MAX_DEPTH);
  if (!count_record(s, t.offset) || !append_tag(s, t.number, t.wire)) return false;
  size_t length_at = s->result->slim_length;
  if (!append(s, LENGTH_BYTES)) return false;
  const ProtobufCMessageDescriptor *type = f->field->descriptor;
  s->depth++;
  enter(s, type, s->at + length, length_at);
  return true;
}

// Fills in the length of the message that ends here.
static bool close_message(scanner *s) {
  frame *f = &s->frames[s->depth];
  dlc_wire_scan *r = s->result;
  f->field = NULL;
  if (f->type == &onnx__tensor_proto__descriptor && r->payload_count > f->payload_first) {
    if (!append_tag(s, PRIVATE_FIELD, WIRE_VARINT) || !append_varint(s, f->payload_first) ||
        !append_tag(s, PRIVATE_FIELD + 1, WIRE_VARINT) || !append_varint(s, r->payload_count - f->payload_first))
      return false;
  }
  if (s->depth > 0) {
    size_t length = r->slim_length - f->length_at - LENGTH_BYTES;
    for (int i = 0; i < LENGTH_BYTES; i++)
      r->slim[f->length_at + (size_t)i] = (uint8_t)((length >> (7 * i) & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0));
  }
  s->depth--;
  return true;
}

// A known field whose value has a length: a message, a string, bytes, or packed numbers.
static bool read_delimited(scanner *s, const frame *f, tag t) {
  uint64_t length, count;
  if (!read_length(s, f->end, &length)) return false;
  uint64_t start = s->at;
  uint32_t natural = wire_of(f->field->type);
  if (f->field->type == PROTOBUF_C_TYPE_MESSAGE) return open_message(s, f, t, length);
  if (natural == WIRE_DELIMITED) {
    if (f->field->type == PROTOBUF_C_TYPE_STRING && !is_text(s->bytes + start, length))
      return fail(s, DLC_WIRE_TEXT, start, 0);
    s->at += length;
    if (is_payload(f)) return add_payload(s, f, start, length, DLC_WIRE_BYTES);
    if (!count_record(s, t.offset)) return false;
  } else {
    if (!count_packed(s, natural, start + length, &count)) return false;
    if (is_payload(f)) return count == 0 || add_payload(s, f, start, count, DLC_WIRE_PACKED_RUN);
    if (!count_numbers(s, t.offset, count)) return false;
  }
  return append_tag(s, t.number, t.wire) && append_varint(s, length) && append_from(s, start);
}

// A known field whose value is one number.
static bool read_number(scanner *s, const frame *f, tag t) {
  uint64_t start = s->at;
  if (!skip_plain(s, t.wire, f->end, t.offset)) return false;
  if (is_payload(f)) return add_payload(s, f, t.offset, 1, DLC_WIRE_TAGGED_RUN);
  if (f->field->label == PROTOBUF_C_LABEL_REPEATED && !count_numbers(s, t.offset, 1)) return false;
  return append_tag(s, t.number, t.wire) && append_from(s, start);
}

static bool read_field(scanner *s, frame *f) {
  tag t = {.offset = s->at};
  uint64_t word;
  f->field = NULL;
  if (!varint(s, f->end, &word)) return false;
  if (word >> 3 == 0 || word >> 3 >= 1u << 29) return fail(s, DLC_WIRE_FIELD_NUMBER, t.offset, word);
  t.number = (uint32_t)(word >> 3);
  t.wire = (uint32_t)(word & 7);
  f->field = t.number < PRIVATE_FIELD ? protobuf_c_message_descriptor_get_field(f->type, t.number) : NULL;
  if (!f->field) return skip_unknown(s, t, f->end);
  size_t index = (size_t)(f->field - f->type->fields);
  if (index >= MAX_FIELDS) abort(); // the schema outgrew this file
  f->seen[index]++;
  // protobuf-c holds about 40 bytes for each field of an open message.
  if (!is_payload(f) && ++s->fields > DLC_WIRE_MAX_FIELDS)
    return fail(s, DLC_WIRE_FIELDS, t.offset, DLC_WIRE_MAX_FIELDS);
  uint32_t natural = wire_of(f->field->type);
  bool packed = t.wire == WIRE_DELIMITED && f->field->label == PROTOBUF_C_LABEL_REPEATED;
  if (t.wire != natural && !packed) return fail(s, DLC_WIRE_WIRE_TYPE, t.offset, t.wire);
  if (!check_single(s, f, t.offset)) return false;
  return t.wire == WIRE_DELIMITED ? read_delimited(s, f, t) : read_number(s, f, t);
}

void dlc_wire_scan_bytes(const uint8_t *bytes, size_t length, dlc_wire_root root, dlc_wire_scan *result) {
  memset(result, 0, sizeof *result);
  scanner *s = calloc(1, sizeof *s);
  if (!s) {
    result->fault = DLC_WIRE_MEMORY;
    return;
  }
  s->bytes = bytes;
  s->result = result;
  enter(s, root == DLC_WIRE_MODEL ? &onnx__model_proto__descriptor : &onnx__tensor_proto__descriptor, length, 0);
  bool sound = true;
  while (sound && s->depth >= 0) {
    frame *f = &s->frames[s->depth];
    sound = s->at < f->end ? read_field(s, f) : close_message(s);
  }
  free(s);
}

void dlc_wire_release(dlc_wire_scan *scan) {
  free(scan->slim);
  free(scan->payloads);
  memset(scan, 0, sizeof *scan);
}
