#include "dlc_plan_builder.h"

#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <new>
#include <tuple>
#include <vector>

#include "plan_generated.h"

using namespace dlc::plan;

namespace {

// Address space without memory behind it until written: the weights' place in the buffer is never touched, so a plan of
// any size costs the memory of its tables.
class SparseAllocator : public flatbuffers::Allocator {
public:
  uint8_t *allocate(size_t size) override {
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return static_cast<uint8_t *>(memory);
  }
  void deallocate(uint8_t *memory, size_t size) override { munmap(memory, size); }
};

// Tables of more than this are refused; it keeps the builder's buffer from ever growing, which would touch the weights.
constexpr uint64_t tables_limit = (uint64_t{1} << 27) - 4096;

// Orders by length, then by bytes: also NaNs have a place, and 0 and -0 are two.
struct ByBytes {
  template <typename T> bool operator()(const std::vector<T> &a, const std::vector<T> &b) const {
    if (a.size() != b.size()) return a.size() < b.size();
    return !a.empty() && memcmp(a.data(), b.data(), a.size() * sizeof(T)) < 0;
  }
};

// Lists by what they hold: equal ones stand once in the file.
template <typename T> using Lists = std::map<std::vector<T>, flatbuffers::Offset<flatbuffers::Vector<T>>, ByBytes>;

template <typename T>
flatbuffers::Offset<flatbuffers::Vector<T>> list(flatbuffers::FlatBufferBuilder &builder, Lists<T> &known,
                                                 const T *elements, size_t count) {
  auto &offset = known[std::vector<T>(elements, elements + count)];
  if (offset.IsNull()) offset = builder.CreateVector(elements, count);
  return offset;
}

// The powers of two that make `scales` of the first of them; empty when there are none, or nothing would be saved.
std::vector<int8_t> exponents_of(const float *scales, const int32_t *zeros, size_t count) {
  std::vector<int8_t> result;
  if (count < 2 || std::any_of(zeros, zeros + count, [&](int32_t zero) { return zero != zeros[0]; })) return result;
  int base;
  const float fraction = std::frexp(scales[0], &base);
  for (size_t i = 0; i < count; i++) {
    int power;
    // Those that need no rounding on the way.
    if (!std::isnormal(scales[i]) || std::frexp(scales[i], &power) != fraction || std::abs(power - base) > 100)
      return {};
    result.push_back(static_cast<int8_t>(power - base));
  }
  return result;
}

} // namespace

struct dlc_plan_builder {
  SparseAllocator allocator;
  flatbuffers::FlatBufferBuilder builder;
  uint64_t weights_bytes;
  bool full = false;
  flatbuffers::Offset<flatbuffers::Vector<uint8_t>> weights;
  Lists<uint8_t> params;
  Lists<uint32_t> operands;
  Lists<int32_t> integers;
  Lists<float> scales;
  Lists<int8_t> exponents;
  std::map<std::tuple<uint32_t, uint32_t, int32_t, uint32_t>, flatbuffers::Offset<Quantization>> quantizations;
  std::vector<Buffer> buffers;
  std::vector<flatbuffers::Offset<Tensor>> tensors;
  std::vector<flatbuffers::Offset<Step>> steps;
  std::vector<flatbuffers::Offset<Port>> inputs, outputs;
  std::vector<flatbuffers::Offset<flatbuffers::String>> axes;
  flatbuffers::Offset<Provenance> provenance;
  flatbuffers::Offset<Quantization> quantization; // of the tensor added next
  std::vector<flatbuffers::Offset<Metric>> metrics;
  flatbuffers::Offset<Witness> witness;
  flatbuffers::Offset<Contract> contract;
  flatbuffers::Offset<flatbuffers::String> preprocessing;
  flatbuffers::Offset<Certificate> certificate;

  explicit dlc_plan_builder(uint64_t bytes)
      : builder(bytes + tables_limit + 4096, &allocator, false, 64), weights_bytes(bytes) {
    // Objects are laid out from the file's end: what is created first ends the file.
    builder.ForceVectorAlignment(bytes, 1, 64);
    uint8_t *unused;
    weights = builder.CreateUninitializedVector<uint8_t>(bytes, &unused);
    builder.ForceDefaults(false);
  }

  // Whether `bytes` more of tables still fit, with slack for headers and padding.
  bool fits(size_t bytes) {
    if (bytes > tables_limit || builder.GetSize() - weights_bytes + bytes + 4096 > tables_limit) full = true;
    return !full;
  }
};

