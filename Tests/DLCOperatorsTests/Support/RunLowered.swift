import CDLCKernels
import DLCGraph
import DLCTensor
import Testing

/// How `runLowered` lays out memory.
enum MemoryLayoutChoice: CaseIterable {
  case dense
  /// Operands that accept a pitch get rows with a gap (filled with 0xFF bytes) between them.
  case pitched
  /// Outputs take the memory of inputs wherever a call allows it.
  case inPlace
}

/// Runs what an operator lowers to through the kernel table in host memory. `constants` names the inputs known at compile time.
func runLowered(
  _ op: any Operator, _ inputs: [Tensor], constants: Set<Int> = [], memory: MemoryLayoutChoice = .dense,
  parts: UInt32 = 2
) throws -> [Tensor] {
  let types = try op.infer(inputs.map(\.type))
  let request = LoweringRequest(
    inputs: inputs.map(\.type), outputs: types,
    constants: inputs.indices.map { constants.contains($0) ? inputs[$0] : nil })
  var stage = LoweredStage(inputs: inputs, outputs: types, memory: memory, parts: parts)
  switch try op.lower(request) {
  case .kernels(let calls, let temporaries):
    stage.temporaries = temporaries.map { [UInt8](repeating: 0xA5, count: $0.byteCount) }
    for call in calls { try stage.run(call) }
  case .alias:
    stage.outputs[0] = inputs[0].withBytes { [UInt8]($0) }
  case .concatenate(_, let copies):
    for call in copies { try stage.run(call) }
  case .slice(_, let copy):
    try stage.run(copy)
  case .undefined(let reason):
    throw OperatorError("\(op.mnemonic) has no lowering: \(reason)")
  }
  return zip(types, stage.outputs).map { type, bytes in
    Tensor(type) { memory in bytes.withUnsafeBytes { memory.copyMemory(from: $0) } }
  }
}

/// Compares the lowered operator with its reference in every memory layout, to a relative and absolute tolerance.
func checkLowered(
  _ op: any Operator, _ inputs: [Tensor], constants: Set<Int> = [], tolerance: Double = 1e-5,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let expected = try op.evaluate(inputs)
  for memory in MemoryLayoutChoice.allCases {
    let found = try runLowered(op, inputs, constants: constants, memory: memory)
    for (k, (x, y)) in zip(found, expected).enumerated() {
      #expect(x.type == y.type, "\(op.mnemonic) output \(k)", sourceLocation: sourceLocation)
      for (i, (a, b)) in zip(x.doubles(), y.doubles()).enumerated() where a != b && !(a.isNaN && b.isNaN) {
        guard abs(a - b) <= tolerance * max(1, abs(b)) else {
          Issue.record(
            "\(op.mnemonic) \(memory) output \(k) element \(i): kernel \(a), reference \(b)",
            sourceLocation: sourceLocation)
          break
        }
      }
    }
  }
}

/// Host memory of one lowered operator.
private struct LoweredStage {
  let inputs: [Tensor]
  var outputs: [[UInt8]]
  var temporaries: [[UInt8]] = []
  let memory: MemoryLayoutChoice
  let parts: UInt32

  init(inputs: [Tensor], outputs: [TensorType], memory: MemoryLayoutChoice, parts: UInt32) {
    self.inputs = inputs
    self.outputs = outputs.map { [UInt8](repeating: 0xA5, count: $0.byteCount) }
    self.memory = memory
    self.parts = parts
  }

  /// One operand's memory during a call.
  private struct Placed {
    var bytes: UnsafeMutableRawBufferPointer
    var row: Int
    var pitch: Int
  }

  private func content(_ source: Operand.Source) -> [UInt8] {
    switch source {
    case .input(let k): inputs[k].withBytes { [UInt8]($0) }
    case .output(let k): outputs[k]
    case .temporary(let k): temporaries[k]
    case .constant(let tensor): tensor.withBytes { [UInt8]($0) }
    case .absent: []
    }
  }

