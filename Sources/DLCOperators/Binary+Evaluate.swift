import DLCGraph
import DLCTensor
import Foundation

extension Binary {
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let (a, b) = (inputs[0], inputs[1])
    let type = try infer(inputs.map(\.type))[0]
    let walk = RowWalk(type.shape, broadcasting: [a.shape, b.shape])
    if kind == .power, a.element.isInteger, b.element.isInteger {
      let wide = integers(a.cast(to: .int64), b.cast(to: .int64), walk, as: Int64.self)
      return [wide.cast(to: a.element)]
    }
    if kind != .power, let integer = a.element.integerType {
      return [integers(a, b, walk, as: integer)]
    }
    let operation = real
    var values = combined(a.doubles(), b.doubles(), walk, operation)
    if let function { values = values.map { function($0) } }
    return [Tensor(doubles: values, type: type)]
  }

  /// The operation on real numbers; 0 and 1 stand for false and true.
  private var real: (Double, Double) -> Double {
    switch kind {
    case .add: { $0 + $1 }
    case .subtract: { $0 - $1 }
    case .multiply: { $0 * $1 }
    case .divide: { $0 / $1 }
    case .power: { pow($0, $1) }
    case .minimum: { $0.isNaN ? $0 : $0 < $1 ? $0 : $1 }
    case .maximum: { $0.isNaN ? $0 : $0 > $1 ? $0 : $1 }
    case .modulo:
      { a, b in
        let r = fmod(a, b)
        return r == 0 ? copysign(r, b) : (r < 0) != (b < 0) ? r + b : r
      }
    case .remainder: { fmod($0, $1) }
    case .prelu: { $0 < 0 ? $0 * $1 : $0 }
    case .and: { $0 != 0 && $1 != 0 ? 1 : 0 }
    case .or: { $0 != 0 || $1 != 0 ? 1 : 0 }
    case .xor: { ($0 != 0) != ($1 != 0) ? 1 : 0 }
    case .equal: { $0 == $1 ? 1 : 0 }
    case .less: { $0 < $1 ? 1 : 0 }
    case .lessEqual: { $0 <= $1 ? 1 : 0 }
    case .greater: { $0 > $1 ? 1 : 0 }
    case .greaterEqual: { $0 >= $1 ? 1 : 0 }
    case .shiftLeft, .shiftRight: { _, _ in preconditionFailure("shifts are of integers") }
    }
  }

  /// Integers in their own type: arithmetic wraps, division truncates and by zero gives 0.
  private func integers<T: FixedWidthInteger & TensorElement>(
    _ a: Tensor, _ b: Tensor, _ walk: RowWalk, as _: T.Type
  ) -> Tensor {
    let (x, y) = (a.elements(as: T.self), b.elements(as: T.self))
    func arithmetic(_ operation: (T, T) -> T) -> Tensor { Tensor(combined(x, y, walk, operation), shape: walk.shape) }
    func comparison(_ operation: (T, T) -> Bool) -> Tensor {
      Tensor(combined(x, y, walk, operation), shape: walk.shape)
    }
    switch kind {
    case .add: return arithmetic { $0 &+ $1 }
    case .subtract: return arithmetic { $0 &- $1 }
    case .multiply: return arithmetic { $0 &* $1 }
    case .divide: return arithmetic { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
    case .power: return arithmetic(power)
    case .minimum: return arithmetic { min($0, $1) }
    case .maximum: return arithmetic { max($0, $1) }
    case .modulo:
      return arithmetic { a, b in
        let r = remainder(a, b)
        return r != 0 && (r < 0) != (b < 0) ? r &+ b : r
      }
    case .remainder: return arithmetic(remainder)
    case .prelu: return arithmetic { $0 < 0 ? $0 &* $1 : $0 }
    case .and: return arithmetic { $0 & $1 }
    case .or: return arithmetic { $0 | $1 }
    case .xor: return arithmetic { $0 ^ $1 }
    case .shiftLeft: return arithmetic { $1 < 0 || $1 >= T.bitWidth ? 0 : $0 << $1 }
    case .shiftRight: return arithmetic { $1 < 0 || $1 >= T.bitWidth ? ($0 < 0 ? -1 : 0) : $0 >> $1 }
    case .equal: return comparison { $0 == $1 }
    case .less: return comparison { $0 < $1 }
    case .lessEqual: return comparison { $0 <= $1 }
    case .greater: return comparison { $0 > $1 }
    case .greaterEqual: return comparison { $0 >= $1 }
    }
  }
}

private func remainder<T: FixedWidthInteger>(_ a: T, _ b: T) -> T {
  b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
}

/// a to an integer exponent, wrapping; a negative exponent gives the truncated reciprocal.
private func power<T: FixedWidthInteger>(_ a: T, _ exponent: T) -> T {
  if exponent < 0 { return a == 1 ? 1 : T.isSigned && a == -1 ? (exponent & 1 == 0 ? 1 : a) : 0 }
  var (result, square, rest): (T, T, T) = (1, a, exponent)
  while rest > 0 {
    if rest & 1 == 1 { result = result &* square }
    square = square &* square
    rest >>= 1
  }
  return result
}

/// operation(a, b) over a broadcast shape.
private func combined<A, R>(_ a: [A], _ b: [A], _ walk: RowWalk, _ operation: (A, A) -> R) -> [R] {
  var result: [R] = []
  result.reserveCapacity(walk.shape.count)
  let (aStep, bStep) = (walk.rowStrides[0], walk.rowStrides[1])
  walk.forEachRow { _, offsets in
    var (i, j) = (offsets[0], offsets[1])
    for _ in 0..<walk.rowLength {
      result.append(operation(a[i], b[j]))
      i += aStep
      j += bStep
    }
  }
  return result
}
