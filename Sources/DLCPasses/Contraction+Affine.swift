import DLCGraph
import DLCOperators
import DLCTensor

extension Contraction {
  /// For each element of weights of `shape` in order: which output and which input channel it connects.
  func connections(_ shape: Shape) -> (Int) -> (output: Int, input: Int) {
    let last = shape.rank - 1
    let count = shape.count
    switch self {
    case .convolution(let op):
      let perOutput = max(count / max(shape[0], 1), 1)
      let outputsPerGroup = max(shape[0] / op.groups, 1)
      let inputsPerGroup = op.channels == .first ? shape[1] : shape[last]
      let stride = op.channels == .first ? shape.strides[1] : 1
      return { i in
        let output = i / perOutput
        return (output, output / outputsPerGroup * inputsPerGroup + i / stride % inputsPerGroup)
      }
    case .transposed(let op):
      let perInput = max(count / max(shape[0], 1), 1)
      let inputsPerGroup = max(shape[0] / op.groups, 1)
      let outputsPerGroup = op.channels == .first ? shape[1] : shape[last]
      let stride = op.channels == .first ? shape.strides[1] : 1
      return { i in
        let input = i / perInput
        return (input / inputsPerGroup * outputsPerGroup + i / stride % outputsPerGroup, input)
      }
    case .matrix(let op):
      let inner = shape[last]
      let outer = shape[last - 1]
      return op.transposeB ? { i in (i / inner % outer, i % inner) } : { i in (i % inner, i / inner % outer) }
    }
  }

  /// Whether the window reads cells outside of its input.
  var pads: Bool {
    switch self {
    case .convolution(let op): op.window.padBegin.contains { $0 != 0 } || op.window.padEnd.contains { $0 != 0 }
    // Its outputs are sums over fewer taps at the borders, so a shift of the input is no constant of the output.
    case .transposed: true
    case .matrix: false
    }
  }
}

/// A node that is a contraction, with its parts.
struct ContractionNode {
  var contraction: Contraction
  var node: Node
  var activations: ValueID { node.inputs[0] }
  var weights: ValueID { node.inputs[1] }
  var bias: ValueID? { contraction.epilogue.bias ? node.inputs[2] : nil }
  var output: ValueID { node.outputs[0] }

  /// The f32 contraction that `node` is, if it is one.
  init?(_ node: Node, in graph: Graph) {
    guard let contraction = Contraction(node.op), graph[node.outputs[0]].type.element == .float32 else { return nil }
    self.contraction = contraction
    self.node = node
  }

  /// The f32 contraction that computes `value` for one reader only.
  init?(feeding value: ValueID, in graph: Graph) {
    guard let (_, node) = graph.producer(of: value), graph.onlyUser(of: value) != nil else { return nil }
    self.init(node, in: graph)
  }

  /// Number of output channels.
  func outputChannels(in graph: Graph) -> Int {
    let type = graph[output].type
    return type.shape[contraction.channelAxis(rank: type.rank)]
  }

  /// The bias as doubles, zeros when there is none; nil when it is no constant.
  func biasValues(in graph: Graph, count: Int) -> [Double]? {
    guard let bias else { return [Double](repeating: 0, count: count) }
    return graph.constant(bias)?.doubles()
  }

  /// Emits the contraction with other weights and bias into `patch`.
  func emit(
    weights: ValueID, bias: [Double]?, _ patch: inout GraphPatch
  ) throws(OperatorError) -> ValueID {
    var contraction = contraction
    var inputs = [activations, weights]
    if let bias {
      contraction.epilogue.bias = true
      inputs.append(patch.addConstant(Tensor(bias.map { Float($0) }, shape: Shape([bias.count]))))
    } else if let old = self.bias {
      inputs.append(old)
    }
    if contraction.epilogue.residual { inputs.append(node.inputs[node.inputs.count - 1]) }
    return try patch.add(contraction.op, inputs, name: node.name)[0]
  }

  /// The contraction whose result is this one's times `scale` plus `shift`, per output channel; nil when it cannot be.
  func followed(
    byScale scale: [Double]?, shift: [Double], in graph: Graph, _ patch: inout GraphPatch
  ) throws(OperatorError) -> ValueID? {
    guard contraction.epilogue.function == nil, let old = biasValues(in: graph, count: shift.count),
      old.count == shift.count
    else { return nil }
    var newWeights = weights
    if let scale {
      guard !contraction.epilogue.residual, let tensor = graph.constant(weights), scale.count == shift.count else {
        return nil
      }
      let connection = contraction.connections(tensor.shape)
      newWeights = patch.addConstant(
        tensor.mappingFloats { $1 * scale[connection($0).output] }, name: graph[weights].name)
    }
    let bias = shift.indices.map { old[$0] * (scale?[$0] ?? 1) + shift[$0] }
    let hasBias = contraction.epilogue.bias || bias.contains { $0 != 0 }
    return try emit(weights: newWeights, bias: hasBias ? bias : nil, &patch)
  }

  /// The contraction of x that equals this one, which reads `scale x + shift` per input channel; nil when it cannot be.
  func preceded(
    byScale scale: [Double], shift: [Double], of x: ValueID, in graph: Graph, _ patch: inout GraphPatch
  ) throws(OperatorError) -> ValueID? {
    guard let tensor = graph.constant(weights),
      let old = biasValues(in: graph, count: outputChannels(in: graph))
    else { return nil }
    let shifts = shift.contains { $0 != 0 }
    if shifts, contraction.pads || (tensor.shape.rank > 2 && contraction.isMatrix) { return nil }
    if case .matrix(let op) = contraction, op.transposeA { return nil }
    let connection = contraction.connections(tensor.shape)
    var bias = old
    let newWeights = tensor.mappingFloats { i, weight in
      let (output, input) = connection(i)
      if shifts { bias[output] += weight * shift[input] }
      return weight * scale[input]
    }
    var changed = self
    changed.node.inputs[0] = x
    let hasBias = contraction.epilogue.bias || shifts
    return try changed.emit(
      weights: patch.addConstant(newWeights, name: graph[weights].name), bias: hasBias ? bias : nil, &patch)
  }
}

extension Contraction {
  /// Whether this is a matrix product.
  var isMatrix: Bool {
    if case .matrix = self { return true }
    return false
  }
}
