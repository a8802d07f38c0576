import CDLCKernels
import DLCGraph
import DLCTensor

extension StoredContraction {
  /// The contraction's own steps, with a step before the last that makes its weights real; matrix products take them as they
  /// are. Weights that would not get smaller are real in the plan.
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    let constants = request.constants[1...Self.weightInputs].compactMap { $0 }
    guard constants.count == Self.weightInputs else { return .undefined("its weights are no constants") }
    let (integers, scales, places) = (constants[0], constants[1].elements(as: Float.self), constants[2])
    // Numbers of scales are f32 for a while.
    let fits = scales.count < 1 << 24 && integers.count > 0
    if fits, case .kernels(let steps, let temporaries) = try lowered(request, integers.cast(to: .float32)),
      case .kernels(let numbered, _) = try lowered(request, Self.numbers(places)),
      let call = steps.last, let storage = try Self.storage(call, numbered.last, scales)
    {
      return try stored(call, storage, before: Array(steps.dropLast()), temporaries)
    }
    return try lowered(request, try Self.weights([constants[0]] + constants))
  }

  /// What the contraction lowers to with `weights`.
  private func lowered(_ request: LoweringRequest, _ weights: Tensor) throws(OperatorError) -> Lowering {
    let inner = LoweringRequest(
      inputs: Self.contractionInputs(request.inputs, weights: weights.type), outputs: request.outputs,
      constants: Self.contractionInputs(request.constants, weights: weights))
    guard case .kernels(var calls, let temporaries) = try base.op.lower(inner) else { return try base.op.lower(inner) }
    for k in calls.indices {
      for p in calls[k].operands.indices {
        // Weights are constants by now: what is left counts from the bias on.
        if case .input(let input) = calls[k].operands[p].source, input > 1 {
          calls[k].operands[p].source = .input(input + Self.weightInputs - 1)
        }
      }
    }
    return .kernels(calls, temporaries: temporaries)
  }

  /// Indices of scales plus one.
  private static func numbers(_ places: Tensor) -> Tensor {
    Tensor(places.elements(as: Int32.self).map { Float($0 + 1) }, shape: places.shape)
  }

  /// The weights of `call` as integers; nil when they do not get smaller.
  private static func storage(
    _ call: KernelCall, _ numbered: KernelCall?, _ scales: [Float]
  ) throws(OperatorError) -> WeightStorage? {
    guard let numbered, case .constant(let values) = call.operands[1].source,
      case .constant(let places) = numbered.operands[1].source
    else { return nil }
    let extents = values.shape.dimensions
    // Panels for each group of a convolution; filters of depthwise ones; transposed ones keep their panels in one axis.
    let width = extents.count == 1 ? panelWidth : extents[extents.count - 1]
    let isPanels = call.kernel == UInt16(DLC_KERNEL_conv.rawValue) || call.kernel == UInt16(DLC_KERNEL_matmul.rawValue)
    guard width > 0, values.count % width == 0 else { return nil }
    let depth = isPanels ? extents[extents.count - 2] : values.count / width
    guard let storage = try WeightStorage(values: values, places: places, scales: scales, width: width, depth: depth),
      storage.byteCount < values.type.byteCount / 2
    else { return nil }
    return storage
  }

  private func stored(
    _ call: KernelCall, _ storage: WeightStorage, before: [KernelCall], _ temporaries: [TensorType]
  ) throws(OperatorError) -> Lowering {
    if let product = try product(call, storage) { return try .checked(before + [product], temporaries: temporaries) }
    var call = call
    let real = Operand(.temporary(temporaries.count), call.operands[1].type)
    let unpack = KernelCall(
      DLC_KERNEL_weights_unpack, dlc_weights_unpack_params(weights: storage.parameters),
      operands: storage.operands + [real])
    call.operands[1] = real
    return try .checked(before + [unpack, call], temporaries: temporaries + [real.type])
  }

  /// One matrix product, or a convolution that is one, with its weights as they are stored.
  private func product(_ call: KernelCall, _ storage: WeightStorage) throws(OperatorError) -> KernelCall? {
    let (a, b, y) = (call.operands[0], call.operands[1], call.operands[4])
    guard storage.integers.shape.rank == 2, b.type.shape.rank == 4, b.type.shape[0] == 1 else { return nil }
    switch base {
    case .matrix: guard a.type.shape[0] == 1, y.type.shape[0] == 1 else { return nil }
    case .convolution(let op):
      guard call.kernel == UInt16(DLC_KERNEL_conv.rawValue), op.groups == 1, op.window.kernel.allSatisfy({ $0 == 1 }),
        op.window.strides.allSatisfy({ $0 == 1 }), (op.window.padBegin + op.window.padEnd).allSatisfy({ $0 == 0 })
      else { return nil }
    case .transposed: return nil
    }
    func matrix(_ operand: Operand) -> Operand {
      if case .absent = operand.source { return operand }
      let columns = operand.type.shape.dimensions.last ?? 1
      let shape = Shape([operand.type.shape.count / max(columns, 1), columns])
      return Operand(
        operand.source, TensorType(operand.type.element, shape), acceptsPitch: operand.acceptsPitch)
    }
    let parameters = dlc_matmul_weights_params(
      weights: storage.parameters, n: try Int32(parameter: y.type.shape.dimensions.last ?? 0),
      epilogue: try base.epilogue.function.epilogue())
    let product = KernelCall(
      DLC_KERNEL_matmul_weights, parameters,
      operands: [matrix(a)] + storage.operands + [call.operands[2], matrix(call.operands[3]), matrix(y)],
      macs: call.macs)
    return try product.defect() == nil ? product : nil
  }
}