  mutating func run(_ call: KernelCall) throws {
    var placed: [Placed] = []
    var tensors: [dlc_tensor] = []
    defer { for place in placed { place.bytes.deallocate() } }
    for operand in call.operands {
      let content = content(operand.source)
      let size = operand.type.element.size
      let row = operand.type.shape.dimensions.last ?? 1
      let pitch = memory == .pitched && operand.acceptsPitch && operand.type.rank > 0 ? row + 3 : row
      var tensor = dlc_tensor()
      var rows = 0
      if case .absent = operand.source {
      } else {
        guard content.count == operand.type.byteCount else {
          throw OperatorError("operand \(operand.type) views \(content.count) bytes")
        }
        rows = row == 0 ? 0 : operand.type.shape.count / row
        tensor.type = operand.type.element.rawValue
        tensor.rank = UInt8(operand.type.rank)
        tensor.pitch = Int32(pitch)
        withUnsafeMutableBytes(of: &tensor.dims) { bytes in
          for (k, extent) in operand.type.shape.dimensions.enumerated() {
            bytes.storeBytes(of: Int32(extent), toByteOffset: 4 * k, as: Int32.self)
          }
        }
      }
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(rows * pitch * size, 64), alignment: 64)
      bytes.initializeMemory(as: UInt8.self, repeating: 0xFF)
      for r in 0..<rows {
        for k in 0..<row * size { bytes[r * pitch * size + k] = content[r * row * size + k] }
      }
      tensor.data = rows == 0 && content.isEmpty && operand.type.rank == 0 ? nil : bytes.baseAddress
      placed.append(Placed(bytes: bytes, row: row * size, pitch: pitch * size))
      tensors.append(tensor)
    }
    if memory == .inPlace {
      for pair in call.inPlace {
        guard placed[pair.input].bytes.count == placed[pair.output].bytes.count else {
          throw OperatorError("in-place operands of other sizes")
        }
        tensors[pair.output].data = tensors[pair.input].data
      }
    }
    try execute(call, tensors)
    for (k, operand) in call.operands.enumerated() {
      guard let data = tensors[k].data else { continue }
      var dense: [UInt8] = []
      let rows = placed[k].row == 0 ? 0 : operand.type.byteCount / placed[k].row
      for r in 0..<rows {
        for j in 0..<placed[k].row { dense.append(data.load(fromByteOffset: r * placed[k].pitch + j, as: UInt8.self)) }
      }
      switch operand.source {
      case .output(let index): outputs[index] = dense
      case .temporary(let index): temporaries[index] = dense
      case .input, .constant, .absent: break
      }
    }
  }

  private func execute(_ call: KernelCall, _ tensors: [dlc_tensor]) throws {
    guard let kernel = dlc_kernel_row(call.kernel), let run = kernel.pointee.run else {
      throw OperatorError("no kernel \(call.kernel)")
    }
    let name = String(cString: kernel.pointee.name)
    guard call.parameters.count == Int(kernel.pointee.params_bytes) else {
      throw OperatorError(
        "\(name) takes \(kernel.pointee.params_bytes) bytes of parameters, not \(call.parameters.count)")
    }
    // Parameters and operands live in memory of their own for the whole call.
    let parameters = UnsafeMutableRawBufferPointer.allocate(byteCount: max(call.parameters.count, 8), alignment: 8)
    parameters.copyBytes(from: call.parameters)
    defer { parameters.deallocate() }
    try tensors.withUnsafeBufferPointer { operands in
      var c = dlc_call()
      c.operands = operands.baseAddress
      c.operand_count = UInt32(operands.count)
      c.params = UnsafeRawPointer(parameters.baseAddress)
      c.params_bytes = UInt32(call.parameters.count)
      let defect = kernel.pointee.check(&c)
      guard defect == 0 else {
        throw OperatorError("\(name) refuses its call at line \(defect): \(call.operands.map(\.type))")
      }
      let most = kernel.pointee.parts.map { $0(&c) } ?? 1
      let parts = max(1, min(parts, most))
      let bytes = kernel.pointee.scratch.map { $0(&c) } ?? 0
      let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes, 64), alignment: 64)
      defer { scratch.deallocate() }
      c.scratch = scratch.baseAddress
      for part in 0..<parts {
        let fault = run(&c, part, parts)
        guard fault == 0 else { throw OperatorError("\(name) answers \(fault)") }
      }
    }
  }
}
