import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// What each movement operator accepts and computes, against values worked out by hand.
@Suite struct MovementTests {
  struct Evaluation: Sendable, CustomStringConvertible {
    let description: String
    let op: any Operator
    let inputs: [Tensor]
    let outputs: [Tensor]

    init(_ op: any Operator, _ inputs: [Tensor], _ outputs: Tensor...) {
      self.op = op
      self.inputs = inputs
      self.outputs = outputs
      description = "\(op.mnemonic) \(op.attributes.map(\.value)) of \(inputs.map(\.type))"
    }
  }

  /// 0, 1, 2, ...
  static func counting(_ element: ElementType, _ shape: Int...) -> Tensor {
    tensor(element, shape, (0..<shape.reduce(1, *)).map(Double.init))
  }

  static func i64(_ shape: [Int], _ values: Double...) -> Tensor { tensor(.int64, shape, values) }
  static func f32(_ shape: [Int], _ values: Double...) -> Tensor { tensor(.float32, shape, values) }

  static let evaluations: [Evaluation] = [
    Evaluation(Transpose(permutation: [1, 0]), [counting(.int8, 2, 3)], tensor(.int8, [3, 2], [0, 3, 1, 4, 2, 5])),
    Evaluation(
      Transpose(permutation: [1, 2, 0]), [counting(.float64, 2, 1, 3)],
      tensor(.float64, [1, 3, 2], [0, 3, 1, 4, 2, 5])),
    Evaluation(Transpose(permutation: []), [f32([], 4)], f32([], 4)),
    Evaluation(Transpose(permutation: [1, 0]), [f32([0, 3])], f32([3, 0])),
    Evaluation(Reshape(shape: [3, 2]), [counting(.uint8, 2, 3)], counting(.uint8, 3, 2)),
    Evaluation(
      Concatenate(axis: 1), [f32([2, 1], 1, 2), f32([2, 0]), f32([2, 2], 3, 4, 5, 6)], f32([2, 3], 1, 3, 4, 2, 5, 6)),
    Evaluation(Concatenate(axis: 0), [f32([1], 1), f32([2], 2, 3)], f32([3], 1, 2, 3)),
    Evaluation(
      Slice(starts: [1, 2], counts: [1, 2], steps: [1, -2]), [counting(.int16, 2, 3)], tensor(.int16, [1, 2], [5, 3])),
    Evaluation(
      Slice(starts: [9, 0], counts: [0, 3], steps: [1, 1]), [counting(.int16, 2, 3)], tensor(.int16, [0, 3], [])),
    Evaluation(Expand(shape: [2, 2, 3]), [f32([2, 1], 1, 2)], f32([2, 2, 3], 1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2)),
    Evaluation(Expand(shape: [0, 3]), [f32([1, 3], 1, 2, 3)], f32([0, 3])),
    Evaluation(Tile(repeats: [2, 2]), [f32([1, 2], 1, 2)], f32([2, 4], 1, 2, 1, 2, 1, 2, 1, 2)),
    Evaluation(Tile(repeats: [2]), [f32([2], 1, 2)], f32([4], 1, 2, 1, 2)),
    Evaluation(
      Gather(axis: 1), [counting(.int32, 2, 3), i64([2, 1], -1, 0)], tensor(.int32, [2, 2, 1], [2, 0, 5, 3])),
    Evaluation(Gather(axis: 0), [counting(.int8, 2, 3), tensor(.int32, [], [1])], tensor(.int8, [3], [3, 4, 5])),
    Evaluation(
      GatherElements(axis: 0), [counting(.float32, 3, 2), i64([2, 2], 2, 0, 0, -1)], f32([2, 2], 4, 1, 0, 5)),
    Evaluation(GatherND(batchDimensions: 0), [counting(.float32, 2, 2), i64([2, 2], 0, 0, 1, -1)], f32([2], 0, 3)),
    Evaluation(
      GatherND(batchDimensions: 1), [counting(.float32, 2, 2, 2), i64([2, 1], 1, 0)], f32([2, 2], 2, 3, 4, 5)),
    Evaluation(
      ScatterElements(axis: 1, reduction: .replace),
      [f32([1, 4], 1, 2, 3, 4), i64([1, 2], 1, -1), f32([1, 2], 8, 9)],
      f32([1, 4], 1, 8, 3, 9)),
    Evaluation(
      ScatterElements(axis: 0, reduction: .add), [f32([2], 1, 2), i64([3], 1, 1, 0), f32([3], 10, 20, 5)],
      f32([2], 6, 32)),
    Evaluation(
      ScatterElements(axis: 0, reduction: .multiply),
      [tensor(.int8, [2], [100, 3]), i64([2], 0, 1), tensor(.int8, [2], [3, 3])],
      tensor(.int8, [2], [44, 9])),
    Evaluation(
      ScatterND(reduction: .maximum), [f32([2, 2], 1, 2, 3, 4), i64([2, 1], 1, 1), f32([2, 2], 0, 9, 7, 5)],
      f32([2, 2], 1, 2, 7, 9)),
    Evaluation(
      ScatterND(reduction: .minimum),
      [tensor(.float16, [3], [1, 2, 3]), i64([1, 1], 2), tensor(.float16, [1], [-1])],
      tensor(.float16, [3], [1, 2, -1])),
    Evaluation(Pad(.constant, before: [1], after: [1]), [f32([2], 5, 6)], f32([4], 0, 5, 6, 0)),
    Evaluation(
      Pad(.constant, before: [0, -1], after: [1, 2], hasValue: true),
      [counting(.int16, 1, 3), tensor(.int16, [], [7])],
      tensor(.int16, [2, 4], [1, 2, 7, 7, 7, 7, 7, 7])),
    Evaluation(Pad(.reflect, before: [2], after: [4]), [f32([3], 1, 2, 3)], f32([9], 3, 2, 1, 2, 3, 2, 1, 2, 3)),
    Evaluation(Pad(.edge, before: [1], after: [2]), [f32([2], 1, 2)], f32([5], 1, 1, 2, 2, 2)),
    Evaluation(Pad(.wrap, before: [1], after: [3]), [f32([2], 1, 2)], f32([6], 2, 1, 2, 1, 2, 1)),
    Evaluation(
      TopK(count: 3, axis: 0, largest: true, sorted: true), [f32([5], 1, .nan, 3, 3, -0)], f32([3], .nan, 3, 3),
      i64([3], 1, 2, 3)),
    Evaluation(
      TopK(count: 2, axis: 1, largest: false, sorted: true), [tensor(.int8, [2, 3], [-3, 1, -3, 5, 4, 6])],
      tensor(.int8, [2, 2], [-3, -3, 4, 5]), i64([2, 2], 0, 2, 1, 0)),
    Evaluation(
      TopK(count: 1, axis: 0, largest: true, sorted: true), [tensor(.uint8, [2, 2], [1, 200, 2, 100])],
      tensor(.uint8, [1, 2], [2, 200]), i64([1, 2], 1, 0)),
    Evaluation(
      OneHot(depth: 3, axis: 1), [i64([3], 2, -1, 3), f32([2], 5, 9)], f32([3, 3], 5, 5, 9, 5, 5, 9, 5, 5, 5)),
    Evaluation(
      OneHot(depth: 2, axis: 0), [f32([2], 1.5, .nan), tensor(.int8, [2], [0, 1])],
      tensor(.int8, [2, 2], [0, 0, 1, 0])),
    Evaluation(Trilu(upper: true, diagonal: 1), [f32([2, 3], 1, 2, 3, 4, 5, 6)], f32([2, 3], 0, 2, 3, 0, 0, 6)),
    Evaluation(Trilu(upper: false, diagonal: 0), [f32([2, 3], 1, 2, 3, 4, 5, 6)], f32([2, 3], 1, 0, 0, 4, 5, 0)),
    Evaluation(Trilu(upper: false, diagonal: .max), [f32([1, 1, 2], 1, 2)], f32([1, 1, 2], 1, 2)),
    Evaluation(Trilu(upper: false, diagonal: .min), [f32([1, 1, 2], 1, 2)], f32([1, 1, 2], 0, 0)),
    Evaluation(
      ReverseSequence(timeAxis: 1, batchAxis: 0), [counting(.float32, 2, 3), i64([2], 2, 3)],
      f32([2, 3], 1, 0, 2, 5, 4, 3)),
    Evaluation(
      ReverseSequence(timeAxis: 0, batchAxis: 1), [counting(.float32, 2, 2, 1), i64([2], 0, 2)],
      f32([2, 2, 1], 0, 3, 2, 1)),
  ]

