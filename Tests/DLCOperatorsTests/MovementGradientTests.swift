import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Gradient rules against central differences.
@Suite struct MovementGradientTests {
  struct Example: Sendable, CustomStringConvertible {
    let op: any Operator
    let inputs: [Tensor]

    init(_ op: any Operator, _ inputs: [Tensor]) {
      self.op = op
      self.inputs = inputs
    }

    var description: String { "\(op.mnemonic) \(op.attributes.map(\.value)) of \(inputs.map(\.shape))" }
  }

  static func x(_ shape: Int..., seed: UInt64 = 1) -> Tensor { random(.float64, shape, seed: seed) }
  static func indices(_ shape: [Int], _ values: Double...) -> Tensor { tensor(.int64, shape, values) }
  static func f64(_ shape: [Int], _ values: Double...) -> Tensor { tensor(.float64, shape, values) }

  static let examples: [Example] = [
    Example(Transpose(permutation: [2, 0, 1]), [x(2, 3, 4)]),
    Example(Reshape(shape: [4, 3]), [x(2, 6)]),
    Example(Concatenate(axis: 1), [x(2, 1), x(2, 3, seed: 2), x(2, 2, seed: 3)]),
    Example(Slice(starts: [1, 0], counts: [2, 3], steps: [1, 1]), [x(4, 3)]),
    Example(Slice(starts: [0, 1], counts: [2, 2], steps: [3, 2]), [x(5, 4)]),
    Example(Slice(starts: [4, 3, 0], counts: [2, 4, 1], steps: [-3, -1, -2]), [x(5, 4, 2)]),
    Example(Slice(starts: [0, 0], counts: [0, 3], steps: [1, 1]), [x(2, 3)]),
    Example(Slice(starts: [0], counts: [3], steps: [1]), [x(3)]),
    Example(Expand(shape: [2, 3, 4]), [x(3, 1)]),
    Example(Expand(shape: [2, 3]), [x(2, 3)]),
    Example(Expand(shape: [2, 2]), [x()]),
    Example(Tile(repeats: [2, 1, 3]), [x(2, 3, 1)]),
    Example(Tile(repeats: [1, 1]), [x(2, 3)]),
    Example(Gather(axis: 1), [x(2, 3, 2), indices([2, 2], 0, -1, 2, 1)]),
    Example(Gather(axis: 0), [x(3, 2), indices([], -1)]),
    Example(Gather(axis: 0), [x(3, 2), tensor(.int32, [3], [1, 1, 0])]),
    Example(GatherElements(axis: 0), [x(3, 2), indices([2, 2], 2, 0, 2, -1)]),
    Example(GatherND(batchDimensions: 0), [x(2, 3, 2), indices([3, 2], 0, 1, 1, -1, 0, 1)]),
    Example(GatherND(batchDimensions: 1), [x(2, 3, 2), indices([2, 2, 1], 0, 0, 2, -3)]),
    Example(ScatterElements(axis: 0, reduction: .replace), [x(3, 2), indices([2, 1], 2, 0), x(2, 1, seed: 2)]),
    Example(ScatterElements(axis: 0, reduction: .add), [x(3, 2), indices([2, 2], 2, 0, 2, 1), x(2, 2, seed: 2)]),
    Example(ScatterElements(axis: 0, reduction: .maximum), [x(3, 2), indices([2, 2], 2, 0, 2, 1), x(2, 2, seed: 2)]),
    Example(ScatterElements(axis: 0, reduction: .minimum), [x(3, 2), indices([2, 2], 2, 0, 2, 1), x(2, 2, seed: 2)]),
    Example(ScatterElements(axis: 0, reduction: .multiply), [x(3, 2), indices([2, 2], 2, 0, 2, 1), x(2, 2, seed: 2)]),
    // Factors of zero: alone at their place, and two at one.
    Example(ScatterElements(axis: 0, reduction: .multiply), [x(3), indices([4], 0, 1, 1, 1), f64([4], 0, 0, 2, 0)]),
    Example(ScatterND(reduction: .replace), [x(3, 2), indices([2, 1], 2, 0), x(2, 2, seed: 2)]),
    Example(ScatterND(reduction: .multiply), [x(3, 2), indices([2, 1], 2, 2), x(2, 2, seed: 2)]),
    Example(Pad(.constant, before: [1, 0], after: [0, 2]), [x(2, 3)]),
    Example(Pad(.constant, before: [-1, 2], after: [1, -1], hasValue: true), [x(2, 3), x()]),
    Example(Pad(.constant, before: [1], after: [0], hasValue: true), [x(2), x(1, seed: 4)]),
    Example(Pad(.reflect, before: [1, 2], after: [0, 1]), [x(2, 3)]),
    Example(Pad(.edge, before: [1, -1], after: [2, 1]), [x(2, 3)]),
    Example(Pad(.wrap, before: [0, 2], after: [0, 4]), [x(2, 3)]),
    Example(TopK(count: 2, axis: 1, largest: true, sorted: true), [x(2, 4)]),
    Example(OneHot(depth: 3, axis: 1), [indices([2], 2, 0), x(2)]),
    Example(Trilu(upper: true, diagonal: 0), [x(2, 3, 3)]),
    Example(Trilu(upper: false, diagonal: -1), [x(3, 3)]),
    Example(ReverseSequence(timeAxis: 1, batchAxis: 0), [x(2, 3, 2), indices([2], 2, 3)]),
  ]

  @Test(arguments: examples) func agreesWithDifferences(_ example: Example) throws {
    try checkGradient(example.op, example.inputs)
  }
}
