import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Computes functions of one 8-bit value by table.
  ///
  ///     Given:  %1 = dequantize(%0) p; %2 = sigmoid(%1); %3 = multiply(%1, %2); %4 = quantize(%3) q
  ///     Result: %4 = lookup(%0)
  ///
  /// Any tree of elementwise operations counts whose leaves are one integer value and scalars; a result that is not
  /// quantized is looked up in f32.
  package static let integerFunctions = Pass(
    "integer-functions", "functions of one 8-bit value as tables", level: 0, requires: [.unsignedActivations],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let output = node.outputs.first, node.op is Quantize || node.op is Unary || node.op is Binary,
        let function = ByteFunction(output, in: graph)
      else { return nil }
      let parameters = (node.op as? Quantize)?.parameters
      // A real result that only goes on into tables needs none of its own.
      if parameters == nil, function.isAbsorbed(output, in: graph) { return nil }
      guard let table = try? function.table(output, in: graph) else { return nil }
      var patch = GraphPatch(graph, "table for \(node.op.mnemonic) '\(node.name)'")
      let op = LookupTable(
        table, of: graph[function.root].type.element, input: function.parameters, output: parameters)
      patch.replace(output, with: try patch.emit(op, function.root, name: node.name))
      return patch
    })
}

/// A value as a function of one 8-bit value.
private struct ByteFunction {
  /// The integers that it is a function of, of the value's shape.
  let root: ValueID
  /// What they stand for.
  let parameters: QuantizationParameters?

  /// Deepest tree that is looked into.
  private static let deepest = 24

  /// Nil when `value` depends on more than one value, or is computed otherwise than elementwise.
  init?(_ value: ValueID, in graph: Graph) {
    var known: [ValueID: [ValueID]?] = [:]
    guard let roots = Self.roots(of: value, in: graph, depth: 0, &known) else { return nil }
    let shape = graph[value].type.shape
    guard let root = roots.first(where: { $0 != value && graph[$0].type.shape == shape }) else { return nil }
    self.root = root
    let readers = graph[root].users.compactMap { (graph[$0].op as? Dequantize)?.parameters }
    parameters = readers.first
  }

  /// The integer values of which `value` is a function, nearest first; an empty list for a scalar; nil when it is none.
  /// `known` holds what was found before: sums of a value with itself would take time without limit.
  private static func roots(
    of value: ValueID, in graph: Graph, depth: Int, _ known: inout [ValueID: [ValueID]?]
  ) -> [ValueID]? {
    if depth > deepest { return nil }
    if let constant = graph.constant(value) { return constant.count == 1 ? [] : nil }
    if let found = known[value] { return found }
    let found = computedRoots(of: value, in: graph, depth: depth, &known)
    known[value] = .some(found)
    return found
  }

  private static func computedRoots(
    of value: ValueID, in graph: Graph, depth: Int, _ known: inout [ValueID: [ValueID]?]
  ) -> [ValueID]? {
    guard let (_, node) = graph.producer(of: value) else { return nil }
    func roots(_ input: Int) -> [ValueID]? { Self.roots(of: node.inputs[input], in: graph, depth: depth + 1, &known) }
    switch node.op {
    case let op as Dequantize:
      if let constant = graph.constant(node.inputs[0]) { return constant.count == 1 ? [] : nil }
      guard op.parameters.isByte else { return nil }
      return [node.inputs[0]] + (roots(0) ?? [])
    case let op as LookupTable:
      return [node.inputs[0]] + (op.table.element == .float32 ? [] : roots(0) ?? [])
    case let op as Quantize:
      guard op.parameters.isByte else { return nil }
      return roots(0)
    case is Unary where graph[value].type.element == .float32: return roots(0)
    case let op as Binary where graph[value].type.element == .float32 && !op.kind.isComparison:
      guard let a = roots(0), let b = roots(1) else { return nil }
      if a.isEmpty { return b }
      return b.isEmpty ? a : a.filter(b.contains)
    default: return nil
    }
  }

  /// Whether all who read `value` make it part of a table of theirs.
  func isAbsorbed(_ value: ValueID, in graph: Graph) -> Bool {
    guard !graph.isOutput(value) else { return false }
    return graph[value].users.allSatisfy { user in
      let node = graph[user]
      guard (node.op as? Quantize)?.parameters.isByte ?? (node.op is Unary || node.op is Binary) else { return false }
      return ByteFunction(node.outputs[0], in: graph) != nil
    }
  }

  /// The value for each byte of the root, `[256]`.
  func table(_ value: ValueID, in graph: Graph) throws(OperatorError) -> Tensor {
    var known: [ValueID: Tensor] = [:]
    let bytes = LookupTable.bytes(of: graph[root].type.element).map(Double.init)
    known[root] = Tensor(doubles: bytes, type: TensorType(graph[root].type.element, [256]))
    return try evaluate(value, graph, &known)
  }

  private func evaluate(
    _ value: ValueID, _ graph: Graph, _ known: inout [ValueID: Tensor]
  ) throws(OperatorError) -> Tensor {
    if let tensor = known[value] { return tensor }
    if let constant = graph.constant(value) { return constant.reshaped(to: .scalar) }
    guard let (_, node) = graph.producer(of: value) else { throw OperatorError("no function of one value") }
    var inputs: [Tensor] = []
    for input in node.inputs { inputs.append(try evaluate(input, graph, &known)) }
    // One scale and zero point of a scalar constant serve it at any axis.
    if var op = node.op as? Dequantize, op.parameters.axis != nil {
      op.parameters.axis = nil
      known[value] = try op.evaluate(inputs)[0]
    } else {
      known[value] = try node.op.evaluate(inputs)[0]
    }
    return known[value]!
  }
}
