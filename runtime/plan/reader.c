// Plans in place: FlatBuffers' layout (https://flatbuffers.dev/internals/), walked by the tables made from the schema.
// Fields may be absent in an untrusted plan: an absent vector counts zero.
#include "dlc_plan_reader.h"

#include <string.h>

#include "plan_fields_generated.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "plans are read in place and little-endian");

enum { MOST_AXES = 8 };

// Offsets between tables are 31 bits.
static const size_t size_limit = ((size_t)1 << 31) - 1;

static uint32_t half(const uint8_t *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint32_t word(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

// Bytes that are being verified. Positions count from their start, which lies at a multiple of 64.
typedef struct image {
  const uint8_t *data;
  size_t size;
} image;

static bool fits(const image *plan, uint32_t at, uint64_t bytes, uint32_t alignment) {
  return at % alignment == 0 && bytes <= plan->size && at <= plan->size - bytes;
}

// Follows the offset at a field; 0, where no object can be, when it leads out of the plan.
static uint32_t follow(const image *plan, uint32_t at) {
  if (!fits(plan, at, 4, 4)) return 0;
  uint32_t offset = word(plan->data + at);
  return offset && offset < plan->size && fits(plan, at + offset, 4, 4) ? at + offset : 0;
}

// The count of the vector that a field leads to, whose elements lie in the plan; -1 when they do not.
static int64_t vector_count(const image *plan, uint32_t at, uint32_t element, uint32_t alignment) {
  uint32_t vector = follow(plan, at);
  if (!vector) return -1;
  uint32_t count = word(plan->data + vector);
  return fits(plan, vector + 4, (uint64_t)count * element, count ? alignment : 1) ? (int64_t)count : -1;
}

static bool is_text(const image *plan, uint32_t at) {
  int64_t count = vector_count(plan, at, 1, 1);
  if (count < 0) return false;
  uint32_t end = follow(plan, at) + 4 + (uint32_t)count;
  return fits(plan, end, 1, 1) && plan->data[end] == 0;
}

// Where a table's list of fields stands.
static uint32_t fields_of(const uint8_t *data, uint32_t table) { return table - word(data + table); }

// Where field `index` of a table stands; 0 when it is absent.
static uint32_t field_at(const uint8_t *data, uint32_t table, uint32_t index) {
  uint32_t fields = fields_of(data, table);
  if (4 + 2 * index >= half(data + fields)) return 0;
  uint32_t offset = half(data + fields + 4 + 2 * index);
  return offset ? table + offset : 0;
}

static bool is_table(const image *plan, uint32_t at, uint32_t kind);

// Lists of a hostile plan may share their elements: what is walked for each stays constant (a table has no lists of
// tables below the first level but the contract's, and axes are few), so that the time is linear in the plan.
static bool is_list(const image *plan, uint32_t at, plan_field field) {
  int64_t count = vector_count(plan, at, 4, 4);
  if (count < 0 || (field.kind == FIELD_TEXTS && count > MOST_AXES)) return false;
  uint32_t element = follow(plan, at) + 4;
  for (; count > 0; count--, element += 4)
    if (!(field.kind == FIELD_TEXTS ? is_text(plan, element) : is_table(plan, element, field.of))) return false;
  return true;
}

static bool is_field(const image *plan, uint32_t at, plan_field field) {
  uint32_t bytes = 1u << field.of;
  switch (field.kind) {
  case FIELD_SCALAR: return fits(plan, at, bytes, bytes);
  case FIELD_TEXT: return is_text(plan, at);
  case FIELD_VECTOR: return vector_count(plan, at, bytes, bytes) >= 0;
  case FIELD_STRUCTS: return vector_count(plan, at, field.of, 8) >= 0;
  case FIELD_TABLE: return is_table(plan, at, field.of);
  default: return is_list(plan, at, field);
  }
}

// Whether the offset at `at` leads to a sound table.
static bool is_table(const image *plan, uint32_t at, uint32_t kind) {
  uint32_t table = follow(plan, at);
  if (!table) return false;
  uint32_t fields = fields_of(plan->data, table);
  if (!fits(plan, fields, 4, 2)) return false;
  uint32_t bytes = half(plan->data + fields);
  if (bytes < 4 || bytes % 2 || !fits(plan, fields, bytes, 2)) return false;
  uint32_t first = plan_first_fields[kind];
  for (uint32_t k = first; k < plan_first_fields[kind + 1]; k++) {
    uint32_t position = field_at(plan->data, table, k - first);
    if (position && !is_field(plan, position, plan_fields[k])) return false;
  }
  return true;
}

// What follows reads verified bytes.

static uint32_t root(const void *data) { return word((const uint8_t *)data); }

// The object that field `index` leads to; 0 when it is absent.
static uint32_t object(const uint8_t *data, uint32_t table, uint32_t index) {
  uint32_t at = field_at(data, table, index);
  return at ? at + word(data + at) : 0;
}

// A scalar's bytes; `absent` when the field is.
static uint64_t scalar(const uint8_t *data, uint32_t table, uint32_t index, uint32_t bytes, uint64_t absent) {
  uint32_t at = field_at(data, table, index);
  if (!at) return absent;
  uint64_t value = 0;
  memcpy(&value, data + at, bytes);
  return value;
}

static uint16_t scalar16(const uint8_t *data, uint32_t table, uint32_t index) {
  return (uint16_t)scalar(data, table, index, 2, 0);
}

static uint32_t scalar32(const uint8_t *data, uint32_t table, uint32_t index) {
  return (uint32_t)scalar(data, table, index, 4, 0);
}

static uint64_t scalar64(const uint8_t *data, uint32_t table, uint32_t index) {
  return scalar(data, table, index, 8, 0);
}

static float real32(const uint8_t *data, uint32_t table, uint32_t index) {
  uint32_t bits = scalar32(data, table, index);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double real64(const uint8_t *data, uint32_t table, uint32_t index) {
  uint64_t bits = scalar64(data, table, index);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// A vector's first element, and its count.
static const void *elements(const uint8_t *data, uint32_t table, uint32_t index, uint32_t *count) {
  uint32_t vector = object(data, table, index);
  *count = vector ? word(data + vector) : 0;
  return vector ? data + vector + 4 : NULL;
}

static uint32_t count_of(const uint8_t *data, uint32_t table, uint32_t index) {
  uint32_t count;
  elements(data, table, index, &count);
  return count;
}

static dlc_plan_text text(const uint8_t *data, uint32_t table, uint32_t index) {
  dlc_plan_text text;
  const char *bytes = elements(data, table, index, &text.count);
  text.bytes = bytes ? bytes : "";
  return text;
}

// Table `index` of a list of tables; 0 when there is none.
static uint32_t entry(const uint8_t *data, uint32_t table, uint32_t list, uint32_t index) {
  uint32_t count;
  const uint8_t *first = elements(data, table, list, &count);
  if (index >= count) return 0;
  uint32_t at = (uint32_t)(first - data) + 4 * index;
  return at + word(data + at);
}

dlc_plan_defect dlc_plan_verify(const void *data, size_t size) {
  const image plan = {data, size};
  if (size < 16 || memcmp(plan.data + 4, "DLCP", 4)) return DLC_PLAN_NOT_A_PLAN;
  if (size >= size_limit) return DLC_PLAN_TOO_LARGE;
  if ((uintptr_t)data % 64) return DLC_PLAN_MISALIGNED;
  if (!is_table(&plan, 0, TABLE_Plan)) return DLC_PLAN_MALFORMED;
  if (scalar16(data, root(data), Plan_major) != DLC_PLAN_MAJOR) return DLC_PLAN_OTHER_MAJOR;
  uint32_t count;
  const uint8_t *weights = elements(data, root(data), Plan_weights, &count);
  if (!weights) return DLC_PLAN_MALFORMED;
  if (weights + count != plan.data + size) return DLC_PLAN_CUT_SHORT;
  // Where no weights lie says nothing.
  if (count && ((uintptr_t)weights % 64 || count % 64)) return DLC_PLAN_MISALIGNED;
  return DLC_PLAN_SOUND;
}

void dlc_plan_read_header(const void *data, dlc_plan_header *header) {
  uint32_t plan = root(data), provenance = object(data, plan, Plan_provenance), weights;
  const dlc_plan_text none = {"", 0};
  header->name = text(data, plan, Plan_name);
  header->source = provenance ? text(data, provenance, Provenance_source) : none;
  header->source_hash = provenance ? text(data, provenance, Provenance_source_hash) : none;
  header->options = provenance ? text(data, provenance, Provenance_options) : none;
  header->compiler = provenance ? text(data, provenance, Provenance_compiler) : none;
  header->weights = elements(data, plan, Plan_weights, &weights);
  header->weights_bytes = weights;
  header->arena_bytes = scalar64(data, plan, Plan_arena_bytes);
  header->arena_lower_bound_bytes = scalar64(data, plan, Plan_arena_lower_bound_bytes);
  header->buffers = count_of(data, plan, Plan_buffers);
  header->tensors = count_of(data, plan, Plan_tensors);
  header->steps = count_of(data, plan, Plan_steps);
  header->inputs = count_of(data, plan, Plan_inputs);
  header->outputs = count_of(data, plan, Plan_outputs);
  header->major = scalar16(data, plan, Plan_major);
  header->minor = scalar16(data, plan, Plan_minor);
}

void dlc_plan_read_buffer(const void *data, uint32_t index, dlc_plan_buffer *out) {
  // The struct of the schema, as it lies in the plan.
  _Static_assert(sizeof *out == 24 && offsetof(dlc_plan_buffer, first) == 16, "as in plan.fbs");
  uint32_t count;
  const uint8_t *first = elements(data, root(data), Plan_buffers, &count);
  memset(out, 0, sizeof *out);
  if (index < count) memcpy(out, first + (size_t)index * sizeof *out, sizeof *out);
}

void dlc_plan_read_tensor(const void *data, uint32_t index, dlc_plan_tensor *out) {
  uint32_t tensor = entry(data, root(data), Plan_tensors, index);
  memset(out, 0, sizeof *out);
  if (!tensor) return;
  out->offset = scalar64(data, tensor, Tensor_offset);
  out->dims = elements(data, tensor, Tensor_dims, &out->rank);
  out->buffer = scalar32(data, tensor, Tensor_buffer);
  out->pitch = (int32_t)scalar32(data, tensor, Tensor_pitch);
  out->type = (uint8_t)scalar(data, tensor, Tensor_type, 1, 0);
}

void dlc_plan_read_quantization(const void *data, uint32_t index, dlc_plan_quantization *out) {
  uint32_t tensor = entry(data, root(data), Plan_tensors, index);
  uint32_t table = tensor ? object(data, tensor, Tensor_quantization) : 0;
  memset(out, 0, sizeof *out);
  out->axis = -1;
  if (!table) return;
  out->scales = elements(data, table, Quantization_scale, &out->count);
  out->zeros = elements(data, table, Quantization_zero, &out->zero_count);
  out->scale_count = out->count;
  if (!out->count) out->scales = NULL;
  if (!out->zero_count) out->zeros = NULL;
  out->axis = (int32_t)scalar(data, table, Quantization_axis, 4, UINT32_MAX);
  uint32_t exponents;
  const int8_t *first = elements(data, table, Quantization_exponent, &exponents);
  if (!out->scales || !exponents) return;
  out->exponents = first;
  out->count = exponents;
}

// 2^e for e in -64...63.
static float power_of_two(int e) {
  uint32_t bits = (uint32_t)(e + 127) << 23;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void dlc_plan_expand_scales(const dlc_plan_quantization *q, float *scales) {
  // In two steps: a power of -128 is no f32 by itself.
  for (uint32_t i = 0; i < q->count; i++) {
    const int half = q->exponents[i] >> 1;
    scales[i] = q->scales[0] * power_of_two(half) * power_of_two(q->exponents[i] - half);
  }
}

void dlc_plan_read_step(const void *data, uint32_t index, dlc_plan_step *out) {
  uint32_t step = entry(data, root(data), Plan_steps, index);
  memset(out, 0, sizeof *out);
  if (!step) return;
  out->name = text(data, step, Step_name);
  out->operands = elements(data, step, Step_operands, &out->operand_count);
  out->params = elements(data, step, Step_params, &out->params_bytes);
  out->macs = scalar64(data, step, Step_macs);
  out->kernel = scalar16(data, step, Step_kernel);
}

void dlc_plan_read_port(const void *data, bool output, uint32_t index, dlc_plan_port *out) {
  uint32_t port = entry(data, root(data), output ? Plan_outputs : Plan_inputs, index);
  memset(out, 0, sizeof *out);
  if (!port) return;
  out->name = text(data, port, Port_name);
  out->tensor = scalar32(data, port, Port_tensor);
  out->declared_count = count_of(data, port, Port_declared);
}

void dlc_plan_read_contract(const void *data, dlc_plan_contract *out) {
  uint32_t contract = object(data, root(data), Plan_contract);
  memset(out, 0, sizeof *out);
  out->data.bytes = out->data_hash.bytes = "";
  if (!contract) return;
  out->present = true;
  out->data = text(data, contract, Contract_data);
  out->data_hash = text(data, contract, Contract_data_hash);
  out->metrics = count_of(data, contract, Contract_metrics);
  out->samples = scalar32(data, contract, Contract_samples);
  uint32_t witness = object(data, contract, Contract_witness);
  if (!witness) return;
  out->witnessed = true;
  out->seed = scalar64(data, witness, Witness_seed);
  out->ranges = elements(data, witness, Witness_ranges, &out->range_count);
  out->expected = elements(data, witness, Witness_expected, &out->expected_count);
  out->tolerance = real32(data, witness, Witness_tolerance);
}

void dlc_plan_read_metric(const void *data, uint32_t index, dlc_plan_metric *out) {
  uint32_t contract = object(data, root(data), Plan_contract);
  uint32_t metric = contract ? entry(data, contract, Contract_metrics, index) : 0;
  memset(out, 0, sizeof *out);
  out->name.bytes = "";
  if (!metric) return;
  out->name = text(data, metric, Metric_name);
  out->value = real64(data, metric, Metric_value);
  out->tolerance = real64(data, metric, Metric_tolerance);
}

void dlc_plan_read_certificate(const void *data, dlc_plan_certificate *out) {
  uint32_t certificate = object(data, root(data), Plan_certificate);
  memset(out, 0, sizeof *out);
  if (!certificate) return;
  out->present = true;
  out->macs = scalar64(data, certificate, Certificate_macs);
  out->scratch_bytes = scalar64(data, certificate, Certificate_scratch_bytes);
  out->code_bytes = scalar64(data, certificate, Certificate_code_bytes);
  out->stack_bytes = scalar32(data, certificate, Certificate_stack_bytes);
  out->code_bytes_at = field_at(data, certificate, Certificate_code_bytes);
}

dlc_plan_text dlc_plan_preprocessing(const void *data) {
  dlc_plan_text text;
  text.bytes = elements(data, root(data), Plan_preprocessing, &text.count);
  return text;
}

dlc_plan_text dlc_plan_declared_axis(const void *data, bool output, uint32_t port_index, uint32_t axis) {
  uint32_t port = entry(data, root(data), output ? Plan_outputs : Plan_inputs, port_index), count = 0;
  const uint8_t *first = port ? elements(data, port, Port_declared, &count) : NULL;
  dlc_plan_text text = {"", 0};
  if (axis >= count) return text;
  const uint8_t *string = first + 4 * axis + word(first + 4 * axis);
  text.bytes = (const char *)string + 4;
  text.count = word(string);
  return text;
}
