import CDLC
import CDLCKernels
import CDLCPlan

/// What an untrusted plan must satisfy before anything in it is used.
extension Program {
  /// Arenas beyond this are refused before memory is asked for: 2^40 bytes.
  private static let arenaLimit: UInt64 = 1 << 40
  /// Scratch of one part of a step: as much, and a quarter of what 32-bit machines can address.
  private static let scratchLimit = Int(clamping: min(UInt64(1) << 40, UInt64(Int.max) / 4))
  /// Elements of one tensor: what kernels compute with in 64 bits.
  private static let elementLimit = Int(clamping: min(UInt64(1) << 47, UInt64(Int.max) / 16))

  static func verifyContainer(_ data: UnsafeRawPointer, _ count: Int) throws(Fault) {
    switch dlc_plan_verify(data, count) {
    case DLC_PLAN_SOUND: return
    case DLC_PLAN_NOT_A_PLAN: throw Fault(DLC_ERROR_PLAN, "this is no plan: the file identifier DLCP is missing")
    case DLC_PLAN_TOO_LARGE: throw Fault(DLC_ERROR_PLAN, "the plan is 2 GiB or larger")
    case DLC_PLAN_OTHER_MAJOR:
      throw Fault(
        DLC_ERROR_VERSION, "the plan was made for another major version of the format; compile the model again")
    case DLC_PLAN_CUT_SHORT: throw Fault(DLC_ERROR_PLAN, "the plan is cut short or has bytes after its end")
    case DLC_PLAN_MISALIGNED:
      throw Fault(DLC_ERROR_PLAN, "the plan or its weights do not lie at a multiple of 64 bytes")
    default: throw Fault(DLC_ERROR_PLAN, "the plan is damaged: its tables do not verify")
    }
  }

  static func verifyLimits(_ header: dlc_plan_header) throws(Fault) {
    guard header.arena_bytes <= min(arenaLimit, UInt64(Int.max)) else {
      throw Fault(DLC_ERROR_PLAN, "the plan asks for an impossible arena")
    }
  }

  /// Operands of all steps. Steps of a hostile plan may share one list; as many as the file has room for are real ones, so
  /// that what opening allocates stays a small multiple of the file.
  static func countOperands(_ data: UnsafeRawPointer, _ count: Int, _ header: dlc_plan_header) throws(Fault) -> Int {
    var total = 0
    for k in 0..<header.steps {
      var step = dlc_plan_step()
      dlc_plan_read_step(data, k, &step)
      total += Int(step.operand_count)
    }
    guard total <= count / 4 else { throw Fault(DLC_ERROR_PLAN, "the plan has too many operands: ").with(total) }
    return total
  }

  /// Resolves and checks buffers, ports and every step.
  func resolve() throws(Fault) {
    for k in 0..<header.buffers {
      let buffer = buffer(k)
      guard buffer.offset % 64 == 0, buffer.bytes <= header.arena_bytes,
        buffer.offset <= header.arena_bytes - buffer.bytes
      else { throw Fault(DLC_ERROR_PLAN, "buffer ").with(Int(k)).with(" leaves the arena") }
    }
    for isOutput in [false, true] {
      for k in 0..<(isOutput ? outputCount : inputCount) { try checkPort(k, isOutput: isOutput) }
    }
    var operand = 0
    for k in 0..<stepCount {
      var entry = dlc_plan_step()
      dlc_plan_read_step(data, UInt32(k), &entry)
      try resolve(entry, step: k, firstOperand: operand)
      operand += Int(entry.operand_count)
    }
  }

  private func checkPort(_ index: Int, isOutput: Bool) throws(Fault) {
    let entry = portEntry(index, isOutput: isOutput)
    func fault(_ reason: StaticString) -> Fault {
      Fault(DLC_ERROR_PLAN, isOutput ? "output " : "input ").with(index).with(reason)
    }
    guard entry.tensor < header.tensors else { throw fault(" names no tensor") }
    guard entry.name.bytes != nil else { throw fault(" has no name") }
    var tensor = dlc_tensor()
    let place = try check(entry.tensor, &tensor, operand: 0, kernel: .max)
    guard place.buffer != UInt32(DLC_PLAN_NONE), place.offset == 0, dlc_row_length(&tensor) == tensor.pitch else {
      throw fault(" is not a buffer of its own")
    }
    let bytes = Int(buffer(place.buffer).bytes)
    guard bytes == Int(dlc_elements(&tensor)) * dlc_type_size(tensor.type) else {
      throw fault(" and its buffer differ in size")
    }
    // Each port's buffer is its own, so that a caller's memory can stand for it.
    guard bufferUses[Int(place.buffer)] == .inner else {
      throw fault(" shares its buffer with another input or output")
    }
    bufferUses[Int(place.buffer)] = isOutput ? .output : .input
  }

