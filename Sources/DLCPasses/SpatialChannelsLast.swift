import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Makes every operator over images channels-last, with transpositions around it.
  ///
  ///     Given:  %0 = conv(%x: [N,C,H,W], W: [O,C,KH,KW]) channels=first
  ///     Result: %0 = transpose(%x) [0,2,3,1]; %1 = conv(%0, W': [O,KH,KW,C]) channels=last
  ///             %2 = transpose(%1) [0,3,1,2]
  package static let spatialChannelsLast = Pass(
    "spatial-channels-last", "operators over images channels-last, between transpositions", level: 0,
    requires: [.wideFloats, .noBatchNormalization], establishes: [.channelsLast],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard var op = node.op as? any SpatialOperator, op.channels == .first else { return nil }
      var patch = GraphPatch(graph, "\(node.op.mnemonic) '\(node.name)' channels-last")
      var inputs: [ValueID] = []
      for (k, input) in node.inputs.enumerated() {
        let permutation = op.channelsLastPermutation(input: k, type: graph[input].type)
        inputs.append(
          try permutation.map { axes throws(OperatorError) in try patch.transposed(input, by: axes) } ?? input)
      }
      let permutations = node.outputs.enumerated().map { op.channelsLastPermutation(output: $0, type: graph[$1].type) }
      op.channels = .last
      let outputs = try patch.add(op, inputs, name: node.name)
      for (k, output) in outputs.enumerated() {
        let turned = try permutations[k].map { axes throws(OperatorError) in
          try patch.transposed(output, by: axes.inverse)
        }
        patch.replace(node.outputs[k], with: turned ?? output)
      }
      return patch
    })

  /// Gives operands of elementwise operators the rank of the result, so that their axes can be reordered alike.
  ///
  ///     Given:  %0 = add(%x: [1,8,4,4], const0: [8,1,1])
  ///     Result: %0 = add(%x: [1,8,4,4], const0: [1,8,1,1])
  package static let alignRanks = Pass(
    "align-ranks", "operands of elementwise operators at the result's rank", level: 0, requires: [.wideFloats],
    establishes: [.alignedRanks],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard node.op is Binary || node.op is QuantizedBinary || node.op is Select else { return nil }
      let rank = graph[node.outputs[0]].type.rank
      // Scalars have no axes to reorder.
      guard rank >= 3, node.inputs.contains(where: { (1..<rank).contains(graph[$0].type.rank) }) else { return nil }
      var patch = GraphPatch(graph, "align ranks at '\(node.name)'")
      var inputs: [ValueID] = []
      for input in node.inputs {
        let shape = graph[input].type.shape
        let full = Shape([Int](repeating: 1, count: rank - shape.rank) + shape.dimensions)
        if full == shape || shape.rank == 0 {
          inputs.append(input)
        } else if let constant = graph.constant(input) {
          inputs.append(patch.addConstant(constant.reshaped(to: full), name: graph[input].name))
        } else {
          inputs.append(try patch.emit(Reshape(shape: full), input))
        }
      }
      patch.replace(node.outputs[0], with: try patch.add(node.op, inputs, name: node.name)[0])
      return patch
    })

  /// Makes one of two transpositions in a row, none of identities, reshapes of those that move only axes of extent 1.
  ///
  ///     Given:  %0 = transpose(%x) [0,3,1,2]; %1 = transpose(%0) [0,2,3,1]; %2 = relu(%1)
  ///     Result: %2 = relu(%x)
  package static let mergeTransposes = Pass(
    "merge-transposes", "transpositions in a row as one, or none", level: 0, requires: [.channelsLast],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let transpose = node.op as? Transpose, let simpler = Simplification.movement(node, graph) else {
        guard let transpose = node.op as? Transpose, let constant = graph.constant(node.inputs[0]) else { return nil }
        var patch = GraphPatch(graph, "transpose a constant")
        patch.replace(node.outputs[0], with: patch.addConstant(constant.transposed(by: transpose.permutation)))
        return patch
      }
      var patch = GraphPatch(graph, "merge transpositions at %\(node.outputs[0].index)")
      switch simpler {
      case .value(let value):
        guard !graph.wouldLoseInterface(node.outputs[0], for: value) else { return nil }
        patch.replace(node.outputs[0], with: value)
      case .node(let op, let inputs):
        patch.replace(node.outputs[0], with: try patch.add(op, inputs, name: node.name)[0])
      case .scaled: preconditionFailure("a transposition \(transpose) has no factor")
      }
      return patch
    })
}

extension GraphPatch {
  /// `value` transposed: at once when it is a constant, as a reshape when its elements keep their order.
  mutating func transposed(_ value: ValueID, by permutation: [Int]) throws(OperatorError) -> ValueID {
    if permutation.isIdentity { return value }
    if let constant = constant(value) { return addConstant(constant.transposed(by: permutation)) }
    let shape = type(of: value).shape
    return permutation.movesOnlyUnitAxes(of: shape)
      ? try emit(Reshape(shape: shape.permuted(by: permutation)), value)
      : try emit(Transpose(permutation: permutation), value)
  }
}
