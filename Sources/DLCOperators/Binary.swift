import CDLCKernels
import DLCGraph
import DLCTensor

/// Combines two tensors elementwise with numpy broadcasting. a, b -> y of a's type (bool for comparisons).
package struct Binary: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case add, subtract, multiply, divide, power, minimum, maximum
    /// Remainder with the divisor's sign, as Python's.
    case modulo
    /// Remainder with the dividend's sign, as C's fmod.
    case remainder
    /// a < 0 ? a * b : a
    case prelu
    case and, or, xor, shiftLeft, shiftRight
    case equal, less, lessEqual, greater, greaterEqual
  }

  package var kind: Kind
  /// Applied to the result (f32 only); nil: none.
  package var function: Function?

  package init(_ kind: Kind, then function: Function? = nil) {
    self.kind = kind
    self.function = function
  }
}

extension Binary.Kind {
  /// Whether the result is bool whatever the inputs' type.
  package var isComparison: Bool {
    switch self {
    case .equal, .less, .lessEqual, .greater, .greaterEqual: true
    default: false
    }
  }

  /// The element types of `a`.
  var elements: [ElementType] {
    switch self {
    case .add, .subtract, .multiply, .divide, .power, .minimum, .maximum, .modulo, .remainder, .prelu,
      .less, .lessEqual, .greater, .greaterEqual:
      ElementType.numbers
    case .and, .or, .xor: ElementType.integers + [.bool]
    case .shiftLeft, .shiftRight: ElementType.integers
    case .equal: ElementType.numbers + [.bool]
    }
  }

  /// The code kernels know (`dlc_binary_op`).
  var code: UInt32 {
    switch self {
    case .add: DLC_BIN_ADD.rawValue
    case .subtract: DLC_BIN_SUB.rawValue
    case .multiply: DLC_BIN_MUL.rawValue
    case .divide: DLC_BIN_DIV.rawValue
    case .power: DLC_BIN_POW.rawValue
    case .minimum: DLC_BIN_MIN.rawValue
    case .maximum: DLC_BIN_MAX.rawValue
    case .modulo: DLC_BIN_MOD.rawValue
    case .remainder: DLC_BIN_FMOD.rawValue
    case .prelu: DLC_BIN_PRELU.rawValue
    case .and: DLC_BIN_AND.rawValue
    case .or: DLC_BIN_OR.rawValue
    case .xor: DLC_BIN_XOR.rawValue
    case .shiftLeft: DLC_BIN_SHIFT_LEFT.rawValue
    case .shiftRight: DLC_BIN_SHIFT_RIGHT.rawValue
    case .equal: DLC_BIN_EQUAL.rawValue
    case .less: DLC_BIN_LESS.rawValue
    case .lessEqual: DLC_BIN_LESS_EQUAL.rawValue
    case .greater: DLC_BIN_GREATER.rawValue
    case .greaterEqual: DLC_BIN_GREATER_EQUAL.rawValue
    }
  }
}

extension Binary: Operator {
  package var mnemonic: String { kind.rawValue.snakeCase }

  package var attributes: [OperatorAttribute] { function.fusedAttribute }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "a", "b")
    let (a, b) = (inputs[0], inputs[1])
    try OperatorError.require(a, "a", in: kind.elements)
    if kind == .power {
      try OperatorError.require(b, "b", in: ElementType.numbers)
    } else {
      try OperatorError.require(a.element == b.element, "expected a and b of one element type, found \(a) and \(b)")
    }
    let type = TensorType(kind.isComparison ? .bool : a.element, try Shape.broadcasting([a.shape, b.shape]))
    try function.requireFusible(into: type)
    return [type]
  }

  package var quantization: QuantizationRule {
    switch kind {
    case .add, .subtract, .multiply, .prelu: .integer(weights: nil, axis: 0)
    case .minimum, .maximum: .sharedScale(inputs: [0, 1])
    case .divide, .power, .modulo, .remainder: .float("\(mnemonic) has no integer kernel")
    case .and, .or, .xor, .shiftLeft, .shiftRight: .float("\(mnemonic) is no function of real numbers")
    case .equal, .less, .lessEqual, .greater, .greaterEqual: .float("\(mnemonic) gives bool")
    }
  }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    if function != nil && request.outputs[0].element != .float32 {
      return .undefined("functions are fused into f32 only, not \(request.outputs[0])")
    }
    let parameters = dlc_binary_params(op: Int32(kind.code), epilogue: try function.epilogue())
    let inPlace = [0, 1].filter { request.inputs[$0] == request.outputs[0] }.map { InPlacePair(input: $0, output: 2) }
    // A vector's rows are one row, whose pitch means nothing: only tensors of the output's rank are views.
    let operands = [0, 1].map { k in
      request.input(k, acceptsPitch: request.inputs[k].rank == request.outputs[0].rank)
    }
    return .kernels([
      KernelCall(
        DLC_KERNEL_binary, parameters, operands: operands + [request.output(acceptsPitch: true)], inPlace: inPlace)
    ])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    permutedElementwise(self, by: permutation, inputs: inputs)
  }
}
