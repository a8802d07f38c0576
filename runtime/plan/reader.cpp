// The FlatBuffers accessors behind a C interface. Fields may be absent in an untrusted plan: an absent vector counts
// zero.
#include "dlc_plan_reader.h"

#include <cstring>

#include "plan_generated.h"

#if FLATBUFFERS_MAX_ALIGNMENT < 64
#error "plans need FLATBUFFERS_MAX_ALIGNMENT=64 in every translation unit"
#endif

using namespace dlc::plan;

namespace {

// FlatBuffers' offsets are 31 bits: its verifier asserts beyond that.
constexpr size_t size_limit = (size_t{1} << 31) - 1;

const Plan &plan_of(const void *data) { return *flatbuffers::GetRoot<Plan>(data); }

template <typename T> uint32_t count(const flatbuffers::Vector<T> *vector) { return vector ? vector->size() : 0; }

dlc_plan_text text(const flatbuffers::String *string) {
  return string ? dlc_plan_text{string->c_str(), string->size()} : dlc_plan_text{"", 0};
}

const Port *port_at(const void *data, bool output, uint32_t index) {
  auto ports = output ? plan_of(data).outputs() : plan_of(data).inputs();
  return index < count(ports) ? ports->Get(index) : nullptr;
}

void read_port(const Port *port, dlc_plan_port *out) {
  *out = dlc_plan_port{};
  if (!port) return;
  out->name = text(port->name());
  out->tensor = port->tensor();
  out->declared_count = count(port->declared());
}

// Whether each port declares at most 8 axes. The generated verifier walks every port's list, and ports of a hostile
// plan may share one: this bound keeps its time linear in the file. What is read here is verified before it is read.
bool few_axes(flatbuffers::Verifier &verifier, const uint8_t *data, flatbuffers::voffset_t field) {
  using List = flatbuffers::Vector<flatbuffers::Offset<Port>>;
  auto start = verifier.VerifyOffset(0);
  if (!start) return false;
  auto plan = reinterpret_cast<const flatbuffers::Table *>(data + start);
  if (!plan->VerifyTableStart(verifier) || !plan->VerifyOffset(verifier, field)) return false;
  auto ports = plan->GetPointer<const List *>(field);
  if (!verifier.VerifyVector(ports)) return false;
  for (uint32_t i = 0; i < count(ports); i++) {
    auto entry = reinterpret_cast<const uint8_t *>(&ports->data()[0]) + i * sizeof(flatbuffers::uoffset_t);
    auto offset = verifier.VerifyOffset(static_cast<size_t>(entry - data));
    if (!offset) return false;
    auto port = reinterpret_cast<const flatbuffers::Table *>(entry + offset);
    if (!port->VerifyTableStart(verifier) || !port->VerifyOffset(verifier, Port::VT_DECLARED)) return false;
    auto axes = port->GetPointer<const flatbuffers::Vector<flatbuffers::uoffset_t> *>(Port::VT_DECLARED);
    if (!verifier.VerifyVector(axes) || count(axes) > 8) return false;
    verifier.EndTable();
  }
  return verifier.EndTable();
}

} // namespace