  @Test(arguments: evaluations) func evaluates(_ example: Evaluation) throws {
    #expect(try example.op.infer(example.inputs.map(\.type)) == example.outputs.map(\.type))
    #expect(try example.op.evaluate(example.inputs) == example.outputs)
  }

  @Test(arguments: evaluations) func lowersToKernels(_ example: Evaluation) throws {
    try checkLowered(example.op, example.inputs, tolerance: 0)
  }

  struct Refusal: Sendable, CustomStringConvertible {
    let op: any Operator
    let inputs: [TensorType]
    let description: String

    init(_ op: any Operator, _ inputs: [TensorType], _ reason: String) {
      self.op = op
      self.inputs = inputs
      description = reason
    }
  }

  private static func f32(_ shape: Shape) -> TensorType { TensorType(.float32, shape) }
  private static func i64(_ shape: Shape) -> TensorType { TensorType(.int64, shape) }

  static let refusals: [Refusal] = [
    Refusal(Transpose(permutation: [0]), [], "expected 1 inputs (x), found 0"),
    Refusal(
      Transpose(permutation: [0, 0]), [f32([2, 3])], "expected a permutation of the 2 axes of f32[2,3], found [0, 0]"),
    Refusal(Reshape(shape: [4]), [f32([2, 3])], "expected a shape of 6 elements for f32[2,3], found [4]"),
    Refusal(Reshape(shape: [-1]), [f32([2, 3])], "result extents [-1] are negative or too large"),
    Refusal(Concatenate(axis: 0), [], "expected one input or more, found 0"),
    Refusal(Concatenate(axis: 1), [f32([2])], "expected an axis of 0..<1, found 1"),
    Refusal(
      Concatenate(axis: 0), [f32([2, 3]), f32([2, 4])],
      "expected input 1 to equal f32[2,3] except along axis 0, found f32[2,4]"),
    Refusal(
      Concatenate(axis: 0), [f32([2]), i64([2])], "expected input 1 to equal f32[2] except along axis 0, found i64[2]"),
    Refusal(Slice(starts: [0], counts: [1], steps: []), [f32([2])], "expected 1 steps for f32[2], found 0"),
    Refusal(
      Slice(starts: [0], counts: [3], steps: [1]), [f32([2])],
      "expected a slice within the 2 elements along axis 0, found 0...2"),
    Refusal(
      Slice(starts: [0], counts: [2], steps: [0]), [f32([2])], "expected a step other than 0 along axis 0, found 0"),
    Refusal(
      Slice(starts: [1], counts: [3], steps: [.max]), [f32([4])], "2 * 9223372036854775807 is too large an extent"),
    Refusal(Expand(shape: [3]), [f32([2])], "expected a shape that [3] broadcasts from, found f32[2]"),
    Refusal(Tile(repeats: [-1]), [f32([2])], "expected repeats of 0 or more, found -1 along axis 0"),
    Refusal(Tile(repeats: [.max]), [f32([2])], "2 * 9223372036854775807 is too large an extent"),
    Refusal(Gather(axis: 0), [f32([2]), f32([1])], "expected indices of i32, i64, found f32[1]"),
    Refusal(
      GatherElements(axis: 0), [f32([2, 3]), i64([5, 4])],
      "expected indices of at most 3 along axis 1 as f32[2,3], found i64[5,4]"),
    Refusal(GatherElements(axis: 0), [f32([2, 3]), i64([2])], "expected indices of rank 2 as f32[2,3], found i64[2]"),
    Refusal(
      GatherND(batchDimensions: 0), [f32([2, 3]), i64([1, 3])],
      "expected indices [..., 1...2] into f32[2,3], found i64[1,3]"),
    Refusal(
      GatherND(batchDimensions: 1), [f32([2, 3]), i64([3, 1])],
      "expected indices to share the first 1 axes of f32[2,3], found i64[3,1]"),
    Refusal(
      ScatterElements(axis: 0, reduction: .add), [f32([2]), i64([1]), f32([2])],
      "expected updates to be f32[1], found f32[2]"),
    Refusal(
      ScatterND(reduction: .add), [TensorType(.bool, [2]), i64([1, 1]), TensorType(.bool, [1])],
      "expected data to add of f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, found bool[2]"),
    Refusal(
      Pad(.constant, before: [-2], after: [-1]), [f32([2])],
      "expected to remove at most the 2 elements of axis 0, found -2 and -1"),
    Refusal(
      Pad(.reflect, before: [1], after: [0]), [f32([0])],
      "expected an element to reflect along axis 0 of f32[0], found none"),
    Refusal(
      Pad(.constant, before: [0], after: [0], hasValue: true), [f32([2]), i64([])],
      "expected the value to be one element of f32, found i64[]"),
    Refusal(
      Pad(.constant, before: [.max], after: [.max]), [f32([2])], "2 + 9223372036854775807 is too large an extent"),
    Refusal(
      TopK(count: 3, axis: 0, largest: true, sorted: true), [f32([2])],
      "expected a count of 0...2 along axis 0, found 3"),
    Refusal(OneHot(depth: 3, axis: 0), [i64([2]), f32([3])], "expected values [2], off and on, found f32[3]"),
    Refusal(OneHot(depth: -1, axis: 0), [i64([2]), f32([2])], "result extents [-1, 2] are negative or too large"),
    Refusal(Trilu(upper: true, diagonal: 0), [f32([2])], "expected x of rank 2 or more, found f32[2]"),
    Refusal(
      ReverseSequence(timeAxis: 0, batchAxis: 0), [f32([2, 3]), i64([2])], "expected two different axes, found 0 twice"
    ),
    Refusal(
      ReverseSequence(timeAxis: 0, batchAxis: 1), [f32([2, 3]), i64([2])], "expected lengths to be i64[3], found i64[2]"
    ),
  ]

