import DLCGraph
import DLCTensor

/// Matrix product with numpy batch broadcasting: a `[..., M, K]`, b `[..., K, N]`, bias? `[N]`, residual? -> y `[..., M, N]`.
///
/// `transposeA` and `transposeB` swap the last two axes of that input first. Both inputs have rank 2 or more.
package struct MatMul: Sendable, Hashable {
  package var transposeA: Bool
  package var transposeB: Bool
  package var epilogue: Epilogue

  package init(transposeA: Bool = false, transposeB: Bool = false, epilogue: Epilogue = .none) {
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.epilogue = epilogue
  }
}

extension MatMul: Operator {
  package var mnemonic: String { "matmul" }

  package var attributes: [OperatorAttribute] {
    (transposeA ? [OperatorAttribute("transpose_a", true)] : [])
      + (transposeB ? [OperatorAttribute("transpose_b", true)] : [])
      + epilogue.attributes
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try epilogue.requireCount(inputs, "a", "b")
    let (a, b) = (inputs[0], inputs[1])
    try OperatorError.require(a, "a", in: ElementType.floats + [.int32, .int64, .uint32, .uint64])
    try OperatorError.require(a.element == b.element, "expected a and b of one element type, found \(a) and \(b)")
    try OperatorError.require(a.rank >= 2 && b.rank >= 2, "expected matrices, found \(a) and \(b)")
    let size = extents(a.shape, b.shape)
    try OperatorError.require(
      size.depth == depth(b.shape),
      "expected equal inner extents, found \(size.depth) of \(a) and \(depth(b.shape)) of \(b)")
    let batch = try Shape.broadcasting([Self.batch(a.shape), Self.batch(b.shape)])
    let y = TensorType(a.element, try Shape(result: batch.dimensions + [size.rows, size.columns]))
    try epilogue.requireFit(inputs, result: y, channels: size.columns)
    return [y]
  }

  /// The axes before the matrices.
  static func batch(_ shape: Shape) -> Shape { Shape(Array(shape.dimensions.dropLast(2))) }

  /// M, K and N of the product, K as a has it.
  func extents(_ a: Shape, _ b: Shape) -> (rows: Int, depth: Int, columns: Int) {
    let (rows, depth) = transposeA ? (a[a.rank - 1], a[a.rank - 2]) : (a[a.rank - 2], a[a.rank - 1])
    return (rows, depth, transposeB ? b[b.rank - 2] : b[b.rank - 1])
  }

  private func depth(_ b: Shape) -> Int { transposeB ? b[b.rank - 1] : b[b.rank - 2] }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    // Plain matrices [batch..., M, K] and, transposed for contiguous sums, [batch..., N, K].
    let a = transposeA ? Self.transposed(inputs[0]) : inputs[0]
    let b = transposeB ? inputs[1] : Self.transposed(inputs[1])
    if let integer = y.element.integerType { return [integers(a, b, y, as: integer)] }
    var values = products(a.doubles(), b.doubles(), a.shape, b.shape, y.shape, zero: 0) { $0 + $1 * $2 }
    epilogue.apply(
      to: &values, bias: epilogue.positions.bias.map { inputs[$0] },
      residual: epilogue.positions.residual.map { inputs[$0] })
    return [Tensor(doubles: values, type: y)]
  }

  /// The matrices transposed.
  static func transposed(_ x: Tensor) -> Tensor { x.permuted(by: swap(rank: x.shape.rank)) }

  /// The permutation that swaps the last two axes.
  static func swap(rank: Int) -> [Int] { Array(0..<rank - 2) + [rank - 1, rank - 2] }

  private func integers<T: FixedWidthInteger & TensorElement>(
    _ a: Tensor, _ b: Tensor, _ y: TensorType, as _: T.Type
  ) -> Tensor {
    let values = products(a.elements(as: T.self), b.elements(as: T.self), a.shape, b.shape, y.shape, zero: 0) {
      $0 &+ $1 &* $2
    }
    return Tensor(values, shape: y.shape)
  }

  /// y[m, n] = sum over k of a[m, k] b[n, k], for each matrix of the broadcast batch.
  private func products<T>(
    _ a: [T], _ b: [T], _ aShape: Shape, _ bShape: Shape, _ shape: Shape, zero: T, _ accumulate: (T, T, T) -> T
  ) -> [T] {
    let (rows, depth, columns) = (shape[shape.rank - 2], aShape[aShape.rank - 1], shape[shape.rank - 1])
    var result = [T](repeating: zero, count: shape.count)
    let walk = RowWalk(
      Shape(Self.batch(shape).dimensions + [1]),
      broadcasting: [Shape(Self.batch(aShape).dimensions + [1]), Shape(Self.batch(bShape).dimensions + [1])])
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        result.withUnsafeMutableBufferPointer { result in
          walk.forEachRow { matrix, offsets in
            for m in 0..<rows {
              for n in 0..<columns {
                var sum = zero
                let (row, column) = ((offsets[0] * rows + m) * depth, (offsets[1] * columns + n) * depth)
                for k in 0..<depth { sum = accumulate(sum, a[row + k], b[column + k]) }
                result[(matrix * rows + m) * columns + n] = sum
              }
            }
          }
        }
      }
    }
    return result
  }

  package var quantization: QuantizationRule { .integer(weights: 1, axis: transposeB ? -2 : -1) }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? { nil }
}
