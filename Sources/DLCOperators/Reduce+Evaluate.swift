import DLCGraph
import DLCTensor
import Foundation

extension Reduce {
  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.map(\.type))[0]
    let x = inputs[0]
    let inexact = kind == .l2 || kind == .logSum || kind == .logSumExp
    if x.element.isFloat || inexact { return [Tensor(doubles: real(x), type: type)] }
    if x.element == .bool {
      let results = folded(x.doubles(), x.shape, from: kind == .maximum ? 0 : 1) {
        kind == .maximum ? max($0, $1) : min($0, $1)
      }
      return [Tensor(doubles: results, type: type)]
    }
    guard let integer = x.element.integerType else { throw OperatorError("\(mnemonic) of \(x.type)") }
    return [integers(x, as: integer).reshaped(to: type.shape)]
  }

  /// Combines each result's elements, in order, with `operation`.
  private func folded<T>(_ values: [T], _ shape: Shape, from start: T, _ operation: (T, T) -> T) -> [T] {
    let target = kept(shape)
    var results = [T](repeating: start, count: target.count)
    let walk = RowWalk(shape, broadcasting: [target])
    let step = walk.rowStrides[0]
    walk.forEachRow { position, offsets in
      for k in 0..<walk.rowLength {
        let to = offsets[0] + k * step
        results[to] = operation(results[to], values[position + k])
      }
    }
    return results
  }

  private func real(_ x: Tensor) -> [Double] {
    let values = x.doubles()
    let shape = x.shape
    let count = Double(axes.reduce(1) { $0 * shape[$1] })
    switch kind {
    case .sum: return folded(values, shape, from: 0, +)
    case .mean: return folded(values, shape, from: 0, +).map { $0 / count }
    case .maximum: return folded(values, shape, from: -.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 }
    case .minimum: return folded(values, shape, from: .infinity) { $0.isNaN || $0 < $1 ? $0 : $1 }
    case .product: return folded(values, shape, from: 1, *)
    case .l1: return folded(values, shape, from: 0) { $0 + $1.magnitude }
    case .l2: return folded(values, shape, from: 0) { $0 + $1 * $1 }.map { $0.squareRoot() }
    case .sumSquare: return folded(values, shape, from: 0) { $0 + $1 * $1 }
    case .logSum: return folded(values, shape, from: 0, +).map { log($0) }
    case .logSumExp:
      // The largest element is taken out, so that the sum of exponentials stays finite.
      let largest = folded(values, shape, from: -.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 }.map {
        $0.isFinite ? $0 : 0
      }
      let shift = Tensor(largest, shape: kept(shape)).expanded(to: shape).elements(as: Double.self)
      let sums = folded(zip(values, shift).map { exp($0 - $1) }, shape, from: 0, +)
      return zip(sums, largest).map { log($0) + $1 }
    }
  }

  /// Integers in their own type; sums and products wrap, a mean truncates and sums in 64 bits.
  private func integers<T: FixedWidthInteger & TensorElement>(_ x: Tensor, as _: T.Type) -> Tensor {
    let values = x.elements(as: T.self)
    let (shape, target) = (x.shape, kept(x.shape))
    let results: [T]
    switch kind {
    case .sum: results = folded(values, shape, from: 0, &+)
    case .maximum: results = folded(values, shape, from: T.min, max)
    case .minimum: results = folded(values, shape, from: T.max, min)
    case .product: results = folded(values, shape, from: 1, &*)
    case .l1: results = folded(values, shape, from: 0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }
    case .sumSquare: results = folded(values, shape, from: 0) { $0 &+ $1 &* $1 }
    case .mean:
      let count = axes.reduce(1) { $0 * shape[$1] }
      if count == 0 {
        results = [T](repeating: 0, count: target.count)
      } else if T.self == UInt64.self {
        let sums = folded(values.map { UInt64(truncatingIfNeeded: $0) }, shape, from: 0, &+)
        results = sums.map { T(truncatingIfNeeded: $0 / UInt64(count)) }
      } else {
        let sums = folded(values.map { Int64(truncatingIfNeeded: $0) }, shape, from: 0, &+)
        results = sums.map { T(truncatingIfNeeded: $0 / Int64(count)) }
      }
    case .l2, .logSum, .logSumExp: preconditionFailure("\(mnemonic) is computed in real numbers")
    }
    return Tensor(results, shape: target)
  }
}
