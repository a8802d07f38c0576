// The wire pre-scan: what an untrusted ONNX file goes through before protobuf-c sees a byte of it.
//
// One pass over the file checks every tag, varint and length against the messages of formats/onnx.proto, bounds
// nesting and counts, and writes a slim copy: the same message without the fields that we do not read and without
// the numeric payloads of tensors. Those stay where they lie; the copy refers to them by index.
#ifndef DLC_WIRE_H
#define DLC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Bounds of the scan, so that a hostile file cannot make a reader's memory many times its own size. A graph of
// 10,000 nodes has about 200,000 records.
enum {
  DLC_WIRE_MAX_DEPTH = 64,            // nested messages; a graph in a graph takes three
  DLC_WIRE_MAX_FIELDS = 8000000,      // known fields other than payloads
  DLC_WIRE_MAX_RECORDS = 1000000,     // messages, strings and payloads
  DLC_WIRE_MAX_NUMBERS = 8000000,     // elements of repeated numbers outside tensor payloads
  DLC_WIRE_MAX_SLIM_BYTES = 67108864, // bytes that are not numeric payload
  DLC_WIRE_PATH_BYTES = 512,
};

// The message that a file holds.
typedef enum dlc_wire_root { DLC_WIRE_MODEL = 0, DLC_WIRE_TENSOR = 1 } dlc_wire_root;

// What is wrong with a file. `value` of the scan says more where noted.
typedef enum dlc_wire_fault {
  DLC_WIRE_SOUND = 0,
  DLC_WIRE_TRUNCATED,    // the file or message ends inside a value
  DLC_WIRE_LONG_VARINT,  // a varint of more than 10 bytes
  DLC_WIRE_LENGTH,       // a length passes the end of its message; value: the length
  DLC_WIRE_FIELD_NUMBER, // a field number of 0 or beyond 2^29; value: the tag
  DLC_WIRE_WIRE_TYPE,    // a wire type that the field cannot have, or a group; value: the wire type
  DLC_WIRE_PACKED,       // packed numbers whose length is no multiple of their size; value: the length
  DLC_WIRE_TWICE,        // a single message or payload that appears twice
  DLC_WIRE_TEXT,         // a string that is not UTF-8 or holds NUL
  DLC_WIRE_DEPTH,        // nesting beyond DLC_WIRE_MAX_DEPTH
  DLC_WIRE_FIELDS,       // more than DLC_WIRE_MAX_FIELDS
  DLC_WIRE_RECORDS,      // more than DLC_WIRE_MAX_RECORDS
  DLC_WIRE_NUMBERS,      // more than DLC_WIRE_MAX_NUMBERS
  DLC_WIRE_SIZE,         // more than DLC_WIRE_MAX_SLIM_BYTES
  DLC_WIRE_MEMORY,       // no memory
} dlc_wire_fault;

// How the elements of a payload are written.
typedef enum dlc_wire_form {
  DLC_WIRE_BYTES = 0,  // raw bytes
  DLC_WIRE_PACKED_RUN, // elements one after another, without tags
  DLC_WIRE_TAGGED_RUN, // each element after its tag
} dlc_wire_form;

// A run of a tensor's numeric payload inside the scanned bytes.
typedef struct dlc_wire_payload {
  uint64_t offset; // bytes from the start of the file
  uint64_t length; // bytes
  uint64_t count;  // elements; bytes for DLC_WIRE_BYTES
  uint32_t field;  // field number in TensorProto: 4 float, 5 int32, 7 int64, 9 raw, 10 double, 11 uint64
  uint32_t form;   // dlc_wire_form
} dlc_wire_payload;

// The result of a scan.
typedef struct dlc_wire_scan {
  uint8_t *slim;
  size_t slim_length;
  dlc_wire_payload *payloads;
  size_t payload_count;
  dlc_wire_fault fault;
  uint64_t fault_offset; // bytes from the start of the file
  uint64_t fault_value;
  char fault_path[DLC_WIRE_PATH_BYTES]; // such as graph.node[17].attribute[2]
} dlc_wire_scan;

// Scans `length` bytes in linear time. Release the result in any case.
void dlc_wire_scan_bytes(const uint8_t *bytes, size_t length, dlc_wire_root root, dlc_wire_scan *result);
void dlc_wire_release(dlc_wire_scan *scan);

// Reads the next element of a checked varint run, at `*at` of `length` bytes; false at its end.
// `tagged` skips a tag before the element.
bool dlc_wire_next_varint(const uint8_t *bytes, uint64_t length, bool tagged, uint64_t *at, uint64_t *value);

// Field numbers below 64 that stand at the top level of a message, as bits: those with a length, and all others.
typedef struct dlc_wire_fields {
  uint64_t delimited;
  uint64_t plain;
} dlc_wire_fields;

// The top-level fields of a message, up to the first malformed one.
dlc_wire_fields dlc_wire_top_fields(const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
