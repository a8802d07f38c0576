import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Computes in integers what stands between `Dequantize` and `Quantize`.
  ///
  ///     Given:  %1 = dequantize(%0) p; %2 = conv(%1, dequantize(W: i8), b) then=relu; %3 = quantize(%2) q
  ///     Result: %3 = qconv(%0, W, b: i32) x=p y=q then=relu
  ///
  /// A result that someone reads as a real number is given in f32. What has no integer form stays.
  package static let formIntegers = Pass(
    "form-integers", "operators between integers as integer operators", level: 0,
    requires: [.unsignedActivations], establishes: [.integersFormed],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let output = node.outputs.first, graph[output].type.element == .float32,
        !graph[output].type.shape.isEmpty
      else { return nil }
      var formation = IntegerFormation(node, graph)
      let formed =
        switch node.op {
        case let op as Binary: try formation.binary(op)
        case let op as Pool: try formation.pool(op)
        case let op as Reduce: try formation.reduce(op)
        case let op as Softmax: try formation.softmax(op)
        default: try formation.contraction()
        }
      return formed ? formation.patch : nil
    })
}

/// The making of one integer operator.
struct IntegerFormation {
  let node: Node
  let graph: Graph
  var patch: GraphPatch

  init(_ node: Node, _ graph: Graph) {
    self.node = node
    self.graph = graph
    patch = GraphPatch(graph, "\(node.op.mnemonic) '\(node.name)' in integers")
  }

  /// What the result's readers quantize it to, in integers as those of `input`, when `function` is part of the integer
  /// operator; nil: it is f32.
  func output(_ function: Function?, _ input: QuantizationParameters) -> QuantizationParameters? {
    guard function.clampBounds != nil, let output = graph.commonQuantization(of: node.outputs[0]),
      output.element == input.element
    else { return nil }
    return output
  }

  /// Puts `op` over `inputs` in the node's place: for those who quantize its result when it gives integers, else after
  /// applying `rest` in floating point. False when its integers do not fit.
  mutating func finish(
    _ op: any Operator, _ inputs: [ValueID], residual: ValueID? = nil, function rest: Function? = nil
  ) throws(OperatorError) -> Bool {
    // What inference refuses here, scales whose quotients leave f32's range, stays in floating point.
    guard (try? op.infer(inputs.map { patch.type(of: $0) })) != nil else { return false }
    var result = try patch.add(op, inputs, name: node.name)[0]
    if patch.type(of: result).element != .float32 {
      patch.replaceQuantized(node.outputs[0], in: graph, with: result)
      return true
    }
    if let residual { result = try patch.emit(Binary(.add), result, residual, name: node.name) }
    if let rest { result = try patch.emit(Unary(rest), result, name: node.name) }
    patch.replace(node.outputs[0], with: result)
    return true
  }

  /// Addition, product, minimum and maximum of two activations.
  mutating func binary(_ op: Binary) throws(OperatorError) -> Bool {
    guard QuantizedBinary.takes(op.kind), let a = graph.dequantized(node.inputs[0]),
      let b = graph.dequantized(node.inputs[1]), a.isActivation, b.isActivation
    else { return false }
    let (left, right) = (patch.activation(a), patch.activation(b))
    let clamps = op.function.clampBounds != nil
    let quantized = QuantizedBinary(
      Binary(op.kind, then: clamps ? op.function : nil), a: left.parameters, b: right.parameters,
      output: output(op.function, left.parameters))
    return try finish(quantized, [left.integers, right.integers], function: clamps ? nil : op.function)
  }

  /// Average pooling from integers to integers.
  mutating func pool(_ op: Pool) throws(OperatorError) -> Bool {
    guard case .average = op.kind, let (x, input) = activation(0), let output = output(nil, input),
      sums(op.window.kernel.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }, of: input)
    else { return false }
    return try finish(QuantizedPool(op, input: input, output: output), [x])
  }

  /// Sums and means of integers.
  mutating func reduce(_ op: Reduce) throws(OperatorError) -> Bool {
    guard op.kind == .sum || op.kind == .mean, !op.axes.isEmpty, let (x, input) = activation(0),
      sums(op.axes.reduce(1) { $0 * graph[node.inputs[0]].type.shape[$1] }, of: input)
    else { return false }
    return try finish(QuantizedReduce(op, input: input, output: output(nil, input)), [x])
  }

  /// Softmax from integers to integers.
  mutating func softmax(_ op: Softmax) throws(OperatorError) -> Bool {
    guard op.kind == .softmax, let (x, input) = activation(0), let output = output(nil, input) else { return false }
    return try finish(QuantizedSoftmax(axis: op.axis, input: input, output: output), [x])
  }

  /// The integers of input `index`, which are computed when run.
  func activation(_ index: Int) -> (ValueID, QuantizationParameters)? {
    guard let value = graph.dequantized(node.inputs[index]), value.isActivation, value.constant == nil else {
      return nil
    }
    return (value.integers, value.parameters)
  }

  /// Whether so many integers add up within 31 bits, as kernels want it.
  private func sums(_ count: Int, of input: QuantizationParameters) -> Bool {
    count > 0 && count <= (input.element == .uint8 ? 1 << 23 : 1 << 16)
  }
}
