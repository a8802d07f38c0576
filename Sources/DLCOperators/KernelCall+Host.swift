import CDLCKernels
import DLCGraph
import DLCTensor

extension dlc_tensor {
  /// A dense operand of `type` over `data`; nil for an absent one. `type` has passed `LoweringRequest.limit`.
  init(_ type: TensorType?, data: UnsafeMutableRawPointer?) {
    self.init()
    guard let type else { return }
    self.data = data
    self.type = type.element.rawValue
    rank = UInt8(type.rank)
    pitch = Int32(truncatingIfNeeded: type.shape.dimensions.last ?? 1)
    withUnsafeMutableBytes(of: &dims) { bytes in
      for (axis, extent) in type.shape.dimensions.enumerated() {
        bytes.storeBytes(of: Int32(truncatingIfNeeded: extent), toByteOffset: 4 * axis, as: Int32.self)
      }
    }
  }
}

extension KernelCall {
  /// Calls `body` with the kernel's row and this call over `data` (one pointer an operand, or all nil).
  private func withCall<R>(
    _ data: [UnsafeMutableRawPointer?], _ body: (dlc_kernel, inout dlc_call) -> R
  ) throws(OperatorError) -> R {
    guard let kernel = dlc_kernel_row(kernel) else { throw OperatorError("this build has no kernel \(kernel)") }
    for operand in operands {
      if operand.type.rank > DLC_MAX_RANK || operand.type.shape.dimensions.contains(where: { $0 > Int(Int32.max) }) {
        throw OperatorError("kernels take rank 8 and 31-bit extents at most, not \(operand.type)")
      }
    }
    let tensors = zip(operands, data).map { operand, data in
      if case .absent = operand.source { return dlc_tensor(nil, data: nil) }
      return dlc_tensor(operand.type, data: data)
    }
    // Parameters are of 4-byte fields, so words align them.
    var words = [UInt32](repeating: 0, count: max(parameters.count / 4, 1))
    words.withUnsafeMutableBytes { $0.copyBytes(from: parameters) }
    return tensors.withUnsafeBufferPointer { operands in
      words.withUnsafeBytes { words in
        var call = dlc_call()
        call.operands = operands.baseAddress
        call.operand_count = UInt32(operands.count)
        call.params = words.baseAddress
        call.params_bytes = UInt32(parameters.count)
        return body(kernel.pointee, &call)
      }
    }
  }

  /// Why the kernel's own check refuses the call with dense operands, or nil when it takes it.
  func defect() throws(OperatorError) -> String? {
    let none = [UnsafeMutableRawPointer?](repeating: nil, count: operands.count)
    return try withCall(none) { kernel, call in
      let line = kernel.check(&call)
      return line == 0
        ? nil : "the \(String(cString: kernel.name)) kernel refuses \(operands.map(\.type)) (check \(line))"
    }
  }

  /// Runs the call now: the result of its last operand, the others being constants. For packing weights at compile time.
  func evaluated() throws(OperatorError) -> Tensor {
    var sources: [Tensor] = []
    for operand in operands.dropLast() {
      guard case .constant(let tensor) = operand.source else { throw OperatorError("an operand is not constant") }
      sources.append(tensor)
    }
    guard let output = operands.last, try defect() == nil else {
      throw OperatorError(try defect() ?? "a call without operands")
    }
    let aligned = sources.map { Aligned($0) }
    return try Tensor(output.type) { (target) throws(OperatorError) in
      let fault = try withCall(aligned.map(\.bytes.baseAddress) + [target.baseAddress]) { kernel, call in
        // Packing kernels need no scratch.
        kernel.run(&call, 0, 1)
      }
      if fault != 0 { throw OperatorError("a kernel answers \(fault) while packing") }
    }
  }
}

/// A tensor's bytes at an alignment that kernels take: in place, or copied where mapped weights lie anywhere.
private final class Aligned {
  let bytes: UnsafeMutableRawBufferPointer
  /// Keeps bytes that are used in place.
  private let tensor: Tensor?

  init(_ tensor: Tensor) {
    let inPlace = tensor.withBytes { bytes in
      Int(bitPattern: bytes.baseAddress) % tensor.element.size == 0
        ? UnsafeMutableRawBufferPointer(mutating: bytes) : nil
    }
    if let inPlace, inPlace.baseAddress != nil {
      bytes = inPlace
      self.tensor = tensor
    } else {
      bytes = .allocate(byteCount: max(tensor.type.byteCount, 1), alignment: 64)
      self.tensor = nil
      tensor.withBytes { bytes.copyMemory(from: $0) }
    }
  }

  deinit { if tensor == nil { bytes.deallocate() } }
}

extension Lowering {
  /// These calls, or the reason why a kernel refuses one of them: a bound that inference does not know.
  static func checked(
    _ calls: [KernelCall], temporaries: [TensorType] = []
  ) throws(OperatorError) -> Lowering {
    for call in calls {
      if let defect = try call.defect() { return .undefined(defect) }
    }
    return .kernels(calls, temporaries: temporaries)
  }
}

/// a * b * ... held at `Int.max`: the multiply-accumulate operations of a contraction.
func operations(_ factors: Int...) -> Int {
  factors.reduce(1) { product, factor in
    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
    return overflow ? Int.max : next
  }
}
