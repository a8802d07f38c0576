import CDLCKernels
import DLCGraph
import DLCTensor

extension QuantizedConvolution {
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let obstacle = integerObstacle(self, request) { return .undefined(obstacle) }
    let (x, y) = (request.inputs[0].shape.asVolume, request.outputs[0].shape.asVolume)
    guard let weights = request.constants[1] else { return .undefined("its weights are no constant") }
    let filters = weights.asWeights.reshaped(to: weights.shape.asVolume)
    let window = try base.window.parameters()
    let requantize = scheme.requantize(base.epilogue.function)
    let outputs = try Int32(parameter: y[4])
    // Padding reads x's zero point, so that point's share is the same everywhere.
    let bias = try compensatedBias(request, base.epilogue, channels: y[4]) { c in
      let zero = scheme.input.zeroPoint
      return 0 &- zero &* filters.rowSum(c)
    }
    let macs = operations(y.count, filters.count / max(filters.shape[0], 1))
    if base.groups > 1 && base.groups == x[4] && isDepthwise(x, y, window) {
      var packing = dlc_qdwconv_pack_params(window: window)
      let parameters = dlc_qdwconv_params(
        window: window, multiplier: try Int32(parameter: y[4] / x[4]), x_zero: scheme.input.zeroPoint,
        requantize: requantize)
      return try integerContraction(
        request, DLC_KERNEL_qdwconv, parameters, base.epilogue, scheme,
        packed: try packed(
          filters, DLC_KERNEL_qdwconv_pack, packing, bytes: dlc_qdwconv_packed_bytes(&packing, outputs)),
        bias: bias, macs: macs)
    }
    let groups = try Int32(parameter: base.groups)
    var packing = dlc_qconv_pack_params(window: window, groups: groups)
    let parameters = dlc_qconv_params(
      window: window, groups: groups, x_zero: scheme.input.zeroPoint, requantize: requantize)
    let bytes = dlc_qconv_packed_bytes(&packing, try Int32(parameter: x[4]), outputs)
    let panels = try packed(filters, DLC_KERNEL_qconv_pack, packing, bytes: bytes)
    return try integerContraction(
      request, DLC_KERNEL_qconv, parameters, base.epilogue, scheme,
      packed: base.groups == 1 ? narrowPanel(panels, columns: y[4], rows: y.count / y[4]) ?? panels : panels,
      bias: bias, macs: macs)
  }
}

extension QuantizedConvolution {
  /// Most taps of the depthwise kernel of i16: DLC_QDWCONV_S16_TAPS.
  private static let mostWideTaps = 512

  /// Whether the depthwise kernel takes a convolution of x with one input channel for each group.
  private func isDepthwise(_ x: Shape, _ y: Shape, _ window: dlc_window) -> Bool {
    if scheme.input.element == .uint8 { return true }
    let (depth, height, width) = window.kernel
    return y[4] == x[4] && Int(depth) * Int(height) * Int(width) <= Self.mostWideTaps
  }
}

extension QuantizedConvolutionTranspose {
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let obstacle = integerObstacle(self, request) { return .undefined(obstacle) }
    let (x, y) = (request.inputs[0].shape.asVolume, request.outputs[0].shape.asVolume)
    guard let weights = request.constants[1] else { return .undefined("its weights are no constant") }
    let filters = weights.asWeights.reshaped(to: weights.shape.asVolume)
    var packing = dlc_qconv_transpose_pack_params(
      window: try base.window.parameters(), groups: try Int32(parameter: base.groups))
    let parameters = dlc_qconv_transpose_params(
      window: packing.window, groups: packing.groups, x_zero: scheme.input.zeroPoint,
      requantize: scheme.requantize(base.epilogue.function))
    let bytes = dlc_qconv_transpose_packed_bytes(&packing, try Int32(parameter: x[4]), try Int32(parameter: y[4]))
    // How many taps meet depends on the place: the kernel itself takes x's zero point out.
    let bias = try compensatedBias(request, base.epilogue, channels: y[4]) { _ in 0 }
    return try integerContraction(
      request, DLC_KERNEL_qconv_transpose, parameters, base.epilogue, scheme,
      packed: try packed(filters, DLC_KERNEL_qconv_transpose_pack, packing, bytes: bytes), bias: bias,
      macs: operations(x.count, filters.count / max(x[4], 1)))
  }
}

/// Why a channels-last integer kernel cannot take the node as it stands, or nil.
private func integerObstacle(_ op: some SpatialOperator, _ request: LoweringRequest) -> String? {
  if let limit = request.limit { return limit }
  if op.channels == .first { return "the layout pass makes it channels-last" }
  if request.outputs[0].shape.isEmpty || request.inputs[0].shape.isEmpty { return "the tensors are empty" }
  return nil
}

/// Weights packed now: one axis of `bytes` bytes.
private func packed<P: BitwiseCopyable>(
  _ weights: Tensor, _ kernel: dlc_kernel_id, _ parameters: P, bytes: Int
) throws(OperatorError) -> Tensor {
  try OperatorError.require(bytes > 0, "the window is beyond what the integer kernels take")
  let type = TensorType(.int8, try Shape(result: [bytes]))
  return try KernelCall(kernel, parameters, operands: [.constant(weights), Operand(.output(0), type)]).evaluated()
}

/// The constant bias plus what `compensation` gives for each output channel.
func compensatedBias(
  _ request: LoweringRequest, _ epilogue: Epilogue, channels: Int, _ compensation: (Int) -> Int32
) throws(OperatorError) -> Tensor {
  var bias = [Int32](repeating: 0, count: channels)
  if let position = epilogue.positions.bias {
    guard let constant = request.constants[position] else { throw OperatorError("its bias is no constant") }
    bias = constant.elements(as: Int32.self)
  }
  for c in bias.indices { bias[c] &+= compensation(c) }
  return Tensor(bias, shape: Shape([channels]))
}

/// The call of a window contraction: x, packed weights, bias, scales, residual?, table?, y.
private func integerContraction<P: BitwiseCopyable>(
  _ request: LoweringRequest, _ kernel: dlc_kernel_id, _ parameters: P, _ epilogue: Epilogue,
  _ scheme: ContractionScheme, packed: Tensor, bias: Tensor, macs: Int
) throws(OperatorError) -> Lowering {
  let (x, y) = (request.inputs[0].shape.asVolume, request.outputs[0].shape.asVolume)
  let operands: [Operand] = [
    request.input(0, as: x, acceptsPitch: true), .constant(packed), .biases(bias),
    .scales(scheme.channelScales(y[4])),
    epilogue.positions.residual.map { request.input($0, as: y, acceptsPitch: true) } ?? .absent,
    .table(scheme.table), request.output(as: y, acceptsPitch: true),
  ]
  return try .checked([KernelCall(kernel, parameters, operands: operands, macs: macs)])
}

extension Tensor {
  /// The sum of the i8 elements at `index` of the first axis, wrapping.
  fileprivate func rowSum(_ index: Int) -> Int32 {
    let length = count / max(shape[0], 1)
    return withElements(as: Int8.self) { elements in
      elements[index * length..<(index + 1) * length].reduce(Int32(0)) { $0 &+ Int32($1) }
    }
  }
}