  @Test(arguments: refusals) func refuses(_ example: Refusal) {
    #expect(throws: OperatorError(example.description)) { try example.op.infer(example.inputs) }
  }

  @Test func refusesIndicesOutsideTheirAxis() {
    let x = MovementTests.f32([2], 1, 2)
    let outside = OperatorError("expected indices in -2..<2, found 2")
    #expect(throws: outside) { try Gather(axis: 0).evaluate([x, MovementTests.i64([1], 2)]) }
    #expect(throws: outside) { try GatherElements(axis: 0).evaluate([x, MovementTests.i64([1], 2)]) }
    #expect(throws: outside) { try GatherND(batchDimensions: 0).evaluate([x, MovementTests.i64([1, 1], 2)]) }
    #expect(throws: outside) { try ScatterND(reduction: .add).evaluate([x, MovementTests.i64([1, 1], 2), x]) }
    #expect(throws: OperatorError("expected lengths of 0...1, found 2")) {
      try ReverseSequence(timeAxis: 1, batchAxis: 0).evaluate([
        MovementTests.f32([2, 1], 1, 2), MovementTests.i64([2], 2, 0),
      ])
    }
  }

  @Test func readsTensorsAtAnyAlignment() throws {
    final class Owner {}
    var bytes = [UInt8](repeating: 0, count: 1)
    for value in [Float(1), 2, 3, 4, 5, 6] { bytes += withUnsafeBytes(of: value) { [UInt8]($0) } }
    // The bytes stay where they are as long as the array lives.
    try bytes.withUnsafeBytes { (buffer) throws in
      let storage = TensorStorage(bytes: UnsafeRawBufferPointer(rebasing: buffer[1...]), owner: Owner())
      let x = Tensor(TensorType(.float32, [2, 3]), storage: storage)
      #expect(try Transpose(permutation: [1, 0]).evaluate([x])[0].doubles() == [1, 4, 2, 5, 3, 6])
      #expect(try Pad(.edge, before: [0, 1], after: [0, 0]).evaluate([x])[0].doubles() == [1, 1, 2, 3, 4, 4, 5, 6])
    }
  }

  @Test func transposesBeyondOneTile() throws {
    let x = random(.float64, [3, 70, 45])
    let y = try Transpose(permutation: [2, 0, 1]).evaluate([x])[0]
    let (from, to) = (x.doubles(), y.doubles())
    for a in 0..<3 {
      for b in 0..<70 {
        for c in 0..<45 where to[(c * 3 + a) * 70 + b] != from[(a * 70 + b) * 45 + c] {
          Issue.record("element \(a) \(b) \(c)")
          return
        }
      }
    }
  }
}
