import DLCGraph
import DLCTensor

extension MatMul {
  package var gradient: GradientRule {
    if epilogue.function != nil { return .undefined("gradients are taken before fusion") }
    return .rule { (request, patch) throws(OperatorError) in
      guard let g = request.outputGradients[0] else { return request.inputs.map { _ in nil } }
      let (a, b) = (request.inputs[0], request.inputs[1])
      let da =
        transposeA
        ? try patch.emit(MatMul(transposeA: transposeB, transposeB: true), b, g)
        : try patch.emit(MatMul(transposeB: !transposeB), g, b)
      let db = try rightGradient(&patch, a: a, b: b, g: g)
      let own = try patch.sum(da, to: patch.type(of: a).shape)
      return [own, db] + (try epilogue.gradients(&patch, g: g, channels: .last))
    }
  }

  private func rightGradient(
    _ patch: inout GraphPatch, a: ValueID, b: ValueID, g: ValueID
  ) throws(OperatorError) -> ValueID {
    let (aShape, bShape, gShape) = (patch.type(of: a).shape, patch.type(of: b).shape, patch.type(of: g).shape)
    var (left, seed) = (a, g)
    if bShape.rank == 2 && !transposeA && Self.batch(aShape) == Self.batch(gShape) {
      // All batches share b: one product over all rows instead of a sum of products.
      let rows = aShape.dimensions.dropLast().reduce(1, *)
      left = try patch.reshape(a, to: Shape([rows, aShape[aShape.rank - 1]]))
      seed = try patch.reshape(g, to: Shape([rows, gShape[gShape.rank - 1]]))
    }
    let db =
      transposeB
      ? try patch.emit(MatMul(transposeA: true, transposeB: transposeA), seed, left)
      : try patch.emit(MatMul(transposeA: !transposeA), left, seed)
    return try patch.sum(db, to: bShape)
  }
}
