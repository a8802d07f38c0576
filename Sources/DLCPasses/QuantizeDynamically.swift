import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Quantizes the activations of contractions with integer weights when run; only where that was asked for.
  ///
  ///     Given:  %0 = dequantize(W:i8[64,16]) p; %1 = matmul(%x, %0, b, %r) then=relu
  ///     Result: %1 = dynamic_matmul(%x, W, scales, b); %2 = add(%1, %r) then=relu
  package static let quantizeDynamically = Pass(
    "quantize-dynamically", "activations of integer weights quantized when run", level: 0,
    requires: [.integersFormed, .channelsLast],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let contraction = ContractionNode(node, in: graph), let base = Contraction(node.op),
        base.isWorthDynamicRounding, let integers = contraction.integers(in: graph)
      else { return nil }
      var patch = GraphPatch(graph, "'\(node.name)' with integers when run")
      let inputs = [node.inputs[0]] + contraction.constants(integers, in: graph, &patch)
      return try contraction.finish(base, inputs, in: graph, patch) { DynamicContraction($0) }
    })
}

extension ContractionNode {
  /// Weights as a product in integers takes them: i8, and a scale for each output channel; nil when there is no such product,
  /// or its sums may not fit.
  func integers(in graph: Graph) -> (weights: Tensor, scales: [Float])? {
    guard contraction.hasDynamicIntegers(node, graph), let stored = StoredWeights(weights, in: graph) else {
      return nil
    }
    let channels = outputChannels(in: graph)
    guard channels > 0, let scales = stored.channelScales(contraction, channels: channels),
      stored.sumsFit(contraction, channels)
    else { return nil }
    return (stored.integers, scales)
  }

  /// Weights, scales and bias as operands.
  func constants(
    _ integers: (weights: Tensor, scales: [Float]), in graph: Graph, _ patch: inout GraphPatch
  ) -> [ValueID] {
    [
      patch.addConstant(integers.weights, name: graph[weights].name),
      patch.addConstant(Tensor(integers.scales, shape: Shape([integers.scales.count]))),
    ] + (bias.map { [$0] } ?? [])
  }

  /// The patch that puts `form` of `base` over `inputs` in this node's place; a residual is added after it. Nil when its
  /// inference refuses the inputs.
  func finish(
    _ base: Contraction, _ inputs: [ValueID], in graph: Graph, _ patch: GraphPatch,
    _ form: (Contraction) -> any Operator
  ) throws(OperatorError) -> GraphPatch? {
    var (base, patch) = (base, patch)
    let epilogue = base.epilogue
    if epilogue.residual { base.epilogue = Epilogue(bias: epilogue.bias) }
    let op = form(base)
    guard (try? op.infer(inputs.map { patch.type(of: $0) })) != nil else { return nil }
    var result = try patch.add(op, inputs, name: node.name)[0]
    if epilogue.residual {
      result = try patch.emit(
        Binary(.add, then: epilogue.function), result, node.inputs[node.inputs.count - 1], name: node.name)
    }
    patch.replace(node.outputs[0], with: result)
    return patch
  }
}

extension Contraction {
  /// Whether a product in integers makes up for finding a range and quantizing: not with a few products for each element.
  fileprivate var isWorthDynamicRounding: Bool {
    if case .convolution(let op) = self { op.groups == 1 } else { true }
  }

  /// Whether kernels multiply activations that were quantized when run.
  fileprivate func hasDynamicIntegers(_ node: Node, _ graph: Graph) -> Bool {
    switch self {
    case .convolution: true
    case .matrix(let op): !op.transposeA && graph[node.inputs[1]].type.rank == 2
    case .transposed: false
    }
  }
}

extension StoredWeights {
  /// Whether every weight is one that kernels take, and no sum can leave 31 bits.
  fileprivate func sumsFit(_ contraction: Contraction, _ channels: Int) -> Bool {
    let connection = contraction.connections(integers.shape)
    var sums = [Int64](repeating: 0, count: channels)
    for (k, value) in integers.elements(as: Int8.self).enumerated() {
      if value == -128 { return false }
      sums[connection(k).output] += Int64(value.magnitude) * 255
    }
    return sums.allSatisfy { $0 <= Int64(Int32.max) }
  }
}
