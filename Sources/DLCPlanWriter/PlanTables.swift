import CDLCKernels
import CDLCPlanBuilder
import DLCGraph
import DLCTensor

/// The tables of a plan while they grow: tensors, steps, weights.
struct PlanTables {
  struct Port {
    var name: String
    var tensor: UInt32
    var declared: [Dimension]
  }

  /// A tensor entry: equal ones stand once.
  private struct Entry: Hashable {
    var buffer: UInt32
    var offset: Int
    var element: ElementType
    var view: MemoryView
    var quantization: QuantizationParameters?
  }

  private struct StepEntry {
    var name: String
    var kernel: UInt16
    var parameters: [UInt8]
    var operands: [UInt32]
    var macs: Int
  }

  /// What stands for an absent operand, and for the weights as a buffer (`DLC_PLAN_NONE`).
  private static let none = UInt32.max

  private(set) var weights = WeightsTable()
  private var entries: [Entry] = []
  private var indices: [Entry: UInt32] = [:]
  private var steps: [StepEntry] = []
  private let memory: MemoryPlan

  /// What the integers of slots stand for.
  private let quantizations: [Int: QuantizationParameters]

  init(_ memory: MemoryPlan, quantizations: [Int: QuantizationParameters]) {
    self.memory = memory
    self.quantizations = quantizations
  }

  mutating func add(_ step: Schedule.Step) throws(PlanError) {
    var operands: [UInt32] = []
    for operand in step.operands {
      operands.append(
        try operand.slot.map { (slot) throws(PlanError) in try tensor(slot, operand.type, step.name) } ?? Self.none)
    }
    steps.append(
      StepEntry(
        name: step.name, kernel: step.call.kernel, parameters: step.call.parameters, operands: operands,
        macs: step.call.macs))
  }

  /// The tensor of a port: all of its slot, dense.
  mutating func portTensor(_ slot: Int, _ schedule: Schedule) throws(PlanError) -> UInt32 {
    try tensor(slot, schedule.slots.types[slot], "port '\(schedule.slots.names[slot])'")
  }

  private mutating func tensor(_ slot: Int, _ type: TensorType, _ step: String) throws(PlanError) -> UInt32 {
    guard let place = memory.place(slot), let view = place.view.reshaped(to: type.shape) else {
      throw .malformed("'\(step)' has an operand whose memory cannot be seen as \(type)")
    }
    var entry = Entry(
      buffer: Self.none, offset: view.offset * type.element.size, element: type.element, view: view,
      quantization: quantizations[slot].flatMap { $0.seen(as: type) })
    if let buffer = place.buffer { entry.buffer = UInt32(buffer) }
    if let constant = place.constant { entry.offset += weights.add(constant) }
    entry.view.offset = 0
    if let known = indices[entry] { return known }
    let index = UInt32(entries.count)
    entries.append(entry)
    indices[entry] = index
    return index
  }

