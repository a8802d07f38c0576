import DLCGraph
import DLCOperators
import DLCTensor
import GraphTestSupport

/// Pseudo-random numbers that are the same everywhere (Steele, Lea and Flood, 2014).
package struct SplitMix: RandomNumberGenerator {
  package var state: UInt64

  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in -1...1.
  package mutating func symmetric() -> Double { Double(next() >> 11) / 4_503_599_627_370_496 - 1 }
}

/// Random elements: floats in -1...1, integers 0...3.
package func randomTensor(_ extents: [Int], _ element: ElementType = .float32, seed: Int) -> Tensor {
  var random = SplitMix(state: UInt64(seed + 1))
  let type = TensorType(element, Shape(extents))
  let values = (0..<type.shape.count).map { _ in element.isFloat ? random.symmetric() : Double(random.next() % 4) }
  return Tensor(doubles: values, type: type)
}

extension Graph {
  package mutating func input(_ extents: [Int], _ element: ElementType = .float32) -> ValueID {
    addInput(name: "x\(inputs.count)", type: TensorType(element, Shape(extents)), declared: extents.map { .fixed($0) })
  }

  package mutating func constant(_ extents: [Int], seed: Int) -> ValueID {
    addConstant(randomTensor(extents, seed: seed))
  }

  /// Adds a node named after its number; the types must fit.
  package mutating func node(_ op: any Operator, _ inputs: ValueID...) -> ValueID { node(op, inputs) }

  package mutating func node(_ op: any Operator, _ inputs: [ValueID]) -> ValueID {
    do { return try add(op, inputs, name: "node\(nodes.count)")[0] } catch { fatalError("\(op): \(error)") }
  }

  package mutating func output(_ value: ValueID) {
    let declared = self[value].type.shape.dimensions.map { Dimension.fixed($0) }
    outputs.append(Port(name: "y\(outputs.count)", value: value, declared: declared))
  }

  /// Arguments of the inputs' types.
  package func arguments(seed: Int) -> [Tensor] {
    inputs.enumerated().map { k, port in
      randomTensor(self[port.value].type.shape.dimensions, self[port.value].type.element, seed: 100 * seed + k)
    }
  }

  /// The outputs by reference evaluation of every node.
  package func reference(_ arguments: [Tensor]) throws -> [Tensor] {
    try evaluated(arguments)
  }
}

/// Takes the `index`-th of `parts` equal pieces of `x` along `axis`.
package func piece(_ index: Int, of parts: Int, along axis: Int, _ shape: Shape) -> Slice {
  var starts = [Int](repeating: 0, count: shape.rank), counts = shape.dimensions
  counts[axis] /= parts
  starts[axis] = index * counts[axis]
  return Slice(starts: starts, counts: counts, steps: [Int](repeating: 1, count: shape.rank))
}