extern "C" {

dlc_plan_defect dlc_plan_verify(const void *data, size_t size) {
  if (size < 16 || !PlanBufferHasIdentifier(data)) return DLC_PLAN_NOT_A_PLAN;
  if (size >= size_limit) return DLC_PLAN_TOO_LARGE;
  if (reinterpret_cast<uintptr_t>(data) % 64) return DLC_PLAN_MISALIGNED;
  // Every table takes at least 8 bytes, so the bound on tables is the file's size and not a guess.
  auto bytes = static_cast<const uint8_t *>(data);
  auto tables = static_cast<flatbuffers::uoffset_t>(size / 8);
  for (auto field : {Plan::VT_INPUTS, Plan::VT_OUTPUTS}) {
    flatbuffers::Verifier ports(bytes, size, 8, tables);
    if (!few_axes(ports, bytes, field)) return DLC_PLAN_MALFORMED;
  }
  flatbuffers::Verifier verifier(bytes, size, 8, tables);
  if (!VerifyPlanBuffer(verifier)) return DLC_PLAN_MALFORMED;
  const Plan &plan = plan_of(data);
  if (plan.major() != DLC_PLAN_MAJOR) return DLC_PLAN_OTHER_MAJOR;
  auto weights = plan.weights();
  if (!weights) return DLC_PLAN_MALFORMED;
  auto begin = weights->Data();
  if (begin + weights->size() != static_cast<const uint8_t *>(data) + size) return DLC_PLAN_CUT_SHORT;
  // Where no weights lie says nothing.
  if (weights->size() && (reinterpret_cast<uintptr_t>(begin) % 64 || weights->size() % 64)) return DLC_PLAN_MISALIGNED;
  return DLC_PLAN_SOUND;
}

void dlc_plan_read_header(const void *data, dlc_plan_header *header) {
  const Plan &plan = plan_of(data);
  *header = dlc_plan_header{};
  header->name = text(plan.name());
  auto provenance = plan.provenance();
  header->source = text(provenance ? provenance->source() : nullptr);
  header->source_hash = text(provenance ? provenance->source_hash() : nullptr);
  header->options = text(provenance ? provenance->options() : nullptr);
  header->compiler = text(provenance ? provenance->compiler() : nullptr);
  header->weights = plan.weights() ? plan.weights()->Data() : nullptr;
  header->weights_bytes = count(plan.weights());
  header->arena_bytes = plan.arena_bytes();
  header->arena_lower_bound_bytes = plan.arena_lower_bound_bytes();
  header->buffers = count(plan.buffers());
  header->tensors = count(plan.tensors());
  header->steps = count(plan.steps());
  header->inputs = count(plan.inputs());
  header->outputs = count(plan.outputs());
  header->major = plan.major();
  header->minor = plan.minor();
}

void dlc_plan_read_buffer(const void *data, uint32_t index, dlc_plan_buffer *out) {
  *out = dlc_plan_buffer{};
  auto buffers = plan_of(data).buffers();
  if (index >= count(buffers)) return;
  // The verifier does not hold a vector of structs to their alignment.
  Buffer buffer;
  memcpy(&buffer, buffers->Data() + index * sizeof buffer, sizeof buffer);
  *out = dlc_plan_buffer{buffer.offset(), buffer.bytes(), buffer.first(), buffer.last()};
}

void dlc_plan_read_tensor(const void *data, uint32_t index, dlc_plan_tensor *out) {
  *out = dlc_plan_tensor{};
  auto tensors = plan_of(data).tensors();
  if (index >= count(tensors)) return;
  const Tensor &tensor = *tensors->Get(index);
  out->offset = tensor.offset();
  out->dims = tensor.dims() ? reinterpret_cast<const int32_t *>(tensor.dims()->Data()) : nullptr;
  out->rank = count(tensor.dims());
  out->buffer = tensor.buffer();
  out->pitch = tensor.pitch();
  out->type = tensor.type();
}

void dlc_plan_read_quantization(const void *data, uint32_t index, dlc_plan_quantization *out) {
  *out = dlc_plan_quantization{};
  out->axis = -1;
  auto tensors = plan_of(data).tensors();
  auto table = index < count(tensors) ? tensors->Get(index)->quantization() : nullptr;
  if (!table) return;
  out->count = count(table->scale());
  out->zero_count = count(table->zero());
  out->scales = out->count ? reinterpret_cast<const float *>(table->scale()->Data()) : nullptr;
  out->zeros = out->zero_count ? reinterpret_cast<const int32_t *>(table->zero()->Data()) : nullptr;
  out->axis = table->axis();
}

void dlc_plan_read_step(const void *data, uint32_t index, dlc_plan_step *out) {
  *out = dlc_plan_step{};
  auto steps = plan_of(data).steps();
  if (index >= count(steps)) return;
  const Step &step = *steps->Get(index);
  out->name = text(step.name());
  out->operands = step.operands() ? reinterpret_cast<const uint32_t *>(step.operands()->Data()) : nullptr;
  out->operand_count = count(step.operands());
  out->params = step.params() ? step.params()->Data() : nullptr;
  out->params_bytes = count(step.params());
  out->macs = step.macs();
  out->kernel = step.kernel();
}

void dlc_plan_read_input(const void *data, uint32_t index, dlc_plan_port *port) {
  read_port(port_at(data, false, index), port);
}

void dlc_plan_read_output(const void *data, uint32_t index, dlc_plan_port *port) {
  read_port(port_at(data, true, index), port);
}

void dlc_plan_read_contract(const void *data, dlc_plan_contract *out) {
  *out = dlc_plan_contract{};
  out->data = out->data_hash = text(nullptr);
  auto contract = plan_of(data).contract();
  if (!contract) return;
  out->present = true;
  out->data = text(contract->data());
  out->data_hash = text(contract->data_hash());
  out->metrics = count(contract->metrics());
  out->samples = contract->samples();
  auto witness = contract->witness();
  if (!witness) return;
  out->witnessed = true;
  out->seed = witness->seed();
  out->range_count = count(witness->ranges());
  out->expected_count = count(witness->expected());
  out->ranges = out->range_count ? reinterpret_cast<const float *>(witness->ranges()->Data()) : nullptr;
  out->expected = out->expected_count ? reinterpret_cast<const float *>(witness->expected()->Data()) : nullptr;
  out->tolerance = witness->tolerance();
}

void dlc_plan_read_metric(const void *data, uint32_t index, dlc_plan_metric *out) {
  *out = dlc_plan_metric{text(nullptr), 0, 0};
  auto contract = plan_of(data).contract();
  if (!contract || index >= count(contract->metrics())) return;
  const Metric &metric = *contract->metrics()->Get(index);
  *out = dlc_plan_metric{text(metric.name()), metric.value(), metric.tolerance()};
}

dlc_plan_text dlc_plan_preprocessing(const void *data) {
  auto preprocessing = plan_of(data).preprocessing();
  return preprocessing ? text(preprocessing) : dlc_plan_text{nullptr, 0};
}

dlc_plan_text dlc_plan_declared_axis(const void *data, bool output, uint32_t port_index, uint32_t axis) {
  const Port *port = port_at(data, output, port_index);
  if (!port || axis >= count(port->declared())) return text(nullptr);
  return text(port->declared()->Get(axis));
}

} // extern "C"
