import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Permutes the rows of constant weights instead of the activations that are flattened before them.
  ///
  ///     Given:  %0 = transpose(%x: [N,H,W,C]) [0,3,1,2]; %1 = reshape(%0) [N,C H W]; %2 = matmul(%1, W)
  ///     Result: %1 = reshape(%x) [N,H W C]; %2 = matmul(%1, W with its rows reordered)
  package static let flattenIntoWeights = Pass(
    "flatten-into-weights", "a transposition before flattening into the weights after it", level: 1,
    requires: [.layoutChosen],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let transpose = node.op as? Transpose, let reshape = graph.onlyUser(of: node.outputs[0]),
        let consumer = FlatConsumer(reshape, in: graph), transpose.permutation[0] == 0
      else { return nil }
      let original = graph[node.inputs[0]].type.shape
      // Weights' rows in the order of the transposed axes, brought to the order in which the activations lie.
      var patch = GraphPatch(graph, "flatten order into '\(consumer.product.name)'")
      let rowAxes = Array(original.permuted(by: transpose.permutation).dimensions.dropFirst())
      let rowPermutation = transpose.permutation.inverse.dropFirst().map { $0 - 1 }
      let columnsFirst = consumer.matrix.transposeB
      let weights = consumer.weights
      let columns = columnsFirst ? weights.shape[0] : weights.shape[1]
      let split = columnsFirst ? [columns] + rowAxes : rowAxes + [columns]
      let order = columnsFirst ? [0] + rowPermutation.map { $0 + 1 } : rowPermutation + [rowAxes.count]
      let reordered = weights.reshaped(to: Shape(split)).transposed(by: order).reshaped(to: weights.shape)
      var x = try patch.emit(Reshape(shape: graph[graph[reshape].outputs[0]].type.shape), node.inputs[0])
      for function in consumer.functions { x = try patch.emit(function.op, x, name: function.name) }
      var inputs = consumer.product.inputs
      inputs[0] = x
      inputs[1] = patch.addConstant(reordered, name: graph[inputs[1]].name)
      patch.replace(
        consumer.product.outputs[0], with: try patch.add(consumer.product.op, inputs, name: consumer.product.name)[0])
      return patch
    })
}

/// A matrix product with constant weights over rows that a reshape flattened: `[N, ...] -> [N, K]`, functions between.
struct FlatConsumer {
  var functions: [Node] = []
  var product: Node
  /// The product in real numbers that `product` is or stands for.
  var matrix: MatMul
  var weights: Tensor

  /// What reads the flattening `reshape`, if it is one and nothing else reads it.
  init?(_ reshape: NodeID, in graph: Graph) {
    let node = graph[reshape]
    guard node.op is Reshape else { return nil }
    let (from, to) = (graph[node.inputs[0]].type.shape, graph[node.outputs[0]].type.shape)
    guard to.rank == 2, from.rank > 2, from[0] == to[0] else { return nil }
    var value = node.outputs[0]
    while let user = graph.onlyUser(of: value) {
      let next = graph[user]
      if next.op.isFunctionOfOne {
        functions.append(next)
        value = next.outputs[0]
        continue
      }
      guard let op = next.op as? MatMul ?? (next.op as? QuantizedMatMul)?.base, !op.transposeA, next.inputs[0] == value,
        let weights = graph.constant(next.inputs[1]), weights.shape.rank == 2
      else { return nil }
      product = next
      matrix = op
      self.weights = weights
      return
    }
    return nil
  }
}

extension Operator {
  /// Whether each element of the result depends on one of the input alone, whatever its place.
  fileprivate var isFunctionOfOne: Bool {
    switch self {
    case is Unary, is LookupTable: true
    case let op as Quantize: op.parameters.isPerTensor
    case let op as Dequantize: op.parameters.isPerTensor
    default: false
    }
  }
}
