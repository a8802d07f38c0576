import CDLCKernels
import DLCGraph
import DLCTensor

/// Keeps the upper (or lower) triangle of the last two axes counted from `diagonal`, zero elsewhere: x -> y.
package struct Trilu: Sendable, Hashable {
  package var upper: Bool
  package var diagonal: Int

  package init(upper: Bool, diagonal: Int) {
    self.upper = upper
    self.diagonal = diagonal
  }
}

extension Trilu: Operator {
  package var mnemonic: String { upper ? "trilu.upper" : "trilu.lower" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("diagonal", diagonal)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(inputs[0].rank >= 2, "expected x of rank 2 or more, found \(inputs[0])")
    return [inputs[0]]
  }

  /// The diagonal within the matrix: further out nothing changes any more.
  private func bounded(_ shape: Shape) -> Int { min(max(diagonal, -shape[shape.rank - 2]), shape[shape.rank - 1]) }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let size = x.element.size
    let rows = x.shape[x.shape.rank - 2]
    let columns = x.shape[x.shape.rank - 1]
    let diagonal = bounded(x.shape)
    return [
      Tensor(x.type) { target in
        target.initializeMemory(as: UInt8.self, repeating: 0)
        x.withBytes { source in
          for row in 0..<(columns == 0 ? 0 : x.count / columns) {
            // Columns from the boundary on are the upper triangle; the diagonal is in both.
            let boundary = min(max(row % rows + diagonal + (upper ? 0 : 1), 0), columns)
            let kept = upper ? boundary..<columns : 0..<boundary
            let bytes = (row * columns + kept.lowerBound) * size..<(row * columns + kept.upperBound) * size
            UnsafeMutableRawBufferPointer(rebasing: target[bytes]).copyMemory(from: .init(rebasing: source[bytes]))
          }
        }
      }
    ]
  }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      return [try patch.emit(self, gradient)]
    }
  }

  package var quantization: QuantizationRule { .float("the zeros it writes are real zeros, not the zero point") }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let reason = request.limit { return .undefined(reason) }
    let parameters = dlc_trilu_params(
      upper: upper ? 1 : 0, k: try Int32(parameter: bounded(request.inputs[0].shape)))
    let operands = [request.input(0, acceptsPitch: true), request.output(acceptsPitch: true)]
    return .kernels([KernelCall(DLC_KERNEL_trilu, parameters, operands: operands)])
  }

  /// Exists while rows and columns stay last; where they change places, so do the triangles.
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    let rank = permutation.count
    guard rank >= 2, inputs.first?.rank == rank else { return nil }
    if permutation[rank - 2] == rank - 2, permutation[rank - 1] == rank - 1 {
      return PermutedOperator(self, outputPermutations: [permutation])
    }
    guard permutation[rank - 2] == rank - 1, permutation[rank - 1] == rank - 2, diagonal != .min else { return nil }
    return PermutedOperator(Trilu(upper: !upper, diagonal: -diagonal), outputPermutations: [permutation])
  }
}
