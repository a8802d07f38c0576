import CDLC
import CDLCKernels
import CDLCPlan
import CDLCPlatform

/// An opened plan: verified, resolved, read-only. Sessions share it.
package final class Program {
  /// Where an operand lies: a buffer and bytes from its start, or the weights.
  struct Place {
    /// Index of the buffer; `DLC_PLAN_NONE`: the weights, or nothing.
    var buffer: UInt32
    var offset: Int
  }

  /// One step, resolved.
  struct Step {
    var kernel: UnsafePointer<dlc_kernel>
    var firstOperand: Int
    var operandCount: UInt32
    var parameters: UnsafePointer<UInt8>?
    var parameterBytes: UInt32
    /// Largest useful number of parts.
    var parts: UInt32
  }

  /// Whose memory a buffer may be. Zero bytes are `inner`.
  enum BufferUse: UInt8 {
    case inner, input, output
  }

  let data: UnsafeRawPointer
  let byteCount: Int
  private let isMapped: Bool
  let header: dlc_plan_header
  /// Steps, all their operands one after another, and where those lie.
  let steps: Table<Step>
  let operands: Table<dlc_tensor>
  let places: Table<Place>
  /// What each buffer serves.
  let bufferUses: Table<BufferUse>
  private let tables: Block
  /// Where its own memory, and by default its sessions', comes from.
  let memory: dlc_memory
  /// Most scratch bytes that a part of a step asks for.
  private(set) var scratchBytes = 0

  /// Maps and verifies the plan in the file at `path`.
  package convenience init(path: UnsafePointer<CChar>) throws(Fault) { try self.init(PlanImage(path: path)) }

  /// Verifies the plan in memory that outlives the program.
  package convenience init(bytes: UnsafeRawPointer, count: Int) throws(Fault) {
    try self.init(PlanImage(bytes: bytes, count: count))
  }

  /// Resolves a verified image and takes it over. Whatever throws before an object is whole has happened in the image:
  /// Embedded Swift 6.3 does not free an object whose initializer throws halfway.
  init(_ image: PlanImage, memory: dlc_memory = dlc_memory()) throws(Fault) {
    self.memory = memory
    data = image.data
    byteCount = image.byteCount
    isMapped = image.isMapped
    header = image.header
    steps = image.steps
    operands = image.operands
    places = image.places
    bufferUses = image.bufferUses
    tables = image.tables
    try resolve()
  }

  deinit { if isMapped { dlc_unmap(data, byteCount) } }

  func noteScratch(_ bytes: Int) { scratchBytes = max(scratchBytes, bytes) }

  package var stepCount: Int { Int(header.steps) }
  package var inputCount: Int { Int(header.inputs) }
  package var outputCount: Int { Int(header.outputs) }

  /// The exact figures of the plan.
  package var info: dlc_info {
    dlc_info(
      plan_bytes: byteCount, weights_bytes: Int(header.weights_bytes), arena_bytes: Int(header.arena_bytes),
      arena_lower_bound_bytes: Int(clamping: header.arena_lower_bound_bytes), scratch_bytes: scratchBytes, macs: macs,
      steps: header.steps, inputs: header.inputs, outputs: header.outputs, name: header.name.bytes,
      source: header.source.bytes, source_hash: header.source_hash.bytes, options: header.options.bytes,
      compiler: header.compiler.bytes)
  }

  private var macs: UInt64 {
    var sum: UInt64 = 0
    for k in 0..<stepCount {
      var step = dlc_plan_step()
      dlc_plan_read_step(data, UInt32(k), &step)
      sum &+= step.macs
    }
    return sum
  }

  /// An input or output; `index` is in range.
  package func port(_ index: Int, isOutput: Bool) -> dlc_port {
    let entry = portEntry(index, isOutput: isOutput)
    var tensor = dlc_plan_tensor()
    dlc_plan_read_tensor(data, entry.tensor, &tensor)
    var port = dlc_port()
    port.name = entry.name.bytes
    port.element = Int32(tensor.type)
    port.rank = Int32(tensor.rank)
    var elements = 1
    withUnsafeMutableBytes(of: &port.dims) { dims in
      for axis in 0..<Int(tensor.rank) {
        let extent = tensor.dims[axis]
        dims.storeBytes(of: extent, toByteOffset: 4 * axis, as: Int32.self)
        elements *= Int(extent)
      }
    }
    port.bytes = elements * dlc_type_size(tensor.type)
    port.quantization = dlc_quantization(of: quantizationEntry(ofTensor: entry.tensor))
    return port
  }

  /// How the elements of entry `index` of the tensor table stand for real numbers.
  private func quantizationEntry(ofTensor index: UInt32) -> dlc_plan_quantization {
    var entry = dlc_plan_quantization()
    dlc_plan_read_quantization(data, index, &entry)
    return entry
  }

  /// As above, of operand `index` of a step; none when it is absent.
  func quantizationEntry(ofOperand index: Int, step: Int) -> dlc_plan_quantization {
    var entry = dlc_plan_step()
    dlc_plan_read_step(data, UInt32(step), &entry)
    return quantizationEntry(ofTensor: entry.operands[index])
  }

  /// Which operands of a step its kernel writes.
  func writtenOperands(ofStep index: Int) -> Range<Int> {
    var entry = dlc_plan_step()
    dlc_plan_read_step(data, UInt32(index), &entry)
    let count = Int(entry.operand_count)
    return count - Int(dlc_kernel_outputs(entry.kernel, entry.operand_count))..<count
  }

  /// The tensor entry of a port: its place.
  func portPlace(_ index: Int, isOutput: Bool) -> Place {
    var tensor = dlc_plan_tensor()
    dlc_plan_read_tensor(data, portEntry(index, isOutput: isOutput).tensor, &tensor)
    return Place(buffer: tensor.buffer, offset: Int(tensor.offset))
  }

  func portEntry(_ index: Int, isOutput: Bool) -> dlc_plan_port {
    var entry = dlc_plan_port()
    dlc_plan_read_port(data, isOutput, UInt32(index), &entry)
    return entry
  }

  /// An axis of a port as the model declares it; empty when the plan does not say.
  package func declaredAxis(_ axis: Int, ofPort index: Int, isOutput: Bool) -> dlc_plan_text {
    dlc_plan_declared_axis(data, isOutput, UInt32(index), UInt32(axis))
  }

  /// A step's name, kernel and work; `index` is in range.
  package func stepInfo(_ index: Int) -> dlc_step_info {
    var step = dlc_plan_step()
    dlc_plan_read_step(data, UInt32(index), &step)
    return dlc_step_info(name: step.name.bytes, kernel: steps[index].kernel.pointee.name, macs: step.macs)
  }

  func buffer(_ index: UInt32) -> dlc_plan_buffer {
    var buffer = dlc_plan_buffer()
    dlc_plan_read_buffer(data, index, &buffer)
    return buffer
  }
}