extern "C" {

dlc_plan_builder *dlc_plan_builder_create(uint64_t weights_bytes) {
  if (weights_bytes % 64 || weights_bytes > dlc_plan_weights_limit) return nullptr;
  try {
    return new dlc_plan_builder(weights_bytes);
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void dlc_plan_builder_destroy(dlc_plan_builder *builder) { delete builder; }

void dlc_plan_builder_add_buffer(dlc_plan_builder *b, uint64_t offset, uint64_t bytes, uint32_t first, uint32_t last) {
  b->buffers.emplace_back(offset, bytes, first, last);
}

void dlc_plan_builder_add_tensor(dlc_plan_builder *b, uint32_t buffer, uint64_t offset, uint8_t type,
                                 const int32_t *dims, size_t rank, int32_t pitch) {
  if (!b->fits(rank * 4)) return;
  auto shape = list(b->builder, b->integers, dims, rank);
  b->tensors.push_back(CreateTensor(b->builder, buffer, offset, type, shape, pitch, b->quantization));
  b->quantization = 0;
}

void dlc_plan_builder_set_quantization(dlc_plan_builder *b, const float *scales, const int32_t *zeros, size_t count,
                                       int32_t axis) {
  if (!b->fits(count * 8)) return;
  const auto powers = exponents_of(scales, zeros, count);
  if (!powers.empty()) count = 1;
  auto scale_list = list(b->builder, b->scales, scales, count);
  // One for each channel costs bytes: zeros alone are left out.
  bool stated = count == 1 || std::any_of(zeros, zeros + count, [](int32_t zero) { return zero != 0; });
  auto zero_list = stated ? list(b->builder, b->integers, zeros, count) : 0;
  auto exponents = powers.empty() ? 0 : list(b->builder, b->exponents, powers.data(), powers.size());
  auto &known = b->quantizations[{scale_list.o, zero_list.o, axis, exponents.o}];
  if (known.IsNull()) known = CreateQuantization(b->builder, scale_list, zero_list, axis, exponents);
  b->quantization = known;
}

void dlc_plan_builder_add_step(dlc_plan_builder *b, uint16_t kernel, const uint32_t *operands, size_t operand_count,
                               const uint8_t *params, size_t params_bytes, const char *name, uint64_t macs) {
  if (!b->fits(operand_count * 4 + params_bytes + strlen(name))) return;
  auto operand_list = list(b->builder, b->operands, operands, operand_count);
  auto params_list = list(b->builder, b->params, params, params_bytes);
  auto text = b->builder.CreateSharedString(name);
  b->steps.push_back(CreateStep(b->builder, kernel, operand_list, params_list, text, macs));
}

void dlc_plan_builder_add_axis(dlc_plan_builder *b, const char *declared) {
  if (b->fits(strlen(declared))) b->axes.push_back(b->builder.CreateSharedString(declared));
}

void dlc_plan_builder_add_port(dlc_plan_builder *b, bool output, const char *name, uint32_t tensor) {
  if (!b->fits(strlen(name) + b->axes.size() * 4)) return;
  auto axes = b->builder.CreateVector(b->axes);
  auto text = b->builder.CreateSharedString(name);
  (output ? b->outputs : b->inputs).push_back(CreatePort(b->builder, text, tensor, axes));
  b->axes.clear();
}

void dlc_plan_builder_set_provenance(dlc_plan_builder *b, const char *source, const char *source_hash,
                                     const char *options, const char *compiler) {
  if (!b->fits(strlen(source) + strlen(source_hash) + strlen(options) + strlen(compiler))) return;
  b->provenance = CreateProvenanceDirect(b->builder, source, source_hash, options, compiler);
}

void dlc_plan_builder_add_metric(dlc_plan_builder *b, const char *name, double value, double tolerance) {
  if (b->fits(strlen(name) + 64)) b->metrics.push_back(CreateMetricDirect(b->builder, name, value, tolerance));
}

void dlc_plan_builder_set_witness(dlc_plan_builder *b, uint64_t seed, const float *ranges, size_t range_count,
                                  const float *expected, size_t expected_count, float tolerance) {
  if (!b->fits((range_count + expected_count) * 4)) return;
  auto range_vector = b->builder.CreateVector(ranges, range_count);
  auto expected_vector = b->builder.CreateVector(expected, expected_count);
  b->witness = CreateWitness(b->builder, seed, range_vector, expected_vector, tolerance);
}

void dlc_plan_builder_set_contract(dlc_plan_builder *b, uint32_t samples, const char *data, const char *data_hash) {
  if (!b->fits(strlen(data) + strlen(data_hash) + b->metrics.size() * 4)) return;
  auto metrics = b->builder.CreateVector(b->metrics);
  auto data_text = b->builder.CreateString(data);
  auto hash_text = b->builder.CreateString(data_hash);
  b->contract = CreateContract(b->builder, metrics, samples, data_text, hash_text, b->witness);
}

void dlc_plan_builder_set_certificate(dlc_plan_builder *b, uint64_t macs, uint64_t scratch_bytes,
                                      uint32_t stack_bytes) {
  if (!b->fits(64)) return;
  // A bundle writes its code bytes into the place that the zero takes.
  b->builder.ForceDefaults(true);
  b->certificate = CreateCertificate(b->builder, macs, scratch_bytes, stack_bytes, 0);
  b->builder.ForceDefaults(false);
}

void dlc_plan_builder_set_preprocessing(dlc_plan_builder *b, const char *text) {
  if (b->fits(strlen(text))) b->preprocessing = b->builder.CreateString(text);
}

const void *dlc_plan_builder_finish(dlc_plan_builder *b, const char *name, uint64_t arena_bytes,
                                    uint64_t arena_lower_bound_bytes, size_t *head_bytes) {
  size_t tables = b->tensors.size() + b->steps.size() + b->inputs.size() + b->outputs.size();
  if (!b->fits(tables * 4 + b->buffers.size() * sizeof(Buffer) + strlen(name))) return nullptr;
  auto &builder = b->builder;
  auto text = builder.CreateString(name);
  auto buffers = builder.CreateVectorOfStructs(b->buffers);
  auto tensors = builder.CreateVector(b->tensors);
  auto steps = builder.CreateVector(b->steps);
  auto inputs = builder.CreateVector(b->inputs);
  auto outputs = builder.CreateVector(b->outputs);
  FinishPlanBuffer(builder, CreatePlan(builder, 1, 3, text, buffers, tensors, steps, inputs, outputs, arena_bytes,
                                       arena_lower_bound_bytes, b->provenance, b->weights, b->contract,
                                       b->preprocessing, b->certificate));
  *head_bytes = builder.GetSize() - b->weights_bytes;
  return builder.GetBufferPointer();
}

bool dlc_plan_flatbuffers_verify(const void *bytes, size_t count) {
  flatbuffers::Verifier verifier(static_cast<const uint8_t *>(bytes), count, 8, UINT32_MAX);
  return VerifyPlanBuffer(verifier);
}

} // extern "C"
