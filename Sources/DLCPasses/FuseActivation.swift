import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Applies an activation to a result before it is stored.
  ///
  ///     Given:  %0 = conv(%x, W); %1 = relu(%0)
  ///     Result: %1 = conv(%x, W) then=relu
  package static let fuseActivation = Pass(
    "fuse-activation", "activation into the operator before it", level: 1,
    requires: [.functionsRecognized, .affineFolded],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let unary = node.op as? Unary, unary.function.fitsEpilogue,
        graph[node.outputs[0]].type.element == .float32,
        let (_, before) = graph.producer(of: node.inputs[0]), graph.onlyUser(of: node.inputs[0]) == id,
        let op = withFunction(before.op, unary.function)
      else { return nil }
      var patch = GraphPatch(graph, "\(unary.mnemonic) into '\(before.name)'")
      patch.replace(node.outputs[0], with: try patch.add(op, before.inputs, name: before.name)[0])
      return patch
    })

  /// `op` with `function` applied to its result; nil when it takes none, or has one.
  private static func withFunction(_ op: any Operator, _ function: Function) -> (any Operator)? {
    switch op {
    case var op as Binary:
      guard op.function == nil, op.kind.isArithmetic else { return nil }
      op.function = function
      return op
    case var op as InstanceNormalization:
      guard op.function == nil else { return nil }
      op.function = function
      return op
    default:
      guard var contraction = Contraction(op), contraction.epilogue.function == nil else { return nil }
      contraction.epilogue.function = function
      return contraction.op
    }
  }
}

extension Function {
  /// Whether kernels apply this function to results still in registers (`dlc_epilogue`: those below 32).
  var fitsEpilogue: Bool {
    switch self {
    case .relu, .clip, .leakyRelu, .sigmoid, .tanh, .silu, .hardSigmoid, .hardSwish, .gelu, .geluTanh, .elu, .selu,
      .celu,
      .softplus, .softsign, .mish, .thresholdedRelu, .shrink:
      true
    case .identity, .abs, .negate, .ceil, .floor, .round, .sign, .reciprocal, .sqrt, .rsqrt, .exp, .log, .sin, .cos,
      .tan,
      .asin, .acos, .atan, .sinh, .cosh, .asinh, .acosh, .atanh, .erf, .square, .not, .bitwiseNot, .isNaN, .isInfinite:
      false
    }
  }
}

extension Binary.Kind {
  /// Whether the result is a number of the operands' type.
  var isArithmetic: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .power, .minimum, .maximum, .modulo, .remainder, .prelu: true
    case .and, .or, .xor, .shiftLeft, .shiftRight, .equal, .less, .lessEqual, .greater, .greaterEqual: false
    }
  }
}
