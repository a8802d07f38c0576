import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Sees a product of a dynamically quantized tensor as a product of real numbers with quantized weights.
  ///
  ///     Given:  %0, %1, %2 = dynamic_quantize(%x); %3 = integer_sums(%x, W:i8, zeros, ...)
  ///             %4 = cast(%3) to=f32; %5 = multiply(%1, scales); %6 = multiply(%4, %5)
  ///     Result: %7 = dynamic_rounding(%x); %8 = dequantize(W:i8) scales; %6 = matmul(%7, %8)
  ///
  /// Biases, residuals, activations and layouts are then handled as everywhere. Weights that leave [-127, 127] without their
  /// zero points are two such products.
  package static let recognizeDynamicProducts = Pass(
    "recognize-dynamic-products", "products of dynamically quantized tensors as products of real numbers", level: 0,
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let multiply = node.op as? Binary, multiply == Binary(.multiply), let found = DynamicSums(node, graph)
      else { return nil }
      return try found.product(node, graph)
    })

  /// Takes marks of integer sums away.
  package static let unmarkIntegerSums = Pass(
    "unmark-integer-sums", "integer sums that are no whole product of real numbers", level: 0,
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard node.op is IntegerSums else { return nil }
      var patch = GraphPatch(graph, "sums of '\(node.name)'")
      patch.replace(node.outputs[0], with: node.inputs[3])
      return patch
    })

  /// Computes products of dynamically rounded tensors with integer weights in integers.
  ///
  ///     Given:  %0 = dynamic_rounding(%x); %1 = dequantize(W:i8) p; %2 = conv(%0, %1, b) then=relu
  ///     Result: %3, %4, %5 = dynamic_quantize(%x); %6 = pad(%3, %5); %2 = dynamic_product.conv(%6, %4, %5, W, scales, b)
  package static let formDynamicProducts = Pass(
    "form-dynamic-products", "products of dynamically quantized tensors in integers", level: 0,
    requires: [.integersFormed, .channelsLast],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let contraction = ContractionNode(node, in: graph),
        let (source, turn) = graph.dynamicRounding(behind: contraction.activations),
        let integers = contraction.integers(in: graph), var base = Contraction(node.op)
      else { return nil }
      var patch = GraphPatch(graph, "'\(node.name)' with integers when run")
      let parts = try patch.add(DynamicQuantize(), [source.inputs[0]], name: source.name)
      var quantized = try turn.map { (turn) throws(OperatorError) in try patch.emit(turn, parts[0]) } ?? parts[0]
      if case .convolution(var op) = base, contraction.contraction.pads {
        let pad = Pad(
          .constant, before: [0] + op.window.padBegin + [0], after: [0] + op.window.padEnd + [0], hasValue: true)
        quantized = try patch.emit(pad, quantized, parts[2], name: node.name)
        let none = [Int](repeating: 0, count: op.window.padBegin.count)
        (op.window.padBegin, op.window.padEnd) = (none, none)
        base = .convolution(op)
      }
      let inputs = [quantized, parts[1], parts[2]] + contraction.constants(integers, in: graph, &patch)
      return try contraction.finish(base, inputs, in: graph, patch) { DynamicProduct($0) }
    })
}

extension Graph {
  /// The dynamic rounding that `value` is, and the transposition that it may have gone through since.
  fileprivate func dynamicRounding(behind value: ValueID) -> (rounding: Node, turn: Transpose?)? {
    guard let (_, node) = producer(of: value) else { return nil }
    if node.op is DynamicRounding { return (node, nil) }
    guard let turn = node.op as? Transpose, let (_, source) = producer(of: node.inputs[0]),
      source.op is DynamicRounding
    else { return nil }
    return (source, turn)
  }
}

/// What ONNX writes as Mul(Cast(sums), Mul(scale of x, scales of the weights)).
private struct DynamicSums {
  let mark: Node
  let op: IntegerSums
  let rounding: Node
  let scales: Tensor

