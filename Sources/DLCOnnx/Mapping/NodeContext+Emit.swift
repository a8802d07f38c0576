import DLCGraph
import DLCOperators
import DLCTensor

extension NodeContext {
  /// Most elements of a table that a mapping computes itself (windows, transforms): 32 MiB of f32.
  static let tableLimit = 1 << 23

  /// x with its axes reordered; x itself when the order stays.
  mutating func transpose(_ x: ValueID, _ permutation: [Int]) throws(MappingError) -> ValueID {
    permutation == Array(permutation.indices) ? x : try emit(Transpose(permutation: permutation), x)
  }

  /// `count` elements along `axis`, `step` apart, from `start` on; x itself when that is all of it.
  mutating func part(
    _ x: ValueID, axis: Int, start: Int, count: Int, step: Int = 1
  ) throws(MappingError) -> ValueID {
    let shape = self.shape(of: x)
    if start == 0, count == shape[axis], step == 1 { return x }
    var op = Slice(
      starts: Array(repeating: 0, count: shape.rank), counts: shape.dimensions,
      steps: Array(repeating: 1, count: shape.rank))
    op.starts[axis] = start
    op.counts[axis] = count
    op.steps[axis] = count > 1 ? step : 1
    return try emit(op, x)
  }

  /// The tensors one after another along `axis`.
  mutating func concatenate(_ inputs: [ValueID], axis: Int) throws(MappingError) -> ValueID {
    inputs.count == 1 ? inputs[0] : try add(Concatenate(axis: axis), inputs)[0]
  }

  /// A constant of `values`, rounded to `element`.
  mutating func table(_ values: [Double], _ element: ElementType, _ shape: Shape) -> ValueID {
    graph.addConstant(Tensor(doubles: values, type: TensorType(element, shape)))
  }

  /// `value` in every element of `shape`.
  mutating func filled(_ value: Double, _ element: ElementType, _ shape: Shape) throws(MappingError) -> ValueID {
    try emit(Expand(shape: shape), scalar(value, element))
  }

  /// 0, 1, ... `count` - 1 as i64 of `shape`.
  mutating func positions(_ count: Int, shape: Shape) -> ValueID {
    graph.addConstant(Tensor((0..<count).map { Int64($0) }, shape: shape))
  }

  /// The only integer of input `index`, known when the model is compiled; nil when the input is omitted.
  func integer(_ index: Int, _ role: String) throws(MappingError) -> Int? {
    guard let values = try integers(index, role) else { return nil }
    guard values.count == 1 else { throw MappingError("its \(role) must be one integer, found \(values.count)") }
    return values[0]
  }

  /// Whether the model asks for output `index`.
  func wantsOutput(_ index: Int) -> Bool { index < node.outputs.count && !node.outputs[index].isEmpty }
}
