import DLCData
import DLCTensor
import Foundation

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
