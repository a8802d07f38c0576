import DLCGraph
import DLCOperators
import DLCTensor

/// Writes the graph of a draft: quantize-dequantize pairs on the edges that integer nodes read, weights as dequantized
/// constants.
struct GraphEmission {
  private let draft: QuantizationDraft
  private let source: Graph
  private let needed: Set<NodeID>?
  private var result: Graph
  /// Values before any quantization.
  private var raw: [ValueID: ValueID] = [:]
  private var converted: [Conversion: ValueID] = [:]

  private struct Conversion: Hashable {
    var value: ValueID
    var parameters: QuantizationParameters
  }

  /// `needed`: the nodes to write; nil: all.
  init(_ draft: QuantizationDraft, needed: Set<NodeID>?) {
    self.draft = draft
    self.needed = needed
    source = draft.network.graph
    result = Graph(name: source.name)
  }

  /// The graph with its own outputs.
  mutating func network() throws(OperatorError) -> Graph {
    try body()
    for port in source.outputs {
      result.outputs.append(Port(name: port.name, value: try read(port.value), declared: port.declared))
    }
    nameOutputs()
    return result
  }

  /// The graph with `probes` as outputs.
  mutating func network(_ probes: [Probe]) throws(OperatorError) -> Graph {
    try body()
    for (k, probe) in probes.enumerated() {
      let value: ValueID
      switch probe {
      case .value(let id): value = try plain(id)
      case .sums(let node): value = try sums(node, errors: false)
      case .weightErrors(let node): value = try sums(node, errors: true)
      }
      result.outputs.append(Port(name: "probe\(k)", value: value, declared: []))
    }
    return result
  }

  private mutating func body() throws(OperatorError) {
    for port in source.inputs {
      let id = result.addInput(name: port.name, type: source[port.value].type, declared: port.declared)
      result.rename(id, to: source[port.value].name)
      raw[port.value] = id
    }
    for id in draft.network.order where needed?.contains(id) ?? true {
      let node = source[id]
      if draft.isIdentity(id) {
        raw[node.outputs[0]] = try plain(node.inputs[0])
        continue
      }
      let (op, inputs) = try operands(id)
      let outputs = try result.add(op, inputs, name: node.name, outputNames: node.outputs.map { source[$0].name })
      for (old, new) in zip(node.outputs, outputs) { raw[old] = new }
    }
  }

  /// Dequantized outputs of the network keep the name that the float network gives them.
  private mutating func nameOutputs() {
    for (port, old) in zip(result.outputs, source.outputs) where result[port.value].name.isEmpty {
      result.rename(port.value, to: source[old.value].name)
    }
  }

  /// A node's operator and inputs as the draft has them.
  private mutating func operands(_ id: NodeID) throws(OperatorError) -> (any Operator, [ValueID]) {
    let node = source[id]
    let isInteger = draft.participation.nodes.contains(id)
    let data = Set(isInteger ? draft.participation.dataInputs(id, draft.network) : [])
    let stored = isInteger && draft.participation.stores(node.outputs[0], draft.network)
    var target: QuantizationParameters?
    if stored, case .shared = draft.network.role(id) { target = draft.parameters[node.outputs[0]] }
    var op = node.op
    var inputs: [ValueID] = []
    for (index, input) in node.inputs.enumerated() {
      if index == 1, draft.weights[id] != nil {
        let (changed, value) = try weights(id, op)
        op = changed
        inputs.append(value)
      } else if index == 0, let parameters = draft.tables[id] {
        inputs.append(try converted(input, from: try plain(input), parameters))
      } else if let tensor = draft.overrides[InputSlot(node: id, index: index)] {
        inputs.append(result.addConstant(tensor, name: source[input].name))
      } else if data.contains(index), let parameters = draft.parameters[input] {
        inputs.append(try quantized(input, parameters, then: target))
      } else {
        inputs.append(try read(input))
      }
    }
    return dropZeroBias(op, inputs)
  }

  /// Takes away a bias of zeros, which preparation added for the sake of uniformity.
  private func dropZeroBias(_ op: any Operator, _ inputs: [ValueID]) -> (any Operator, [ValueID]) {
    guard var weighted = Contraction(op), weighted.epilogue.bias,
      let bias = result.constant(inputs[2]), bias.element == .float32,
      bias.elements(as: Float.self).allSatisfy({ $0 == 0 })
    else { return (op, inputs) }
    weighted.epilogue.bias = false
    var inputs = inputs
    inputs.remove(at: 2)
    return (weighted.op, inputs)
  }

  /// A value before quantization.
  private mutating func plain(_ id: ValueID) throws(OperatorError) -> ValueID {
    if let known = raw[id] { return known }
    guard let tensor = source.constant(id) else { throw OperatorError("value \(id.index) is undefined") }
    let new = result.addConstant(tensor, name: source[id].name)
    raw[id] = new
    return new
  }

  /// A value as a node outside of the integers reads it: dequantized where integers are all that is stored.
  private mutating func read(_ id: ValueID) throws(OperatorError) -> ValueID {
    if draft.participation.stores(id, draft.network), let parameters = draft.parameters[id] {
      return try quantized(id, parameters, then: nil)
    }
    return try plain(id)
  }

