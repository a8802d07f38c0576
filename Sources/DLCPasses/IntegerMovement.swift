import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Moves bytes, or 16 bits, instead of real numbers: data movement and maximum pooling between integers and before them.
  ///
  ///     Given:  %1 = dequantize(%0) p; %2 = reshape(%1)
  ///     Result: %1 = reshape(%0); %2 = dequantize(%1) p
  ///
  ///     Given:  %1 = concat(%0, dequantize(%9) q); %2 = quantize(%1) p
  ///     Result: %1 = quantize(%0) p; %2 = concat(%1, lookup(%9) q to p)
  ///
  /// Integers that are quantized again change by table, or not at all.
  package static let integerMovement = Pass(
    "integer-movement", "data movement and max pooling on bytes", level: 0, requires: [.unsignedActivations],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      if let op = node.op as? Quantize { return try requantized(op, node, graph) }
      guard let movement = IntegerMovement(node), graph[node.outputs[0]].type.element == .float32 else { return nil }
      if let patch = try movement.behindDequantize(graph) { return patch }
      return try movement.aheadOfQuantize(graph)
    })

  /// `Quantize(Dequantize(q))`: q itself, or a table.
  private static func requantized(_ op: Quantize, _ node: Node, _ graph: Graph) throws(OperatorError) -> GraphPatch? {
    guard op.parameters.isByte || op.parameters.isActivation, let before = graph.dequantized(node.inputs[0]) else {
      return nil
    }
    var patch = GraphPatch(graph, "requantize '\(node.name)'")
    if let constant = before.constant {
      let real = try Dequantize(before.parameters).evaluate([constant])
      patch.replace(node.outputs[0], with: patch.addConstant(try op.evaluate(real)[0]))
      return patch
    }
    if before.parameters == op.parameters, !graph.wouldLoseInterface(node.outputs[0], for: before.integers) {
      patch.replace(node.outputs[0], with: before.integers)
    } else {
      guard before.parameters.isByte, op.parameters.isByte else { return nil }
      let table = LookupTable.requantize(before.parameters, to: op.parameters)
      patch.replace(node.outputs[0], with: try patch.emit(table, before.integers, name: node.name))
    }
    return patch
  }
}

/// A node whose operator gives elements of its inputs, or the largest of them, as they are: it may as well run on bytes.
struct IntegerMovement {
  let node: Node
  /// The positions of the inputs that are moved.
  let data: [Int]

  /// Nil when `node` does something else, or no kernel does it on bytes.
  init?(_ node: Node) {
    switch node.op {
    case is Reshape, is Transpose, is Slice, is Expand, is Tile, is Gather, is GatherElements, is GatherND,
      is ReverseSequence, is Pad:
      data = [0]
    case is Concatenate: data = Array(node.inputs.indices)
    case let op as Resize:
      guard op.mode == .nearest, op.coordinate != .cropAndResize else { return nil }
      data = [0]
    case let op as Pool:
      guard op.kind == .maximum else { return nil }
      data = [0]
    case let op as Reduce:
      guard op.kind == .maximum || op.kind == .minimum else { return nil }
      data = [0]
    default: return nil
    }
    self.node = node
  }

  /// The number that a `Pad` puts in; nil when it puts none, or one that is not known.
  func value(in graph: Graph) -> Double? {
    guard let pad = node.op as? Pad, pad.mode == .constant else { return nil }
    return pad.hasValue ? graph.scalar(node.inputs[1]) : 0
  }

  /// Whether the value that a `Pad` puts in is not known.
  private func hasUnknownValue(_ graph: Graph) -> Bool {
    guard let pad = node.op as? Pad, pad.mode == .constant, pad.hasValue else { return false }
    return graph.scalar(node.inputs[1]) == nil
  }

  /// Emits the operator over integers; `padding` is what a `Pad` puts in. Nil when they do not fit it.
  func emit(
    _ sources: [Int: ValueID], padding: Int32, _ patch: inout GraphPatch
  ) throws(OperatorError) -> [ValueID]? {
    var op = node.op
    var inputs = node.inputs.enumerated().map { sources[$0.offset] ?? $0.element }
    if var pad = op as? Pad, pad.mode == .constant {
      pad.hasValue = true
      op = pad
      let isByte = patch.type(of: inputs[0]).element == .uint8
      inputs = [
        inputs[0], patch.addConstant(isByte ? Tensor(UInt8(clamping: padding)) : Tensor(Int16(clamping: padding))),
      ]
    }
    if inputs.count == 1, let constant = patch.constant(inputs[0]), node.outputs.count == 1 {
      return [patch.addConstant(try op.evaluate([constant])[0])]
    }
    return try patch.add(op, inputs, name: node.name)
  }