  /// The bytes of the plan before its weights, which are complete after this.
  mutating func encode(name: String, inputs: [Port], outputs: [Port], options: PlanOptions) throws(PlanError) -> [UInt8]
  {
    weights.fillIfEmpty()
    guard weights.byteCount <= Int(dlc_plan_weights_limit) else {
      throw .weightsTooLarge(bytes: weights.byteCount, limit: Int(dlc_plan_weights_limit))
    }
    guard let builder = dlc_plan_builder_create(UInt64(weights.byteCount)) else {
      throw .tooLarge("no memory for its tables")
    }
    defer { dlc_plan_builder_destroy(builder) }
    for buffer in memory.buffers {
      dlc_plan_builder_add_buffer(
        builder, UInt64(buffer.offset), UInt64(buffer.bytes), UInt32(buffer.steps.lowerBound),
        UInt32(buffer.steps.upperBound))
    }
    for entry in entries {
      let dims = entry.view.shape.dimensions.compactMap { Int32(exactly: $0) }
      guard dims.count == entry.view.shape.rank, dims.count <= 8, let pitch = Int32(exactly: entry.view.pitch) else {
        throw .tooLarge("a tensor \(entry.view.shape) passes 8 axes or 2^31 elements along one")
      }
      if let parameters = entry.quantization {
        dlc_plan_builder_set_quantization(
          builder, parameters.scales, parameters.zeroPoints, parameters.scales.count,
          parameters.axis.flatMap { Int32(exactly: $0) } ?? -1)
      }
      dlc_plan_builder_add_tensor(
        builder, entry.buffer, UInt64(entry.offset), entry.element.rawValue, dims, dims.count,
        entry.view.isDense ? 0 : pitch)
    }
    for step in steps {
      dlc_plan_builder_add_step(
        builder, step.kernel, step.operands, step.operands.count, step.parameters, step.parameters.count, step.name,
        UInt64(step.macs))
    }
    for (ports, isOutput) in [(inputs, false), (outputs, true)] {
      for port in ports {
        for dimension in port.declared { dlc_plan_builder_add_axis(builder, dimension.description) }
        dlc_plan_builder_add_port(builder, isOutput, port.name, port.tensor)
      }
    }
    dlc_plan_builder_set_provenance(builder, options.source, options.sourceHash, options.options, options.compiler)
    if let contract = options.contract { add(contract, to: builder) }
    dlc_plan_builder_set_certificate(builder, UInt64(macs), UInt64(scratchBytes), UInt32(clamping: stackBytes))
    if let preprocessing = options.preprocessing { dlc_plan_builder_set_preprocessing(builder, preprocessing) }
    var count = 0
    guard
      let head = dlc_plan_builder_finish(
        builder, name, UInt64(memory.arenaBytes), UInt64(memory.lowerBoundBytes), &count)
    else {
      throw .tooLarge("its tables pass 128 MiB")
    }
    return [UInt8](UnsafeRawBufferPointer(start: head, count: count))
  }

  /// Multiply-accumulate operations of all steps.
  var macs: Int { steps.reduce(0) { $0 + $1.macs } }

  /// Most scratch memory that a part of a step asks for: what the runtime will ask the same kernels.
  var scratchBytes: Int {
    steps.reduce(0) { most, step in
      guard let scratch = dlc_kernel_row(step.kernel)?.pointee.scratch else { return most }
      let operands = step.operands.map { $0 == Self.none ? dlc_tensor() : described(entries[Int($0)]) }
      return operands.withUnsafeBufferPointer { operands in
        step.parameters.withUnsafeBufferPointer { parameters in
          var call = dlc_call(
            operands: operands.baseAddress, params: parameters.baseAddress, scratch: nil,
            operand_count: UInt32(operands.count), params_bytes: UInt32(parameters.count))
          return max(most, Int(scratch(&call)))
        }
      }
    }
  }

  /// Most stack that a call of the runtime takes: the engine's, and the hungriest kernel's.
  var stackBytes: Int {
    StackUse.engine + steps.reduce(0) { max($0, StackUse.kernel($1.kernel)) }
  }

  /// An entry as kernels see it, without its data: type, extents and pitch.
  private func described(_ entry: Entry) -> dlc_tensor {
    var tensor = dlc_tensor()
    tensor.type = entry.element.rawValue
    tensor.rank = UInt8(clamping: entry.view.shape.rank)
    tensor.pitch = Int32(clamping: entry.view.pitch)
    withUnsafeMutableBytes(of: &tensor.dims) { dims in
      for (axis, extent) in entry.view.shape.dimensions.prefix(8).enumerated() {
        dims.storeBytes(of: Int32(clamping: extent), toByteOffset: 4 * axis, as: Int32.self)
      }
    }
    return tensor
  }

  private func add(_ contract: PlanContract, to builder: OpaquePointer) {
    for metric in contract.metrics { dlc_plan_builder_add_metric(builder, metric.name, metric.value, metric.tolerance) }
    if let witness = contract.witness {
      dlc_plan_builder_set_witness(
        builder, witness.seed, witness.ranges, witness.ranges.count, witness.expected, witness.expected.count,
        witness.tolerance)
    }
    dlc_plan_builder_set_contract(builder, UInt32(clamping: contract.samples), contract.data, contract.dataHash)
  }
}
