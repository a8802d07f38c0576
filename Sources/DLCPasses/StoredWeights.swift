import DLCGraph
import DLCOperators
import DLCTensor

/// Constant weights that are integers with scales, after any movement.
struct StoredWeights {
  /// i8, in the shape that the contraction wants.
  var integers: Tensor
  var scales: [Float]
  /// i32: for each weight the index of its scale.
  var places: Tensor

  /// Fewest weights that are worth a step when run.
  static let fewest = 1024

  /// What computes `id`, when that is a dequantized constant without zero points that was only moved since.
  init?(_ id: ValueID, in graph: Graph) {
    guard let (_, node) = graph.producer(of: id) else { return nil }
    if let op = node.op as? Dequantize {
      guard op.parameters.element == .int8, op.parameters.zeroPoints.allSatisfy({ $0 == 0 }),
        let constant = graph.movedConstant(node.inputs[0]), let index = Self.indices(op.parameters, constant.shape)
      else { return nil }
      integers = constant
      scales = op.parameters.scales
      places = Tensor(index, shape: constant.shape)
      return
    }
    guard node.op is Transpose || node.op is Reshape, let source = StoredWeights(node.inputs[0], in: graph),
      let integers = node.op.moved(source.integers), let places = node.op.moved(source.places)
    else { return nil }
    self.integers = integers
    self.places = places
    scales = source.scales
  }

  private static func indices(_ parameters: QuantizationParameters, _ shape: Shape) -> [Int32]? {
    guard let axis = parameters.axis else { return [Int32](repeating: 0, count: shape.count) }
    guard shape.dimensions.indices.contains(axis), parameters.scales.count == shape[axis] else { return nil }
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    return (0..<shape.count).map { Int32($0 / inner % shape[axis]) }
  }

  /// The scale of each output channel; nil when weights of one channel have several.
  func channelScales(_ contraction: Contraction, channels: Int) -> [Float]? {
    let connection = contraction.connections(integers.shape)
    var known = [Int32](repeating: -1, count: channels)
    for (k, place) in places.elements(as: Int32.self).enumerated() {
      let output = connection(k).output
      if known[output] != -1, known[output] != place { return nil }
      known[output] = place
    }
    return known.map { $0 < 0 ? 1 : scales[Int($0)] }
  }
}

extension Operator {
  /// The result of this movement over a constant.
  fileprivate func moved(_ tensor: Tensor) -> Tensor? {
    switch self {
    case let op as Transpose: tensor.transposed(by: op.permutation)
    case let op as Reshape where op.shape.count == tensor.count: tensor.reshaped(to: op.shape)
    default: nil
    }
  }
}

extension Graph {
  /// The constant that `id` is, or that moves into it.
  fileprivate func movedConstant(_ id: ValueID) -> Tensor? {
    if let constant = constant(id) { return constant }
    guard let (_, node) = producer(of: id), let source = node.inputs.first else { return nil }
    return movedConstant(source).flatMap { node.op.moved($0) }
  }

  /// Whether only contractions over real activations read `id`, as weights: those may stay integers in the plan.
  func isStoredWeights(_ id: ValueID) -> Bool {
    guard !isOutput(id), !self[id].users.isEmpty, self[id].type.shape.count >= StoredWeights.fewest else {
      return false
    }
    return self[id].users.allSatisfy { user in
      let node = self[user]
      if node.op is Reshape || node.op is Transpose { return isStoredWeights(node.outputs[0]) }
      guard ContractionNode(node, in: self) != nil, node.inputs[1] == id else { return false }
      return node.inputs.filter { $0 == id }.count == 1 && dequantized(node.inputs[0]) == nil
    }
  }
}

extension Pass {
  /// Leaves the weights of contractions in the plan as the integers that they were quantized to.
  ///
  ///     Given:  %0 = dequantize(const0:i8[64,16]) p; %1 = matmul(%x, %0)
  ///     Result: %1 = stored_matmul(%x, const0:i8[64,16], scales, places)
  ///
  /// A weight that no such contraction reads becomes a real constant.
  package static let storeWeights = Pass(
    "store-weights", "quantized weights of real contractions as integers in the plan", level: 0,
    requires: [.integersFormed, .channelsLast],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      if let contraction = ContractionNode(node, in: graph), graph.constant(contraction.weights) == nil,
        let base = Contraction(node.op), let weights = StoredWeights(contraction.weights, in: graph)
      {
        var patch = GraphPatch(graph, "weights of '\(node.name)' as integers")
        let name = graph[contraction.weights].name
        var inputs = node.inputs
        inputs.replaceSubrange(
          1...1,
          with: [
            patch.addConstant(weights.integers, name: name),
            patch.addConstant(Tensor(weights.scales, shape: Shape([weights.scales.count]))),
            patch.addConstant(weights.places),
          ])
        patch.replace(node.outputs[0], with: try patch.add(StoredContraction(base), inputs, name: node.name)[0])
        return patch
      }
      guard node.op is Dequantize, let constant = graph.constant(node.inputs[0]),
        !graph[node.outputs[0]].users.isEmpty || graph.isOutput(node.outputs[0])
      else { return nil }
      // Contractions come later than their weights: those that will take them are left.
      if graph.isStoredWeights(node.outputs[0]), StoredWeights(node.outputs[0], in: graph) != nil { return nil }
      var patch = GraphPatch(graph, "dequantize constant '\(node.name)'")
      let real = try node.op.evaluate([constant])[0]
      patch.replace(node.outputs[0], with: patch.addConstant(real, name: graph[node.outputs[0]].name))
      return patch
    })
}
