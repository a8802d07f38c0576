import DLCGraph
import DLCTensor

/// Convolution of integers: see `QuantizedWindowOperator`.
package struct QuantizedConvolution: Sendable, Hashable {
  /// The convolution that this one stands for; its function clamps.
  package var base: Convolution
  package var scheme: ContractionScheme

  package init(_ base: Convolution, _ scheme: ContractionScheme) {
    self.base = base
    self.scheme = scheme
  }
}

extension QuantizedConvolution: QuantizedWindowOperator {
  package var mnemonic: String { "qconv" }
  static var inputElements: [ElementType] { [.uint8, .int16] }
}