  /// The movement of what was dequantized before it; all inputs have the same parameters.
  func behindDequantize(_ graph: Graph) throws(OperatorError) -> GraphPatch? {
    let sources = data.compactMap { graph.dequantized(node.inputs[$0]) }
    guard sources.count == data.count, let first = sources.first else { return nil }
    if let patch = try constant(first, graph) { return patch }
    let parameters = first.parameters.isByte ? first.parameters.unsigned : first.parameters
    guard
      sources.allSatisfy({ $0.isActivation && $0.parameters.unsigned == parameters }), !hasUnknownValue(graph)
    else { return nil }
    let padding = Float(value(in: graph) ?? 0)
    let byte = parameters.quantize(padding)
    guard parameters.dequantize(byte) == padding else { return nil }
    var patch = GraphPatch(graph, "\(node.op.mnemonic) '\(node.name)' on bytes")
    var integers: [Int: ValueID] = [:]
    for (k, source) in zip(data, sources) { integers[k] = patch.activation(source).integers }
    guard let results = try emit(integers, padding: byte, &patch) else { return nil }
    patch.replace(node.outputs[0], with: try patch.emit(Dequantize(parameters), results[0], name: node.name))
    for (old, new) in zip(node.outputs, results).dropFirst() { patch.replace(old, with: new) }
    return patch
  }

  /// A transposition or reshape of constant integers, done now; scales may differ along an axis that stays one.
  private func constant(_ source: Dequantized, _ graph: Graph) throws(OperatorError) -> GraphPatch? {
    guard let tensor = source.constant, node.inputs.count == 1 else { return nil }
    var parameters: QuantizationParameters? = source.parameters
    let moved: Tensor
    switch node.op {
    case let op as Transpose:
      moved = tensor.transposed(by: op.permutation)
      if let axis = source.parameters.axis { parameters?.axis = op.permutation.firstIndex(of: axis) }
    case let op as Reshape:
      moved = tensor.reshaped(to: op.shape)
      if let axis = source.parameters.axis {
        let (before, extent) = (tensor.shape.dimensions[..<axis].reduce(1, *), tensor.shape[axis])
        let place = op.shape.dimensions.indices.first { k in
          op.shape[k] == extent && op.shape.dimensions[..<k].reduce(1, *) == before
        }
        guard let place else { return nil }
        parameters?.axis = place
      }
    default: return nil
    }
    guard let parameters else { return nil }
    var patch = GraphPatch(graph, "\(node.op.mnemonic) of constant integers")
    let integers = patch.addConstant(moved, name: graph[source.integers].name)
    patch.replace(node.outputs[0], with: try patch.emit(Dequantize(parameters), integers, name: node.name))
    return patch
  }

  /// The movement of bytes where all readers quantize the result alike; nothing else reads the real inputs.
  func aheadOfQuantize(_ graph: Graph) throws(OperatorError) -> GraphPatch? {
    guard node.outputs.count == 1, let parameters = graph.commonQuantization(of: node.outputs[0]),
      !hasUnknownValue(graph)
    else { return nil }
    for k in data {
      let input = node.inputs[k]
      guard
        graph.dequantized(input)?.isActivation ?? false || graph.constant(input) != nil
          || graph.onlyUser(of: input) != nil
      else { return nil }
    }
    var patch = GraphPatch(graph, "quantize before \(node.op.mnemonic) '\(node.name)'")
    var integers: [Int: ValueID] = [:]
    for k in data {
      if let constant = graph.constant(node.inputs[k]) {
        integers[k] = patch.addConstant(try Quantize(parameters).evaluate([constant])[0])
      } else {
        integers[k] = try patch.emit(Quantize(parameters), node.inputs[k], name: node.name)
      }
    }
    let padding = parameters.quantize(Float(value(in: graph) ?? 0))
    guard let results = try emit(integers, padding: padding, &patch) else { return nil }
    patch.replaceQuantized(node.outputs[0], in: graph, with: results[0])
    return patch
  }
}