  /// A value through integers of `parameters`, and on to those of `target` where they differ.
  private mutating func quantized(
    _ id: ValueID, _ parameters: QuantizationParameters, then target: QuantizationParameters?
  ) throws(OperatorError) -> ValueID {
    let first = try converted(id, from: try plain(id), parameters)
    guard let target, target != parameters else { return first }
    // A constant or a float goes to the target at once.
    if source[id].producer.map({ !draft.participation.nodes.contains($0) }) ?? true {
      return try converted(id, from: try plain(id), target)
    }
    return try converted(id, from: first, target)
  }

  private mutating func converted(
    _ id: ValueID, from value: ValueID, _ parameters: QuantizationParameters
  ) throws(OperatorError) -> ValueID {
    let key = Conversion(value: value, parameters: parameters)
    if let known = converted[key] { return known }
    let name = source[id].name
    let integers: ValueID
    if let tensor = source.constant(id) {
      integers = result.addConstant(try Quantize(parameters).evaluate([tensor])[0], name: suffixed(name, "quantized"))
    } else {
      integers = try result.add(
        Quantize(parameters), [value], name: name, outputNames: [suffixed(name, "quantized")])[0]
    }
    let real = try result.add(
      Dequantize(parameters), [integers], name: name, outputNames: [suffixed(name, "dequantized")])[0]
    converted[key] = real
    return real
  }

  private func suffixed(_ name: String, _ suffix: String) -> String { name.isEmpty ? "" : "\(name)/\(suffix)" }

  /// Weights as integers and their dequantization; with groups the matrix is stored row by row.
  private mutating func weights(_ id: NodeID, _ op: any Operator) throws(OperatorError) -> (any Operator, ValueID) {
    guard let weights = draft.weights[id], let matrix = draft.matrix(id) else {
      throw OperatorError("node '\(source[id].name)' has no weights")
    }
    let input = source[id].inputs[1]
    let shape = source[input].type.shape
    let name = source[input].name
    let zeros = [Int32](repeating: 0, count: weights.scales.count)
    guard let size = weights.groupSize else {
      let parameters = QuantizationParameters(.int8, scales: weights.scales, zeroPoints: zeros, axis: matrix.axis)
      let constant = result.addConstant(Tensor(weights.integers, shape: shape), name: suffixed(name, "quantized"))
      return (op, try result.add(Dequantize(parameters), [constant], name: name)[0])
    }
    var integers: [Int8] = []
    integers.reserveCapacity(weights.integers.count)
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        for k in 0..<matrix.depth { integers.append(weights.integers[matrix.offset(group, row, k)]) }
      }
    }
    let parameters = QuantizationParameters(.int8, scales: weights.scales, zeroPoints: zeros, axis: 0)
    let constant = result.addConstant(
      Tensor(integers, shape: [weights.scales.count, size]), name: suffixed(name, "quantized"))
    let real = try result.add(Dequantize(parameters), [constant], name: name)[0]
    switch Contraction(op) {
    case .matrix(var product):
      // Rows are columns of b: stored transposed.
      product.transposeB = true
      let target = Shape(shape.dimensions.dropLast(2) + [matrix.rows, matrix.depth])
      return (product, try result.add(Reshape(shape: target), [real], name: name)[0])
    case .transposed:
      let target = Shape([matrix.groups, matrix.rows, matrix.depth])
      let rows = try result.add(Reshape(shape: target), [real], name: name)[0]
      let columns = try result.add(Transpose(permutation: [0, 2, 1]), [rows], name: name)[0]
      return (op, try result.add(Reshape(shape: shape), [columns], name: name)[0])
    case .convolution, nil:
      return (op, try result.add(Reshape(shape: shape), [real], name: name)[0])
    }
  }

  /// A contraction's sums alone, from the inputs that it reads.
  private mutating func sums(_ id: NodeID, errors: Bool) throws(OperatorError) -> ValueID {
    let (op, inputs) = try operands(id)
    guard var weighted = Contraction(op) else { throw OperatorError("a probe of sums stands on no contraction") }
    let hasBias = weighted.epilogue.bias
    weighted.epilogue = Epilogue(bias: hasBias && !errors)
    var kept = Array(inputs.prefix(hasBias && !errors ? 3 : 2))
    if errors {
      guard let quantized = draft.weights[id], let matrix = draft.matrix(id),
        let weights = draft.constant(id, 1)
      else { throw OperatorError("a probe of weight errors stands on float weights") }
      let real = WeightQuantizer(matrix: matrix, shape: weights.shape).dequantized(quantized)
      let differences = zip(real, weights.floats()).map { $0 - $1 }
      kept[1] = result.addConstant(Tensor(differences, shape: weights.shape))
      // The weights as the float network stores them, whatever grouping made of the operator.
      guard var plain = Contraction(source[id].op) else { throw OperatorError("no contraction") }
      plain.epilogue = Epilogue()
      weighted = plain
    }
    return try result.add(weighted.op, kept, name: source[id].name)[0]
  }
}
