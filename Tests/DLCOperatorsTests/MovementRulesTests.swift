import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// How movements print and how they take part in integer networks.
@Suite struct MovementRulesTests {
  static let operators: [any Operator] = [
    Transpose(permutation: [1, 0]), Reshape(shape: [2, 3]), Concatenate(axis: 1),
    Slice(starts: [0, 4], counts: [2, 1], steps: [1, -2]), Expand(shape: [2, 1]), Tile(repeats: [1, 2]),
    Gather(axis: 0), GatherElements(axis: 1), GatherND(batchDimensions: 1),
    ScatterElements(axis: 0, reduction: .replace), ScatterND(reduction: .add),
    Pad(.reflect, before: [1], after: [-1]), Pad(.constant, before: [1], after: [0], hasValue: true),
    Resize(.nearest, coordinate: .alignCorners, nearest: .roundPreferCeil, shape: [4], scales: [2]),
    Resize(.cubic, coordinate: .cropAndResize, shape: [4], scales: [2], regionBegin: [0], regionEnd: [0.5]),
    TopK(count: 2, axis: 1, largest: false, sorted: true), OneHot(depth: 3, axis: 0),
    Trilu(upper: false, diagonal: -1), ReverseSequence(timeAxis: 0, batchAxis: 1),
  ]

  @Test func printOneWay() {
    let lines = Self.operators.map { op in
      ([op.mnemonic] + op.attributes.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }
    #expect(
      lines == [
        "transpose permutation=1x0", "reshape shape=[2,3]", "concat axis=1", "slice starts=0x4 counts=2x1 steps=1x-2",
        "expand shape=[2,1]", "tile repeats=1x2", "gather axis=0", "gather_elements axis=1", "gather_nd batch=1",
        "scatter_elements axis=0 reduction=replace", "scatter_nd reduction=add",
        "pad.reflect before=1 after=-1 value=false", "pad.constant before=1 after=0 value=true",
        "resize.nearest shape=[4] scales=[2.0] coordinate=align_corners nearest=round_prefer_ceil",
        "resize.cubic shape=[4] scales=[2.0] coordinate=crop_and_resize coefficient=-0.75 begin=[0.0] end=[0.5] "
          + "extrapolation=0.0",
        "top_k count=2 axis=1 largest=false sorted=true", "one_hot depth=3 axis=0", "trilu.lower diagonal=-1",
        "reverse_sequence time=0 batch=1",
      ])
  }

  @Test func shareScalesWhereValuesOnlyMove() {
    let rules = Self.operators.map { op in
      switch op.quantization {
      case .sharedScale(let inputs): "shared \(inputs)"
      case .float: "float"
      case .integer, .fixedOutput, .lookupTable: "other"
      }
    }
    #expect(
      rules == [
        "shared [0]", "shared [0]", "shared []", "shared [0]", "shared [0]", "shared [0]", "shared [0]", "shared [0]",
        "shared [0]", "shared [0, 2]", "float", "shared [0]", "shared [0, 1]", "shared [0]", "float", "shared [0]",
        "shared [1]", "float", "shared [0]",
      ])
  }
}