  /// Entry `index` of the tensor table, checked: a type that is built for this operand of a kernel, at most 8 axes, inside its
  /// buffer or the weights. `tensor` comes as zeros and gets all but its data.
  private func check(
    _ index: UInt32, _ tensor: UnsafeMutablePointer<dlc_tensor>, operand: Int, kernel: UInt16
  ) throws(Fault) -> Place {
    var entry = dlc_plan_tensor()
    dlc_plan_read_tensor(data, index, &entry)
    func fault(_ reason: StaticString) -> Fault { Fault(DLC_ERROR_PLAN, "tensor ").with(Int(index)).with(reason) }
    let size = dlc_type_size(entry.type)
    guard size > 0 else { throw fault(" has an unknown element type") }
    guard dlc_has_type(entry.type) || Program.isAlwaysRead(entry.type, operand: operand, kernel: kernel) else {
      throw Fault(DLC_ERROR_VERSION, "tensor ").with(Int(index)).with(" has element type ").with(Int(entry.type))
        .with(", which this build lacks")
    }
    guard entry.rank <= UInt32(DLC_MAX_RANK) else { throw fault(" has more than 8 axes") }
    tensor.pointee.type = entry.type
    tensor.pointee.rank = UInt8(entry.rank)
    var rows = 1
    var rowLength = 1
    var product = 1
    for axis in 0..<Int(entry.rank) {
      let extent = Int(entry.dims[axis])
      guard extent >= 0 else { throw fault(" has a negative extent") }
      withUnsafeMutableBytes(of: &tensor.pointee.dims) {
        $0.storeBytes(of: Int32(extent), toByteOffset: 4 * axis, as: Int32.self)
      }
      // Empty axes count as one, so that no product of the others overflows either.
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, next <= Program.elementLimit else { throw fault(" has too many elements") }
      product = next
      if axis + 1 == Int(entry.rank) { rowLength = extent } else { rows *= extent }
    }
    let pitch = entry.pitch == 0 ? rowLength : Int(entry.pitch)
    guard pitch >= rowLength, pitch <= Int(Int32.max) else { throw fault(" has rows longer than their pitch") }
    tensor.pointee.pitch = Int32(pitch)
    let (span, overflow) = pitch.multipliedReportingOverflow(by: max(rows - 1, 0))
    guard !overflow, span <= Program.elementLimit else { throw fault(" reaches too far") }
    let bytes = rows == 0 || rowLength == 0 ? 0 : (span + rowLength) * size
    let place = Place(buffer: entry.buffer, offset: Int(clamping: entry.offset))
    let limit: UInt64
    if entry.buffer == UInt32(DLC_PLAN_NONE) {
      limit = header.weights_bytes
    } else {
      guard entry.buffer < header.buffers else { throw fault(" names no buffer") }
      limit = buffer(entry.buffer).bytes
    }
    guard entry.offset <= limit, UInt64(bytes) <= limit - entry.offset else { throw fault(" leaves its buffer") }
    guard entry.offset % UInt64(size) == 0 else { throw fault(" is not aligned to its elements") }
    var quantization = dlc_plan_quantization()
    dlc_plan_read_quantization(data, index, &quantization)
    guard quantization.zero_count == 0 || quantization.zero_count == quantization.scale_count else {
      throw fault(" has another number of zero points than of scales")
    }
    if quantization.exponents != nil {
      let axis = Int(quantization.axis)
      guard quantization.scale_count == 1, axis >= 0, axis < Int(entry.rank),
        Int(entry.dims[axis]) == Int(quantization.count)
      else { throw fault(" has powers of two that do not fit its scale and axis") }
    }
    return place
  }

