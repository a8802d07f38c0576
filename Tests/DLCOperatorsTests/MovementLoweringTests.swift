import CDLCKernels
import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// What stands in a plan for movements, beside the equivalence of every evaluation example.
@Suite struct MovementLoweringTests {
  static func lower(_ op: any Operator, _ inputs: TensorType...) throws -> Lowering {
    let outputs = try op.infer(inputs)
    return try op.lower(LoweringRequest(inputs: inputs, outputs: outputs, constants: inputs.map { _ in nil }))
  }

  static func f32(_ shape: Shape) -> TensorType { TensorType(.float32, shape) }

  /// A lowering in a word or two.
  static func kind(_ lowering: Lowering) -> String {
    switch lowering {
    case .kernels(let calls, _):
      calls.map { String(cString: dlc_kernel_row($0.kernel).pointee.name) }.joined(separator: ", ")
    case .alias: "alias"
    case .concatenate(let axis, let copies): "concatenate \(axis) of \(copies.count)"
    case .slice(let starts, _): "slice \(starts)"
    case .undefined(let reason): reason
    }
  }

  static let wide = Shape([1, 65536, 65536])
  static let deep = Shape([2, 3, 2, 3, 2, 3, 2, 3, 2])

  @Test func choosesTheCheapestForm() throws {
    let cases: [(any Operator, TensorType, String)] = [
      (Reshape(shape: [6]), Self.f32([2, 3]), "alias"),
      (Transpose(permutation: [0, 2, 3, 1]), Self.f32([1, 1, 3, 4]), "alias"),
      (Transpose(permutation: [0, 2, 3, 1]), Self.f32([1, 2, 3, 4]), "transpose"),
      (
        Transpose(permutation: [8, 7, 6, 5, 4, 3, 2, 1, 0]), Self.f32(Self.deep),
        "kernels take tensors of rank 8 at most, not f32[2,3,2,3,2,3,2,3,2]"
      ),
      (Transpose(permutation: [1, 2, 3, 4, 5, 6, 7, 8, 0]), Self.f32(Self.deep), "transpose"),
      (Concatenate(axis: 0), Self.f32([2]), "alias"),
      (Slice(starts: [0, 1], counts: [2, 2], steps: [1, 1]), Self.f32([2, 3]), "slice [0, 1]"),
      (Slice(starts: [0, 2], counts: [2, 2], steps: [1, -1]), Self.f32([2, 3]), "copy"),
      (Slice(starts: [0, 0], counts: [2, 3], steps: [1, 1]), Self.f32([2, 3]), "alias"),
      (
        Slice(starts: [0, 0, 0], counts: [1, 65536, 8], steps: [1, 1, 1]), Self.f32(Self.wide),
        "the copy kernel moves at most 2^31-1 elements along 8 axes, found f32[1,65536,65536] to f32[1,65536,8]"
      ),
      (Expand(shape: [1, 2]), Self.f32([2]), "alias"),
      (Expand(shape: [3, 2]), Self.f32([2]), "copy"),
      (Expand(shape: Self.deep), Self.f32([2, 1, 1, 3, 2]), "copy"),
      (Tile(repeats: [1, 1]), Self.f32([2, 3]), "alias"),
      (
        Tile(repeats: [2, 2, 2, 2, 2]), Self.f32([3, 3, 3, 3, 3]),
        "the copy kernel moves at most 2^31-1 elements along 8 axes, found f32[3,3,3,3,3] to f32[6,6,6,6,6]"
      ),
      (Tile(repeats: [2, 1, 2, 1, 2]), Self.f32([3, 3, 3, 3, 3]), "copy"),
      (Pad(.constant, before: [0], after: [-1]), Self.f32([3]), "slice [0]"),
      (Pad(.constant, before: [0], after: [1]), Self.f32([3]), "pad"),
      (
        TopK(count: 1, axis: 0, largest: true, sorted: true), TensorType(.bfloat16, [3]),
        "the top-k kernel orders no elements of bf16"
      ),
      (
        Resize(.linear, coordinate: .halfPixel, shape: [4], scales: [2]), TensorType(.float16, [2]),
        "the resize kernel interpolates f32 only, found f16[2]"
      ),
    ]
    for (op, x, expected) in cases {
      #expect(Self.kind(try Self.lower(op, x)) == expected, "\(op.mnemonic) of \(x)")
    }
    #expect(
      Self.kind(try Self.lower(Concatenate(axis: 1), Self.f32([2, 1]), Self.f32([2, 3]))) == "concatenate 1 of 2")
  }

  @Test func agreesWithTheReferenceOnLargerTensors() throws {
    let x = random(.float32, [3, 5, 7, 2])
    let operators: [any Operator] = [
      Transpose(permutation: [0, 2, 3, 1]), Transpose(permutation: [3, 0, 1, 2]), Transpose(permutation: [2, 1, 0, 3]),
      Slice(starts: [0, 4, 6, 0], counts: [3, 2, 3, 2], steps: [1, -3, -2, 1]),
      Slice(starts: [1, 1, 0, 0], counts: [1, 3, 7, 2], steps: [1, 1, 1, 1]),
      Expand(shape: [2, 3, 5, 7, 2]), Tile(repeats: [2, 1, 2, 3]),
      Pad(.reflect, before: [0, 2, 3, 0], after: [1, 0, 9, 1]), Pad(.wrap, before: [1, 0, 0, 3], after: [0, 0, 0, 2]),
      Pad(.edge, before: [0, -1, 2, 0], after: [0, 3, 0, 0]), Trilu(upper: true, diagonal: -2),
      TopK(count: 3, axis: 2, largest: false, sorted: true),
      Resize(.cubic, coordinate: .halfPixel, shape: [3, 9, 4, 2], scales: [1, 1.8, 4.0 / 7, 1], antialias: true),
      Resize(.linear, coordinate: .alignCorners, shape: [3, 5, 14, 6], scales: [1, 1, 2, 3]),
    ]
    for op in operators { try checkLowered(op, [x]) }
    let picks = tensor(.int32, [2, 2], [4, -5, 0, 2])
    try checkLowered(Gather(axis: 1), [x, picks])
    try checkLowered(Concatenate(axis: 2), [x, random(.float32, [3, 5, 1, 2], seed: 2), x])
    try checkLowered(
      ScatterND(reduction: .add),
      [x, tensor(.int32, [3, 2], [0, 4, -1, 1, 0, 4]), random(.float32, [3, 7, 2], seed: 3)])
    try checkLowered(
      GatherND(batchDimensions: 1), [x, tensor(.int64, [3, 2, 2], [0, 0, 4, 6, -1, 1, 2, 2, 3, 3, 1, 1])])
  }

  @Test func movesTensorsOfMoreAxesThanAnOperandHas() throws {
    let x = random(.float32, Self.deep.dimensions)
    try checkLowered(Transpose(permutation: [1, 2, 3, 4, 5, 6, 7, 8, 0]), [x])
    try checkLowered(Expand(shape: Self.deep), [random(.float32, [2, 1, 1, 3, 2])])
    try checkLowered(Gather(axis: 4), [x, tensor(.int64, [2], [1, 0])])
    try checkLowered(Concatenate(axis: 0), [x, x])
  }
}
