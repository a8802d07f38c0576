import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Takes a batch normalization after a contraction with constant weights into weights and bias.
  ///
  ///     Given:  %0 = conv(%x, W, b); %1 = batch_norm(%0, s, t, m, v)
  ///     Result: %0 = conv(%x, W s/sqrt(v + epsilon), (b - m) s/sqrt(v + epsilon) + t)
  package static let fuseBatchNorm = Pass(
    "fuse-batch-norm", "batch normalization into the weights before it", level: 1, requires: [.constantsFolded],
    establishes: [.batchNormalizationsFused],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let op = node.op as? BatchNormalization, let affine = ChannelAffine(op, node, in: graph),
        let before = ContractionNode(feeding: node.inputs[0], in: graph),
        before.contraction.channels(op.channels, graph[node.inputs[0]].type),
        before.outputChannels(in: graph) == affine.scale.count
      else { return nil }
      var patch = GraphPatch(graph, "fold batch_norm into '\(before.node.name)'")
      guard let result = try before.followed(byScale: affine.scale, shift: affine.shift, in: graph, &patch) else {
        return nil
      }
      patch.replace(node.outputs[0], with: result)
      return patch
    })

  /// Spells a batch normalization as a multiplication and an addition per channel.
  ///
  ///     Given:  %1 = batch_norm(%x, s, t, m, v)
  ///     Result: %0 = mul(%x, s/sqrt(v + epsilon)); %1 = add(%0, t - m s/sqrt(v + epsilon))
  package static let decomposeBatchNorm = Pass(
    "decompose-batch-norm", "batch normalization as mul and add", level: 0, requires: [.wideFloats],
    establishes: [.noBatchNormalization],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let op = node.op as? BatchNormalization else { return nil }
      let type = graph[node.inputs[0]].type
      let channelAxis = op.channels == .first ? min(1, type.rank - 1) : type.rank - 1
      let count = type.shape[channelAxis]
      let shape = Shape([count] + [Int](repeating: 1, count: type.rank - 1 - channelAxis))
      var patch = GraphPatch(graph, "decompose batch_norm '\(node.name)'")
      let scale: ValueID
      let shift: ValueID
      if let affine = ChannelAffine(op, node, in: graph) {
        scale = patch.addConstant(Tensor(doubles: affine.scale, type: TensorType(type.element, shape)))
        shift = patch.addConstant(Tensor(doubles: affine.shift, type: TensorType(type.element, shape)))
      } else {
        let epsilon = patch.addConstant(Tensor(doubles: [Double(op.epsilon)], type: TensorType(type.element, .scalar)))
        let variance = try patch.emit(Binary(.add), node.inputs[4], epsilon)
        let factor = try patch.emit(Binary(.multiply), node.inputs[1], try patch.emit(Unary(.rsqrt), variance))
        let offset = try patch.emit(
          Binary(.subtract), node.inputs[2], try patch.emit(Binary(.multiply), node.inputs[3], factor))
        scale = try patch.emit(Reshape(shape: shape), factor)
        shift = try patch.emit(Reshape(shape: shape), offset)
      }
      let scaled = try patch.emit(Binary(.multiply), node.inputs[0], scale, name: node.name)
      patch.replace(node.outputs[0], with: try patch.emit(Binary(.add), scaled, shift, name: node.name))
      return patch
    })
}

/// A multiplication and an addition per channel.
struct ChannelAffine {
  var scale: [Double]
  var shift: [Double]

  /// What a batch normalization does when its parameters are constants.
  init?(_ op: BatchNormalization, _ node: Node, in graph: Graph) {
    let parameters = node.inputs[1...4].compactMap { graph.constant($0)?.doubles() }
    guard parameters.count == 4 else { return nil }
    let factors = zip(parameters[0], parameters[3]).map { $0 / ($1 + Double(op.epsilon)).squareRoot() }
    scale = factors
    shift = parameters[1].indices.map { parameters[1][$0] - parameters[2][$0] * factors[$0] }
  }
}

extension Contraction {
  /// Whether a result of `type` has its channels where `placement` says.
  func channels(_ placement: ChannelPlacement, _ type: TensorType) -> Bool {
    channelAxis(rank: type.rank) == (placement == .first ? 1 : type.rank - 1)
  }
}
