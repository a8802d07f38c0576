import CDLCKernels
import DLCGraph
import DLCTensor

/// Columns of a packed panel (`DLC_PANEL` of the kernels).
let panelWidth = 16

extension Convolution {
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let obstacle = spatialObstacle(self, request) { return .undefined(obstacle) }
    let x = request.inputs[0].shape.asVolume
    let inputChannels = x[4]
    let multiplier = groups > 0 ? request.outputs[0].shape.asVolume[4] / max(groups, 1) : 0
    if groups > 1 && groups == inputChannels { return try lowerDepthwise(request, multiplier: multiplier) }
    let y = request.outputs[0].shape.asVolume
    let weights = request.inputs[1].shape.asVolume
    let depth = operations(weights[1], weights[2], weights[3], weights[4])
    let packed = TensorType(
      .float32, try Shape(result: [groups, (y[4] / groups + panelWidth - 1) / panelWidth, depth, panelWidth]))
    let pack = KernelCall(
      DLC_KERNEL_conv_pack, dlc_conv_pack_params(groups: try Int32(parameter: groups)), operands: [])
    let parameters = dlc_conv_params(
      window: try window.parameters(), groups: try Int32(parameter: groups), epilogue: try epilogue.function.epilogue())
    return try contraction(
      request, DLC_KERNEL_conv, parameters, epilogue: epilogue,
      weights: .packed(pack, from: TensorType(.float32, weights), to: packed),
      macs: operations(y.count, depth))
  }

  /// Each channel with its own filters: weights `[O, kernel..., 1]` become `[kernel..., O]`.
  private func lowerDepthwise(
    _ request: LoweringRequest, multiplier: Int
  ) throws(OperatorError) -> Lowering {
    let weights = request.inputs[1].shape.asVolume
    let filters = Shape([weights[0], weights[1], weights[2], weights[3]])
    let plain = TensorType(.float32, filters.permuted(by: [1, 2, 3, 0]))
    let transpose = KernelCall(
      DLC_KERNEL_transpose, dlc_transpose_params(perm: try eight([1, 2, 3, 0])), operands: [])
    let parameters = dlc_dwconv_params(
      window: try window.parameters(), multiplier: try Int32(parameter: multiplier),
      epilogue: try epilogue.function.epilogue())
    return try contraction(
      request, DLC_KERNEL_dwconv, parameters, epilogue: epilogue,
      weights: .packed(transpose, from: TensorType(.float32, filters), to: plain),
      macs: operations(request.outputs[0].shape.count, filters.count / max(filters[0], 1)))
  }
}

/// How a contraction's weights reach its kernel.
struct PackedWeights {
  /// The step that packs them, without operands.
  var pack: KernelCall
  /// The weights as that step takes them, and what it makes of them.
  var source: TensorType
  var result: TensorType

  static func packed(_ pack: KernelCall, from source: TensorType, to result: TensorType) -> PackedWeights {
    PackedWeights(pack: pack, source: source, result: result)
  }
}

/// Why a channels-last f32 kernel cannot take the node as it stands, or nil.
func spatialObstacle(_ op: some SpatialOperator, _ request: LoweringRequest) -> String? {
  if let limit = request.limit { return limit }
  if op.channels == .first { return "the layout pass makes it channels-last" }
  if request.inputs[0].element != .float32 { return "the \(op.mnemonic) kernel takes f32, not \(request.inputs[0])" }
  if request.outputs[0].shape.isEmpty || request.inputs[0].shape.isEmpty { return "the tensors are empty" }
  return nil
}

/// Lowers a window contraction (x, weights, bias?, residual?): weights are packed now when constant, else by a step before.
func contraction<P: BitwiseCopyable>(
  _ request: LoweringRequest, _ kernel: dlc_kernel_id, _ parameters: P, epilogue: Epilogue, weights: PackedWeights,
  macs: Int
) throws(OperatorError) -> Lowering {
  let (x, y) = (request.inputs[0].shape.asVolume, request.outputs[0].shape.asVolume)
  var calls: [KernelCall] = []
  var temporaries: [TensorType] = []
  var pack = weights.pack
  let packed: Operand
  if let constant = request.constants[1] {
    pack.operands = [
      .constant(constant.reshaped(to: weights.source.shape)), Operand(.output(0), weights.result),
    ]
    packed = .constant(try pack.evaluated())
  } else {
    packed = Operand(.temporary(0), weights.result)
    temporaries.append(weights.result)
    pack.operands = [request.input(1, as: weights.source.shape), packed]
    calls.append(pack)
  }
  let operands =
    [request.input(0, as: x, acceptsPitch: true), packed] + epilogue.operands(request, residualAs: y)
    + [request.output(as: y, acceptsPitch: true)]
  calls.append(KernelCall(kernel, parameters, operands: operands, macs: macs))
  return try .checked(calls, temporaries: temporaries)
}