  init?(_ node: Node, _ graph: Graph) {
    for (sum, factor) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let (_, cast) = graph.producer(of: sum), cast.op is Cast, graph[sum].type.element == .float32,
        let (_, mark) = graph.producer(of: cast.inputs[0]), let op = mark.op as? IntegerSums,
        let (_, product) = graph.producer(of: factor), product.op as? Binary == Binary(.multiply)
      else { continue }
      for (step, weights) in [(product.inputs[0], product.inputs[1]), (product.inputs[1], product.inputs[0])] {
        guard let (_, source) = graph.producer(of: step), source.op is DynamicQuantize, source.outputs[1] == step,
          source.inputs[0] == mark.inputs[0], let scales = graph.constant(weights)
        else { continue }
        (self.mark, self.op, rounding, self.scales) = (mark, op, source, scales)
        return
      }
    }
    return nil
  }

  /// The product of real numbers in place of `node`; nil when scales or zero points do not go along the output channels.
  func product(_ node: Node, _ graph: Graph) throws(OperatorError) -> GraphPatch? {
    let output = graph[node.outputs[0]].type
    guard let weights = graph.constant(mark.inputs[1]), let values = weights.integers(),
      let zeros = graph.constant(mark.inputs[2])?.integers(), output == graph[mark.outputs[0]].type.float,
      let (channels, axis) = place(output, weights.shape), scales.isAlong(output.shape, axis: axis.output),
      zeros.count == 1 || zeros.count == channels
    else { return nil }
    let steps = scales.elements(as: Float.self)
    guard steps.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
    let parameters =
      steps.count == 1
      ? QuantizationParameters(.int8, scale: steps[0], zeroPoint: 0)
      : QuantizationParameters(
        .int8, scales: steps, zeroPoints: [Int32](repeating: 0, count: channels), axis: axis.weights)
    let inner = weights.shape.dimensions[(axis.weights + 1)...].reduce(1, *)
    var rest = values.indices.map { values[$0] - zeros[zeros.count == 1 ? 0 : $0 / inner % channels] }
    var patch = GraphPatch(graph, "'\(mark.name)' as a product of real numbers")
    let rounded = try patch.emit(DynamicRounding(), mark.inputs[0], name: rounding.name)
    var sum: ValueID?
    repeat {
      let part = rest.map { Int8(min(max($0, -127), 127)) }
      for k in rest.indices { rest[k] -= Int(part[k]) }
      let constant = patch.addConstant(Tensor(part, shape: weights.shape), name: graph[mark.inputs[1]].name)
      let real = try patch.emit(Dequantize(parameters), constant, name: mark.name)
      let product = try patch.emit(op.base.op, rounded, real, name: mark.name)
      sum =
        try sum.map { (sum) throws(OperatorError) in
          try patch.emit(Binary(.add), product, sum, name: mark.name)
        } ?? product
    } while rest.contains { $0 != 0 }
    guard let sum, patch.type(of: sum) == output else { return nil }
    patch.replace(node.outputs[0], with: sum)
    return patch
  }

  /// The number of output channels, and where they stand in the output and in the weights; nil for a transposed convolution.
  private func place(_ output: TensorType, _ weights: Shape) -> (Int, (output: Int, weights: Int))? {
    switch op.base {
    case .convolution: (weights[0], (1, 0))
    case .matrix: (weights[1], (output.rank - 1, 1))
    case .transposed: nil
    }
  }
}

extension TensorType {
  /// The same shape in f32.
  fileprivate var float: TensorType { TensorType(.float32, shape) }
}

extension Tensor {
  /// Whether this is one f32 number, or one for each index of `axis` of a tensor of `shape`, in a form that broadcasts so.
  fileprivate func isAlong(_ shape: Shape, axis: Int) -> Bool {
    guard element == .float32 else { return false }
    if count == 1 { return self.shape.rank <= shape.rank }
    let place = axis - (shape.rank - self.shape.rank)
    return self.shape.dimensions.indices.contains(place) && self.shape[place] == shape[axis] && count == shape[axis]
  }
}
