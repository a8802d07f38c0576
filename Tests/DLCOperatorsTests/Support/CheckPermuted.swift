import DLCGraph
import DLCTensor
import Testing

/// Checks `permuted(by:inputs:)`: the operator it gives, on inputs stored in the other order, answers the same.
func checkPermuted(
  _ op: any Operator, _ inputs: [Tensor], by permutation: [Int],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  guard let permuted = op.permuted(by: permutation, inputs: inputs.map(\.type)) else {
    Issue.record("\(op.mnemonic) is not permuted by \(permutation)", sourceLocation: sourceLocation)
    return
  }
  // x = transpose(x', permutation), so x' is x under the inverse.
  var inverse = permutation
  for (axis, from) in permutation.enumerated() { inverse[from] = axis }
  let moved = inputs.enumerated().map { k, input in
    permuted.unchangedInputs.contains(k) ? input : input.permuted(by: inverse)
  }
  let expected = try op.evaluate(inputs)
  let types = try permuted.op.infer(moved.map(\.type))
  let found = try permuted.op.evaluate(moved)
  #expect(found.map(\.type) == types, "\(op.mnemonic)", sourceLocation: sourceLocation)
  try #require(permuted.outputPermutations.count == expected.count, sourceLocation: sourceLocation)
  for (k, output) in found.enumerated() {
    let back = output.permuted(by: permuted.outputPermutations[k])
    #expect(back.shape == expected[k].shape, "\(op.mnemonic) output \(k)", sourceLocation: sourceLocation)
    let worst = zip(back.doubles(), expected[k].doubles()).map { abs($0 - $1) }.max() ?? 0
    #expect(worst < 1e-5, "\(op.mnemonic) output \(k) differs by \(worst)", sourceLocation: sourceLocation)
  }
}
