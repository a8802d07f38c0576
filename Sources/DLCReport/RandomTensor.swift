import DLCTensor
import Foundation

/// A small, fast, reproducible generator (Steele, Lea, Flood: SplitMix64, 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Tensor {
  /// Random values for an input: standard normal for floats, 0 or 1 for bool, 0 to 7 for integers (they are often indices).
  package static func random(_ type: TensorType, using generator: inout SplitMix64) -> Tensor {
    var values = [Double](repeating: 0, count: type.shape.count)
    for k in values.indices {
      if type.element.isFloat {
        // Box-Muller.
        let radius = (-2 * log(Double.random(in: Double.leastNonzeroMagnitude...1, using: &generator))).squareRoot()
        values[k] = radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &generator))
      } else {
        values[k] = Double(Int.random(in: 0...(type.element == .bool ? 1 : 7), using: &generator))
      }
    }
    return Tensor(doubles: values, type: type)
  }
}