  private func resolve(_ entry: dlc_plan_step, step index: Int, firstOperand: Int) throws(Fault) {
    func fault(_ reason: StaticString) -> Fault {
      Fault(DLC_ERROR_PLAN, "step ").with(index).with(" ('").with(entry.name).with("')").with(reason)
    }
    guard let kernel = dlc_kernel_row(entry.kernel) else {
      throw Fault(DLC_ERROR_VERSION, "step ").with(index).with(" ('").with(entry.name).with("') needs kernel ")
        .with(Int(entry.kernel)).with(", which this build lacks")
    }
    guard entry.name.bytes != nil else { throw fault(" has no name") }
    guard entry.params_bytes == kernel.pointee.params_bytes, Int(bitPattern: entry.params) % 4 == 0 else {
      throw fault(" has parameters of another size")
    }
    let count = entry.operand_count
    let outputs = dlc_kernel_outputs(entry.kernel, count)
    guard count >= UInt32(kernel.pointee.min_operands), count <= UInt32(kernel.pointee.max_operands), outputs <= count
    else {
      throw fault(" has a wrong number of operands")
    }
    for k in 0..<Int(count) {
      let tensorIndex = entry.operands[k]
      places[firstOperand + k] = Place(buffer: UInt32(DLC_PLAN_NONE), offset: 0)
      guard tensorIndex != UInt32(DLC_PLAN_NONE) else { continue }
      guard tensorIndex < header.tensors else { throw fault(" names no tensor") }
      let tensor = operands.base + firstOperand + k
      let place = try check(tensorIndex, tensor, operand: k, kernel: entry.kernel)
      if place.buffer == UInt32(DLC_PLAN_NONE) {
        tensor.pointee.data = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(header.weights) + place.offset)
      }
      places[firstOperand + k] = place
    }
    let written = Int(count - outputs)..<Int(count)
    for k in written where operands[firstOperand + k].type != UInt8(DLC_ABSENT.rawValue) {
      guard places[firstOperand + k].buffer != UInt32(DLC_PLAN_NONE),
        bufferUses[Int(places[firstOperand + k].buffer)] != .input
      else {
        throw fault(" writes to weights or to an input")
      }
      for other in 0..<Int(count) where other != k {
        guard mayShare(firstOperand + other, firstOperand + k, kernel: entry.kernel) else {
          throw fault(" writes over what it reads")
        }
      }
    }
    var call = dlc_call(
      operands: operands.base + firstOperand, params: entry.params, scratch: nil, operand_count: count,
      params_bytes: entry.params_bytes)
    let line = kernel.pointee.check(&call)
    guard line != Int32(DLC_NOT_BUILT) else {
      throw Fault(DLC_ERROR_VERSION, "step ").with(index).with(" ('").with(entry.name).with("') needs more of kernel ")
        .with(kernel.pointee.name).with(" than this build has")
    }
    guard line == 0 else {
      throw fault(" does not fit its kernel ").with(kernel.pointee.name).with(", condition ").with(Int(line))
    }
    if let scratch = kernel.pointee.scratch {
      let bytes = scratch(&call)
      guard bytes >= 0, bytes <= Program.scratchLimit else { throw fault(" asks for impossible scratch memory") }
      noteScratch(bytes)
    }
    steps[index] = Step(
      kernel: kernel, firstOperand: firstOperand, operandCount: count, parameters: entry.params,
      parameterBytes: entry.params_bytes, parts: max(1, kernel.pointee.parts.map { $0(&call) } ?? 1))
  }

  /// Whether a read operand may lie where a written one does: apart, in other columns of the same rows, or in exactly the
  /// same place, when it holds no indices (those are checked first and used later).
  private func mayShare(_ read: Int, _ written: Int, kernel: UInt16) -> Bool {
    let (a, b) = (operands.base + read, operands.base + written)
    let (placeA, placeB) = (places[read], places[written])
    guard a.pointee.type != UInt8(DLC_ABSENT.rawValue), placeA.buffer != UInt32(DLC_PLAN_NONE) else { return true }
    let startA = Int(buffer(placeA.buffer).offset) + placeA.offset
    let startB = Int(buffer(placeB.buffer).offset) + placeB.offset
    let (spanA, spanB) = (Program.byteSpan(a), Program.byteSpan(b))
    if startA + spanA <= startB || startB + spanB <= startA { return true }
    let size = dlc_type_size(a.pointee.type)
    let pitch = Int(a.pointee.pitch) * size
    if a.pointee.pitch == b.pointee.pitch, size == dlc_type_size(b.pointee.type), pitch > 0 {
      let distance = ((startB - startA) % pitch + pitch) % pitch
      let (rowA, rowB) = (Int(dlc_row_length(a)) * size, Int(dlc_row_length(b)) * size)
      if distance >= rowA, distance + rowB <= pitch { return true }
    }
    guard startA == startB, spanA == spanB else { return false }
    return !indexes(kernel) || a.pointee.type != UInt8(DLC_I64.rawValue) && a.pointee.type != UInt8(DLC_I32.rawValue)
      || isScatterData(read, written, kernel)
  }

  /// Kernels that read a tensor of indices.
  private func indexes(_ kernel: UInt16) -> Bool {
    switch kernel {
    case UInt16(DLC_KERNEL_gather.rawValue), UInt16(DLC_KERNEL_gather_elements.rawValue),
      UInt16(DLC_KERNEL_gather_nd.rawValue),
      UInt16(DLC_KERNEL_scatter_elements.rawValue), UInt16(DLC_KERNEL_scatter_nd.rawValue),
      UInt16(DLC_KERNEL_one_hot.rawValue),
      UInt16(DLC_KERNEL_reverse_sequence.rawValue):
      true
    default: false
    }
  }

  /// A scatter's data (operand 0 of data, indices, updates, y) may be its result even when it holds integers.
  private func isScatterData(_ read: Int, _ written: Int, _ kernel: UInt16) -> Bool {
    let scatters =
      kernel == UInt16(DLC_KERNEL_scatter_elements.rawValue) || kernel == UInt16(DLC_KERNEL_scatter_nd.rawValue)
    return scatters && written - read == 3
  }

  /// Bytes from a tensor's first element to the end of its last.
  private static func byteSpan(_ tensor: UnsafePointer<dlc_tensor>) -> Int {
    let (rows, row) = (Int(dlc_rows(tensor)), Int(dlc_row_length(tensor)))
    return rows == 0 || row == 0
      ? 0 : ((rows - 1) * Int(tensor.pointee.pitch) + row) * dlc_type_size(tensor.pointee.type)
  }
}
