import DLCGraph
import DLCTensor

/// Transposed convolution of integers: see `QuantizedWindowOperator`.
package struct QuantizedConvolutionTranspose: Sendable, Hashable {
  /// The transposed convolution that this one stands for; its function clamps.
  package var base: ConvolutionTranspose
  package var scheme: ContractionScheme

  package init(_ base: ConvolutionTranspose, _ scheme: ContractionScheme) {
    self.base = base
    self.scheme = scheme
  }
}

extension QuantizedConvolutionTranspose: QuantizedWindowOperator {
  package var mnemonic: String { "qconv_transpose" }
  static var inputElements: [ElementType] { [.uint8] }
}
