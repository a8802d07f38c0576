import CDLCKernels
import DLCGraph
import DLCTensor

extension DynamicContraction {
  /// Range, quantization, the product in integers, and its sums back to real numbers.
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    guard let weights = request.constants[1] else { return .undefined("its weights are no constant") }
    var call: KernelCall
    switch try base.integerCall(request, weights, zeroPoint: isConvolution ? 128 : 0) {
    case .call(let only): call = only
    case .undefined(let reason): return .undefined(reason)
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
    call.becomeSums(of: quantized, in: sums)
    let source = request.input(0, as: view, acceptsPitch: true)
    let list = Shape([channels])
    // A convolution's bias takes its fixed zero point out already.
    let shares = isMatrix ? base.channelSums(of: weights, channels) : [Int32](repeating: 0, count: channels)
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
}

/// The one kernel call of an integer product, or why there is none.
enum IntegerCall {
  case call(KernelCall)
  case undefined(String)
}

extension KernelCall {
  /// Lets a product of integers read `quantized` and leave its sums in `sums`, without scales.
  mutating func becomeSums(of quantized: Operand, in sums: Operand) {
    operands[0] = Operand(quantized.source, TensorType(.uint8, operands[0].type.shape))
    operands[3] = .absent
    operands[6] = Operand(sums.source, TensorType(.int32, operands[6].type.shape))
  }
}

extension Contraction {
  /// The call that multiplies u8 activations of `zeroPoint`, input 0 of `request`, with i8 weights, input 1.
  func integerCall(
    _ request: LoweringRequest, _ weights: Tensor, zeroPoint: Int32
  ) throws(OperatorError) -> IntegerCall {
    let scheme = ContractionScheme(
      input: QuantizationParameters(.uint8, scale: 1, zeroPoint: zeroPoint), weightScales: [1])
    let inner = LoweringRequest(
      inputs: [TensorType(.uint8, request.inputs[0].shape), TensorType(.int8, weights.shape)],
      outputs: request.outputs, constants: [nil, weights])
    let lowering: Lowering
    switch self {
    case .convolution(var op):
      op.epilogue = .none
      lowering = try QuantizedConvolution(op, scheme).lower(inner)
    case .matrix(var op):
      op.epilogue = .none
      lowering = try QuantizedMatMul(op, scheme).lower(inner)
    case .transposed: return .undefined("no kernel quantizes the input of a transposed convolution when run")
    }
    switch lowering {
    case .kernels(let calls, let temporaries) where calls.count == 1 && temporaries.isEmpty: return .call(calls[0])
    case .undefined(let reason): return .undefined(reason)
    default: return .undefined("the product of integers takes more than one step")
    }
  }

  /// For each output channel the sum of its i8 weights.
  func channelSums(of weights: Tensor, _ channels: Int) -> [Int32] {
    var sums = [Int32](repeating: 0, count: channels)
    let perChannel = weights.count / max(channels, 1)
    weights.withElements(as: Int8.self) { elements in
      for (k, value) in elements.enumerated() {
        let isRow = if case .matrix(let op) = self { op.transposeB } else { true }
        sums[isRow ? k / perChannel : k % channels] &+= Int32(value)
      }
    }
    return sums
  }
}
