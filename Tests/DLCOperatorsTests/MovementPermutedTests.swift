import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Operators on inputs stored in another order.
@Suite struct MovementPermutedTests {
  /// Channels first seen as channels last: axis i of [N, C, H, W] is axis `toLast[i]` of [N, H, W, C].
  static let toLast = [0, 3, 1, 2]
  static let x = random(.float32, [2, 4, 3, 5])

  struct Example: Sendable, CustomStringConvertible {
    let op: any Operator
    let inputs: [Tensor]
    let permutation: [Int]

    init(_ op: any Operator, _ inputs: [Tensor] = [x], by permutation: [Int] = toLast) {
      self.op = op
      self.inputs = inputs
      self.permutation = permutation
    }

    var description: String { "\(op.mnemonic) \(op.attributes.map(\.value)) of \(inputs[0].shape) by \(permutation)" }
  }

  static func shaped(_ shape: Int...) -> [Tensor] { [random(.float32, shape)] }

  static let examples: [Example] = [
    Example(Transpose(permutation: [3, 1, 0, 2])),
    Example(Concatenate(axis: 1), [x, random(.float32, [2, 1, 3, 5], seed: 2)]),
    Example(Slice(starts: [0, 3, 1, 0], counts: [1, 2, 2, 5], steps: [1, -2, 1, 1])),
    Example(Expand(shape: [2, 4, 3, 5]), shaped(2, 1, 3, 1)),
    Example(Tile(repeats: [1, 2, 3, 1])),
    Example(Gather(axis: 1), [x, tensor(.int64, [2], [3, 0])]),
    Example(Gather(axis: 1), [x, tensor(.int64, [], [2])]),
    Example(Gather(axis: 2), [x, tensor(.int64, [2, 1], [2, 0])]),
    Example(Gather(axis: 3), [x, tensor(.int64, [2], [4, 1])], by: [2, 0, 3, 1]),
    Example(GatherElements(axis: 1), [x, tensor(.int64, [1, 2, 1, 2], [0, 3, 1, 2])]),
    Example(
      ScatterElements(axis: 1, reduction: .add),
      [x, tensor(.int64, [1, 2, 1, 2], [0, 3, 0, 2]), random(.float32, [1, 2, 1, 2], seed: 3)]),
    Example(Pad(.reflect, before: [0, 1, 2, 0], after: [0, 0, -1, 3])),
    Example(
      Pad(.constant, before: [0, 1, 2, 0], after: [0, 0, 1, 3], hasValue: true), [x, tensor(.float32, [], [7])]),
    Example(TopK(count: 2, axis: 1, largest: true, sorted: true)),
    Example(Trilu(upper: true, diagonal: 1), by: [1, 0, 2, 3]),
    Example(Trilu(upper: true, diagonal: 1), by: [0, 1, 3, 2]),
    Example(ReverseSequence(timeAxis: 1, batchAxis: 0), [x, tensor(.int64, [2], [3, 4])]),
    // ShuffleNet splits channels; with one image, the batch axis is of extent 1.
    Example(Reshape(shape: [2, 2, 2, 3, 5])),
    Example(Reshape(shape: [1, 2, 2, 3, 5]), shaped(1, 4, 3, 5)),
    // Flattening after global pooling.
    Example(Reshape(shape: [2, 4]), shaped(2, 4, 1, 1)),
    Example(Reshape(shape: [1, 4]), shaped(1, 4, 1, 1)),
    // Positions merged, as before attention.
    Example(Reshape(shape: [2, 4, 15])),
    // DepthToSpace, both orders: channels split, space split, space merged.
    Example(Reshape(shape: [2, 2, 2, 3, 5]), by: [0, 3, 1, 2]),
    Example(Reshape(shape: [2, 2, 2, 2, 2, 3, 1]), shaped(2, 4, 4, 3)),
    Example(Reshape(shape: [2, 4, 2, 3, 2, 2]), shaped(2, 4, 6, 4)),
    Example(Reshape(shape: [2, 4, 6, 4]), shaped(2, 4, 2, 3, 2, 2), by: [0, 5, 1, 2, 3, 4]),
    Example(Reshape(shape: [1, 1, 1]), shaped(1, 1), by: [1, 0]),
    Example(Reshape(shape: []), shaped(1, 1), by: [1, 0]),
    Example(Reshape(shape: [1, 1, 2, 1, 4, 1, 15, 1])),
  ]

  @Test(arguments: examples) func answersTheSame(_ example: Example) throws {
    try checkPermuted(example.op, example.inputs, by: example.permutation)
  }

  @Test func knowsWhereNoReshapeExists() {
    let x = TensorType(.float32, [2, 4, 3, 5])
    // Channels and positions merge, but they are not side by side in that order.
    expectNone(Reshape(shape: [2, 60]).permuted(by: [0, 3, 1, 2], inputs: [x]))
    expectNone(Reshape(shape: [2, 12, 5]).permuted(by: [0, 3, 1, 2], inputs: [x]))
    expectNone(Reshape(shape: [2, 4, 15]).permuted(by: [0, 1, 3, 2], inputs: [x]))
    // 2 x 6 cannot be cut out of 4 x 3 without joining them.
    expectNone(Reshape(shape: [2, 2, 6, 5]).permuted(by: [0, 3, 1, 2], inputs: [x]))
    expectNone(Reshape(shape: [0, 1]).permuted(by: [1, 0], inputs: [TensorType(.float32, [0, 2])]))
    expectNone(Trilu(upper: true, diagonal: 0).permuted(by: [0, 3, 1, 2], inputs: [x]))
    expectNone(OneHot(depth: 2, axis: 0).permuted(by: [0, 3, 1, 2], inputs: [x, x]))
  }

  private func expectNone(_ permuted: PermutedOperator?, sourceLocation: SourceLocation = #_sourceLocation) {
    if let permuted { Issue.record("found \(permuted)", sourceLocation: sourceLocation) }
  }

  @Test func keepsTheFormThatShuffleNetNeeds() throws {
    let permuted = try #require(
      Reshape(shape: [1, 2, 2, 3, 5]).permuted(by: [0, 3, 1, 2], inputs: [TensorType(.float32, [1, 4, 3, 5])]))
    #expect(permuted.op as? Reshape == Reshape(shape: [1, 3, 5, 2, 2]))
    #expect(permuted.outputPermutations == [[0, 3, 4, 1, 2]])
  }
}
