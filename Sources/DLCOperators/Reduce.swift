import CDLCKernels
import DLCGraph
import DLCTensor

/// Reduces along axes (ascending, not negative; none listed means none reduced): x -> y.
package struct Reduce: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case sum, mean, maximum, minimum, product, l1, l2, sumSquare, logSum, logSumExp
  }

  package var kind: Kind
  package var axes: [Int]
  /// Whether reduced axes stay with extent 1.
  package var keepsAxes: Bool

  package init(_ kind: Kind, axes: [Int], keepsAxes: Bool) {
    self.kind = kind
    self.axes = axes
    self.keepsAxes = keepsAxes
  }
}

extension Reduce.Kind {
  /// The code kernels know (`dlc_reduce_op`).
  var code: UInt32 {
    switch self {
    case .sum: DLC_REDUCE_SUM.rawValue
    case .mean: DLC_REDUCE_MEAN.rawValue
    case .maximum: DLC_REDUCE_MAX.rawValue
    case .minimum: DLC_REDUCE_MIN.rawValue
    case .product: DLC_REDUCE_PROD.rawValue
    case .l1: DLC_REDUCE_L1.rawValue
    case .l2: DLC_REDUCE_L2.rawValue
    case .sumSquare: DLC_REDUCE_SUM_SQUARE.rawValue
    case .logSum: DLC_REDUCE_LOG_SUM.rawValue
    case .logSumExp: DLC_REDUCE_LOG_SUM_EXP.rawValue
    }
  }
}

extension Reduce: Operator {
  package var mnemonic: String { "reduce." + kind.rawValue.snakeCase }

  package var attributes: [OperatorAttribute] {
    [OperatorAttribute("axes", list: axes), OperatorAttribute("keep", keepsAxes)]
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let x = inputs[0]
    try OperatorError.require(
      x, "x", in: ElementType.numbers + (kind == .maximum || kind == .minimum ? [.bool] : []))
    for (k, axis) in axes.enumerated() {
      try OperatorError.require(axis: axis, rank: x.rank)
      try OperatorError.require(k == 0 || axes[k - 1] < axis, "expected ascending axes, found \(axes)")
    }
    return [TensorType(x.element, keepsAxes ? kept(x.shape) : dropped(x.shape))]
  }

  /// The shape with reduced axes of extent 1.
  func kept(_ shape: Shape) -> Shape {
    Shape(shape.dimensions.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
  }

  private func dropped(_ shape: Shape) -> Shape {
    Shape(shape.dimensions.enumerated().filter { !axes.contains($0.offset) }.map(\.element))
  }

  package var quantization: QuantizationRule {
    switch kind {
    case .maximum, .minimum: .sharedScale(inputs: [0])
    case .sum, .mean: .integer(weights: nil, axis: 0)
    case .product, .l1, .l2, .sumSquare, .logSum, .logSumExp: .float("\(mnemonic) has no integer kernel")
    }
  }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let mask = axes.reduce(0) { $0 | 1 << $1 }
    let parameters = dlc_reduce_params(
      op: Int32(kind.code), axes: try Int32(parameter: mask), epilogue: try Function?.none.epilogue())
    return .kernels([
      KernelCall(
        DLC_KERNEL_reduce, parameters,
        operands: [request.input(0, acceptsPitch: true), request.output(acceptsPitch: true)])
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    var op = self
    op.axes = axes.map { permutation[$0] }.sorted()
    let output = keepsAxes ? permutation : DLCOperators.permutation(permutation, without: Set(axes))
    return PermutedOperator(op, outputPermutations: [output])
  }
}
