import DLCGraph
import DLCTensor

extension Binary {
  package var gradient: GradientRule {
    if function != nil { return .undefined("gradients are taken before fusion") }
    switch kind {
    case .and, .or, .xor, .shiftLeft, .shiftRight: return .undefined("\(mnemonic) is no function of real numbers")
    case .equal, .less, .lessEqual, .greater, .greaterEqual: return .undefined("\(mnemonic) gives bool")
    case .add, .subtract, .multiply, .divide, .power, .minimum, .maximum, .modulo, .remainder, .prelu: break
    }
    return .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return [nil, nil] }
      let (a, b) = (request.inputs[0], request.inputs[1])
      let (ga, gb) = try full(&patch, a: a, b: b, y: request.outputs[0], g: g)
      return [
        try patch.sum(ga, to: patch.type(of: a).shape),
        try gb.map { (gb) throws(OperatorError) in try patch.sum(gb, to: patch.type(of: b).shape) },
      ]
    }
  }

  /// The gradients of a and b before broadcasting is undone.
  private func full(
    _ patch: inout GraphPatch, a: ValueID, b: ValueID, y: ValueID, g: ValueID
  ) throws(OperatorError) -> (ValueID, ValueID?) {
    switch kind {
    case .add: return (g, g)
    case .subtract: return (g, try patch.unary(.negate, g))
    case .multiply: return (try patch.multiply(g, b), try patch.multiply(g, a))
    case .divide:
      return (try patch.divide(g, b), try patch.unary(.negate, patch.divide(patch.multiply(g, y), b)))
    case .power: return try powerGradient(&patch, a: a, b: b, y: y, g: g)
    case .minimum, .maximum:
      // Of equal ones the first takes all.
      let first = try patch.binary(kind == .maximum ? .greaterEqual : .lessEqual, a, b)
      return (try patch.select(first, orZero: g), try patch.select(first, patch.scalar(0, like: g), g))
    case .modulo, .remainder:
      // y = a - b * quotient, where the quotient is constant almost everywhere.
      let ratio = try patch.divide(patch.subtract(a, y), b)
      return (g, try patch.unary(.negate, patch.multiply(g, patch.unary(.round, ratio))))
    case .prelu:
      let negative = try patch.binary(.less, a, 0)
      return (
        try patch.select(negative, patch.multiply(g, b), g), try patch.select(negative, orZero: patch.multiply(g, a))
      )
    case .and, .or, .xor, .shiftLeft, .shiftRight, .equal, .less, .lessEqual, .greater, .greaterEqual:
      throw OperatorError("\(mnemonic) has no derivative")
    }
  }

  /// b a^(b-1), and y log a where a is positive (elsewhere the power is defined for single exponents only).
  private func powerGradient(
    _ patch: inout GraphPatch, a: ValueID, b: ValueID, y: ValueID, g: ValueID
  ) throws(OperatorError) -> (ValueID, ValueID?) {
    let (element, exponentElement) = (patch.type(of: a).element, patch.type(of: b).element)
    let exponent = element == exponentElement ? b : try patch.emit(Cast(to: element), b)
    let slope = try patch.multiply(exponent, patch.binary(.power, a, patch.add(exponent, -1)))
    let ga = try patch.multiply(g, slope)
    if !exponentElement.isFloat { return (ga, nil) }
    let positive = try patch.binary(.greater, a, 0)
    let logarithm = try patch.unary(.log, patch.select(positive, a, patch.scalar(1, like: a)))
    let gb = try patch.multiply(g, patch.multiply(y, logarithm))
    return (ga, element == exponentElement ? gb : try patch.emit(Cast(to: exponentElement), gb))
  }
}
