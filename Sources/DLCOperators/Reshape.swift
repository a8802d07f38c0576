import DLCGraph
import DLCTensor

/// The same elements in the same order under another shape: x -> y.
package struct Reshape: Sendable, Hashable {
  package var shape: Shape

  package init(shape: Shape) {
    self.shape = shape
  }
}

extension Reshape: Operator {
  package var mnemonic: String { "reshape" }

  package var attributes: [OperatorAttribute] { [OperatorAttribute("shape", shape)] }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    let shape = try Shape(result: shape.dimensions)
    guard shape.count == inputs[0].shape.count else {
      throw OperatorError("expected a shape of \(inputs[0].shape.count) elements for \(inputs[0]), found \(shape)")
    }
    return [TensorType(inputs[0].element, shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] { [inputs[0].reshaped(to: shape)] }

  package var gradient: GradientRule {
    .rule { request, patch throws(OperatorError) in
      guard let gradient = request.outputGradients[0] else { return [nil] }
      return [try patch.emit(Reshape(shape: patch.type(of: request.inputs[0]).shape), gradient)]
    }
  }

  package var quantization: QuantizationRule { .sharedScale(inputs: [0]) }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering { .alias }

  /// Exists when the stored order keeps together, and in order, the input axes of each minimal piece of the reshape.
  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    guard let x = inputs.first?.shape, permutation.count == x.rank, !x.isEmpty else { return nil }
    let pieces = pieces(of: x)
    let stored = permutation.indices.sorted { permutation[$0] < permutation[$1] }.filter { x[$0] != 1 }
    var extents: [Int] = []
    var outputPermutation = [Int](repeating: 0, count: shape.rank)
    func append(_ outputs: Range<Int>) {
      for axis in outputs {
        outputPermutation[axis] = extents.count
        extents.append(shape[axis])
      }
    }
    // Output axes of extent 1 stay with the piece before them; the first ones stay in front.
    append(0..<(pieces.first?.outputs.lowerBound ?? shape.rank))
    var k = 0
    while k < stored.count {
      guard let piece = pieces.first(where: { $0.inputs.first == stored[k] }),
        stored[k...].starts(with: piece.inputs)
      else { return nil }
      append(piece.outputs)
      k += piece.inputs.count
    }
    return PermutedOperator(Reshape(shape: Shape(extents)), outputPermutations: [outputPermutation])
  }

  /// A minimal part of a reshape: these input axes (none of extent 1) become these output axes.
  private struct Piece {
    var inputs: [Int]
    var outputs: Range<Int>
  }

  /// Cuts the reshape of a shape without zeros into its minimal pieces.
  private func pieces(of x: Shape) -> [Piece] {
    let sources = (0..<x.rank).filter { x[$0] != 1 }
    let targets = (0..<shape.rank).filter { shape[$0] != 1 }
    var pieces: [Piece] = []
    var (i, j) = (0, 0)
    while i < sources.count, j < targets.count {
      let (firstSource, firstTarget) = (i, j)
      var (read, written) = (x[sources[i]], shape[targets[j]])
      i += 1
      j += 1
      while read != written {
        if read < written {
          read *= x[sources[i]]
          i += 1
        } else {
          written *= shape[targets[j]]
          j += 1
        }
      }
      let end = j < targets.count ? targets[j] : shape.rank
      pieces.append(Piece(inputs: Array(sources[firstSource..<i]), outputs: targets[firstTarget]..<end))
    }
    return pieces
  }
}
