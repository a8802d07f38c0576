import CDLCKernels
import DLCGraph
import DLCTensor

extension DynamicContraction {
  /// Range, quantization, the product in integers, and its sums back to real numbers.
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    guard let weights = request.constants[1] else { return .undefined("its weights are no constant") }
    var call: KernelCall
    switch try integers(request, weights) {
    case .kernels(let calls, let temporaries) where calls.count == 1 && temporaries.isEmpty: call = calls[0]
    case .undefined(let reason): return .undefined(reason)
    default: return .undefined("the product of integers takes more than one step")
    }
    let isMatrix = !isConvolution
    let (x, y) = (request.inputs[0].shape, request.outputs[0].shape)
    let depth = x.dimensions.last ?? 1
    let view = isMatrix ? Shape([x.count / max(depth, 1), depth]) : x.asVolume
    let channels = y.dimensions.last ?? 1
    let ranges = Shape([isMatrix ? view[0] : 1])
    let scale = Operand(.temporary(0), TensorType(.float32, ranges))
    let zero = Operand(.temporary(1), TensorType(.uint8, ranges))
    let quantized = Operand(.temporary(2), TensorType(.uint8, view))
    let result = isMatrix ? Shape([view[0], channels]) : y.asVolume
    let sums = Operand(.temporary(3), TensorType(.int32, result))
    call.operands[0] = Operand(quantized.source, TensorType(.uint8, call.operands[0].type.shape))
    call.operands[3] = .absent
    call.operands[6] = Operand(sums.source, TensorType(.int32, call.operands[6].type.shape))
    let source = request.input(0, as: view, acceptsPitch: true)
    let list = Shape([channels])
    // A convolution's bias takes its fixed zero point out already.
    let shares = isMatrix ? weights.columnSums(base, channels) : [Int32](repeating: 0, count: channels)
    let calls = [
      KernelCall(
        DLC_KERNEL_dynamic_range, dlc_dynamic_range_params(per_row: isMatrix ? 1 : 0, symmetric: isMatrix ? 0 : 1),
        operands: [source, scale, zero]),
      KernelCall(
        DLC_KERNEL_quantize, dlc_quantize_params(axis: isMatrix ? 0 : -1, scale: 1, zero: 0),
        operands: [source, scale, zero, quantized]),
      call,
      KernelCall(
        DLC_KERNEL_scale_accumulator,
        dlc_scale_accumulator_params(epilogue: try base.epilogue.function.epilogue()),
        operands: [
          sums, .constant(Tensor(shares, shape: list)), request.input(2),
          base.epilogue.bias ? request.input(3) : .absent, scale, zero,
          request.output(as: result, acceptsPitch: true),
        ]),
    ]
    return try .checked(calls, temporaries: [scale.type, zero.type, quantized.type, sums.type])
  }

  private var isConvolution: Bool {
    if case .convolution = base { return true }
    return false
  }

  /// The product of u8 activations, which have zero point 128 in images and 0 in matrices.
  private func integers(_ request: LoweringRequest, _ weights: Tensor) throws(OperatorError) -> Lowering {
    let scheme = ContractionScheme(
      input: QuantizationParameters(.uint8, scale: 1, zeroPoint: isConvolution ? 128 : 0), weightScales: [1])
    let inner = LoweringRequest(
      inputs: [TensorType(.uint8, request.inputs[0].shape), request.inputs[1]], outputs: request.outputs,
      constants: [nil, weights])
    switch base {
    case .convolution(var op):
      op.epilogue = .none
      return try QuantizedConvolution(op, scheme).lower(inner)
    case .matrix(var op):
      op.epilogue = .none
      return try QuantizedMatMul(op, scheme).lower(inner)
    case .transposed: return .undefined("no kernel quantizes the input of a transposed convolution when run")
    }
  }
}

extension Tensor {
  /// The sum of the weights of each column of a product's second matrix.
  fileprivate func columnSums(_ base: Contraction, _ columns: Int) -> [Int32] {
    guard case .matrix(let op) = base else { return [] }
    let depth = count / Swift.max(columns, 1)
    var sums = [Int32](repeating: 0, count: columns)
    withElements(as: Int8.self) { elements in
      for (k, value) in elements.enumerated() {
        sums[op.transposeB ? k / depth : k % columns] &+= Int32(value)
      }
    }
    return sums
  }
}
