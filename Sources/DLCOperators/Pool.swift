import CDLCKernels
import DLCGraph
import DLCTensor

/// Pooling over 1 to 3 spatial axes: x `[N, C, spatial...]` or `[N, spatial..., C]` -> y, and for max with `givesIndices` positions (i64).
package struct Pool: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case maximum
    case average(countsPadding: Bool)
    case lp(Int)
  }

  package var kind: Kind
  package var window: Window
  /// Output extents round up; windows may run past the far padding, and cells there never count.
  package var ceilMode: Bool
  package var channels: ChannelPlacement
  /// Second output: flat positions in the channels-first tensor `[N, C, spatial...]`.
  package var givesIndices: Bool
  /// Positions count the last two spatial axes swapped (ONNX storage_order 1).
  package var columnMajorIndices: Bool

  package init(
    _ kind: Kind, window: Window, ceilMode: Bool = false, channels: ChannelPlacement = .first,
    givesIndices: Bool = false, columnMajorIndices: Bool = false
  ) {
    self.kind = kind
    self.window = window
    self.ceilMode = ceilMode
    self.channels = channels
    self.givesIndices = givesIndices
    self.columnMajorIndices = columnMajorIndices
  }
}

extension Pool: SpatialOperator {
  package var mnemonic: String {
    switch kind {
    case .maximum: "pool.max"
    case .average: "pool.average"
    case .lp: "pool.lp"
    }
  }

  package var attributes: [OperatorAttribute] {
    let own: [OperatorAttribute] =
      switch kind {
      case .maximum:
        givesIndices ? [OperatorAttribute("indices", columnMajorIndices ? "column_major" : "row_major")] : []
      case .average(let countsPadding): [OperatorAttribute("counts_padding", countsPadding)]
      case .lp(let p): [OperatorAttribute("p", p)]
      }
    return window.attributes + (ceilMode ? [OperatorAttribute("ceil", true)] : []) + own
      + [OperatorAttribute("channels", channels.rawValue)]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try window.requireSound()
    let x = inputs[0]
    try OperatorError.require(x, "x", in: ElementType.floats + (kind == .maximum ? [.int8, .uint8, .int16] : []))
    try OperatorError.require(x.rank == window.rank + 2, "expected x of rank \(window.rank + 2), found \(x)")
    if case .lp(let p) = kind {
      try OperatorError.require(p >= 1 && p < 1 << 31, "expected p of at least 1, found \(p)")
    }
    try OperatorError.require(!givesIndices || kind == .maximum, "expected indices of max pooling only")
    let extents = try window.outputExtents(channels.spatial(x.shape), ceiling: ceilMode)
    let shape = try channels.shape(
      batch: x.shape[0], channels: x.shape[channels.axis(rank: x.rank)], spatial: extents)
    return [TensorType(x.element, shape)] + (givesIndices ? [TensorType(.int64, shape)] : [])
  }

  package var quantization: QuantizationRule {
    switch kind {
    case .maximum: .sharedScale(inputs: [0])
    case .average: .integer(weights: nil, axis: 0)
    case .lp: .float("powers have no integer kernel")
    }
  }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    if channels == .first { return .undefined("the layout pass makes it channels-last") }
    let element = request.inputs[0].element
    if ![.float32, .float64, .int8, .uint8, .int16].contains(element) {
      return .undefined("the pool kernel takes f32 and f64, not \(request.inputs[0])")
    }
    let code: (kind: UInt32, countsPadding: Int32, p: Int32) =
      switch kind {
      case .maximum: (DLC_POOL_MAX.rawValue, 0, 0)
      case .average(let countsPadding): (DLC_POOL_AVERAGE.rawValue, countsPadding ? 1 : 0, 0)
      case .lp(let p): (DLC_POOL_LP.rawValue, 0, try Int32(parameter: p))
      }
    let parameters = dlc_pool_params(
      window: try window.parameters(), kind: Int32(code.kind), count_include_pad: code.countsPadding, p: code.p,
      column_major: columnMajorIndices ? 1 : 0)
    let y = request.outputs[0].shape.asVolume
    let operands = [
      request.input(0, as: request.inputs[0].shape.asVolume, acceptsPitch: true),
      request.output(as: y, acceptsPitch: true), givesIndices ? request.output(1, as: y) : .absent,
    ]
    return try .checked([KernelCall(DLC_KERNEL_pool, parameters, operands: operands)])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }

  package func channelsLastPermutation(input index: Int, type: TensorType) -> [Int]? {
    ChannelPlacement.lastPermutation(rank: type.rank)
  }

  package func channelsLastPermutation(output index: Int, type: TensorType) -> [Int]? {
    ChannelPlacement.lastPermutation(rank: type.rank)
  }
}
