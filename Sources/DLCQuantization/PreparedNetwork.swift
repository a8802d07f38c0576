import DLCGraph
import DLCOperators
import DLCTensor

/// One input of one node.
struct InputSlot: Hashable, Sendable {
  var node: NodeID
  var index: Int
}

/// How a node may take part in an integer network.
enum QuantizationRole: Sendable, Hashable {
  /// Stays in floating point.
  case float
  /// Sums of products; the second factor constant or an activation too.
  case contraction(constantWeights: Bool)
  /// Integer arithmetic with scales of its own: the listed inputs.
  case scaled([Int])
  /// The listed inputs and the result share one scale.
  case shared([Int])
  /// A function whose result has a known range.
  case fixed(scale: Float, zeroPoint: Int32)
  /// A function of one argument, the input given; other inputs are scalars.
  case table(Int)
}

/// A float graph in the form in which the quantizer works: contractions with constant weights have a bias, and functions
/// other than clamps are nodes of their own, so that their argument can have parameters.
struct PreparedNetwork: Sendable {
  let graph: Graph
  /// Topological.
  let order: [NodeID]
  private let roles: [QuantizationRole]
  private let inputScalings: Set<NodeID>

  /// `splits`: whether functions are taken out of epilogues.
  init(_ source: Graph, splits: Bool) throws(QuantizationError) {
    do {
      (graph, inputScalings) = try Self.normalized(source, splits: splits)
    } catch {
      throw QuantizationError(error)
    }
    guard let order = graph.topologicalOrder() else { throw .internalFault("the graph has a cycle") }
    self.order = order
    let (graph, scalings) = (graph, inputScalings)
    roles = graph.nodes.indices.map { index in
      guard let node = graph.nodes[index], !scalings.contains(where: { $0.index == index }) else { return .float }
      return Self.role(node, graph)
    }
  }

  /// Whether a node multiplies a vector of inputs by factors of its columns, all 1 until they are balanced.
  func scalesInput(_ id: NodeID) -> Bool { inputScalings.contains(id) }

  /// The role of a node.
  func role(_ id: NodeID) -> QuantizationRole { roles[id.index] }

  /// Inputs of a node that are integers when the node computes in integers; weights that are constant are not listed.
  func dataInputs(_ id: NodeID) -> [Int] {
    switch role(id) {
    case .float: return []
    case .contraction(let constantWeights):
      let residual = Contraction(graph[id].op)?.residual
      return (constantWeights ? [0] : [0, 1]) + (residual.map { [$0] } ?? [])
    case .scaled(let inputs), .shared(let inputs): return inputs
    case .fixed: return [0]
    case .table(let input): return [input]
    }
  }

  /// Multiply-adds of one run, those of contractions.
  var products: Double { graph.products }

  /// The contractions with constant weights, in order.
  var weighted: [NodeID] { order.filter { role($0) == .contraction(constantWeights: true) } }

  /// The graph in normal form.
  private static func normalized(
    _ source: Graph, splits: Bool
  ) throws(OperatorError) -> (graph: Graph, inputScalings: Set<NodeID>) {
    var result = Graph(name: source.name)
    var scaled: [ValueID: ValueID] = [:]
    var renamed: [ValueID: ValueID] = [:]
    for port in source.inputs {
      renamed[port.value] = result.addInput(
        name: port.name, type: source[port.value].type, declared: port.declared)
      result.rename(renamed[port.value]!, to: source[port.value].name)
    }
    func known(_ id: ValueID) throws(OperatorError) -> ValueID {
      if let known = renamed[id] { return known }
      guard let tensor = source.constant(id) else { throw OperatorError("value \(id.index) is undefined") }
      let new = result.addConstant(tensor, name: source[id].name)
      renamed[id] = new
      return new
    }
    guard let order = source.topologicalOrder() else { throw OperatorError("the graph has a cycle") }
    for id in order {
      let node = source[id]
      var inputs: [ValueID] = []
      for input in node.inputs { inputs.append(try known(input)) }
      var op = node.op
      if splits, isProductOfInputs(node, source) {
        if let known = scaled[inputs[0]] {
          inputs[0] = known
        } else {
          let type = result[inputs[0]].type
          let columns = type.shape[type.rank - 1]
          let ones = result.addConstant(Tensor([Float](repeating: 1, count: columns), shape: [columns]))
          let name = result[inputs[0]].name
          let value = try result.add(
            Binary(.multiply), [inputs[0], ones], name: name, outputNames: [name.isEmpty ? "" : name + "/scaled"])[0]
          scaled[inputs[0]] = value
          inputs[0] = value
        }
      }
      let type = source[node.outputs[0]].type
      if type.element == .float32, var weighted = Contraction(op), !weighted.epilogue.bias,
        source.constant(node.inputs[1]) != nil
      {
        let channels = type.shape[weighted.channelAxis(rank: type.rank)]
        weighted.epilogue.bias = true
        inputs.insert(
          result.addConstant(Tensor([Float](repeating: 0, count: channels), shape: [channels])), at: 2)
        op = weighted.op
      }
      var function: Function?
      if splits { (op, function) = split(op) }
      var names = node.outputs.map { source[$0].name }
      if function != nil { names = [names[0].isEmpty ? "" : names[0] + "/argument"] }
      var outputs = try result.add(op, inputs, name: node.name, outputNames: names)
      if let function {
        outputs = try result.add(
          Unary(function), outputs, name: node.name, outputNames: [source[node.outputs[0]].name])
      }
      for (old, new) in zip(node.outputs, outputs) { renamed[old] = new }
    }
    for port in source.outputs {
      result.outputs.append(Port(name: port.name, value: try known(port.value), declared: port.declared))
    }
    return (result, Set(scaled.values.compactMap { result[$0].producer }))
  }

  /// Whether a node multiplies rows of an input of the network, whose columns may be quantities of any magnitude, by
  /// constant weights.
  private static func isProductOfInputs(_ node: Node, _ graph: Graph) -> Bool {
    guard let op = node.op as? MatMul, !op.transposeA, graph.inputs.contains(where: { $0.value == node.inputs[0] }),
      let weights = graph.constant(node.inputs[1]), weights.shape.rank == 2
    else { return false }
    let type = graph[node.inputs[0]].type
    return type.element == .float32 && type.rank >= 2 && type.shape[type.rank - 1] > 1
  }

  /// The operator without its function, and the function, unless that is a clamp.
  private static func split(_ op: any Operator) -> (any Operator, Function?) {
    if var weighted = Contraction(op), let function = weighted.epilogue.function, !function.isClamp {
      weighted.epilogue.function = nil
      return (weighted.op, function)
    }
    if var binary = op as? Binary, let function = binary.function, !function.isClamp {
      binary.function = nil
      return (binary, function)
    }
    return (op, nil)
  }

  /// Longest sums that cannot pass 31 bits: 2^31 / (255 * 127), less what the bias may hold.
  private static let longestDepth = 49_000

  private static func role(_ node: Node, _ graph: Graph) -> QuantizationRole {
    func isFloat(_ inputs: [Int]) -> Bool {
      inputs.allSatisfy { index in
        guard index < node.inputs.count else { return false }
        let value = graph[node.inputs[index]]
        return value.type.element == .float32 && !value.type.shape.isEmpty
          && (value.constant.map { $0.floats().allSatisfy { $0.magnitude < Histogram.limit } } ?? true)
      }
    }
    let result = graph[node.outputs[0]].type
    guard result.element == .float32, !result.shape.isEmpty, isFloat([0]) || node.inputs.count > 1 else {
      return .float
    }
    if let weighted = Contraction(node.op) {
      guard isFloat(Array(node.inputs.indices)), graph.constant(node.inputs[0]) == nil else { return .float }
      let shape = graph[node.inputs[1]].type.shape
      guard WeightMatrix(weighted, shape).depth <= longestDepth else { return .float }
      if let bias = weighted.epilogue.bias ? node.inputs[2] : nil, graph.constant(bias) == nil { return .float }
      if graph.constant(node.inputs[1]) != nil { return .contraction(constantWeights: true) }
      return weighted.isMatrix ? .contraction(constantWeights: false) : .float
    }
    if let binary = node.op as? Binary { return role(binary, node, graph, isFloat) }
    switch node.op.quantization {
    case .float: return .float
    case .integer: return isFloat([0]) ? .scaled([0]) : .float
    case .sharedScale(let listed):
      let inputs = listed.isEmpty ? Array(node.inputs.indices) : listed
      return isFloat(inputs) && movesBytes(node.op) ? .shared(inputs) : .float
    case .fixedOutput(let scale, let zeroPoint):
      return isFloat([0]) ? .fixed(scale: Float(scale), zeroPoint: Int32(zeroPoint + 128)) : .float
    case .lookupTable: return isFloat([0]) ? .table(0) : .float
    }
  }

  /// With a scalar a binary operator is a function of its other argument; else what integer arithmetic does.
  private static func role(
    _ op: Binary, _ node: Node, _ graph: Graph, _ isFloat: ([Int]) -> Bool
  ) -> QuantizationRole {
    guard isFloat([0, 1]) else { return .float }
    switch op.kind {
    case .and, .or, .xor, .shiftLeft, .shiftRight, .equal, .less, .lessEqual, .greater, .greaterEqual: return .float
    case .add, .subtract, .multiply, .divide, .power, .minimum, .maximum, .modulo, .remainder, .prelu: break
    }
    let shape = graph[node.outputs[0]].type.shape
    for (scalar, other) in [(1, 0), (0, 1)]
    where graph.constant(node.inputs[scalar])?.count == 1 && graph[node.inputs[other]].type.shape == shape {
      return .table(other)
    }
    switch op.quantization {
    case .integer where op.kind != .prelu: return .scaled([0, 1])
    case .sharedScale(let inputs): return .shared(inputs)
    case .integer, .fixedOutput, .lookupTable, .float: return .float
    }
  }

  /// Whether an operator that could move integers has kernels that do.
  private static func movesBytes(_ op: any Operator) -> Bool {
    !(op is Select || op is OneHot || op is TopK || op is ScatterElements || op is ScatterND)
  }
}

extension Function {
  /// Whether bounds on the result do the same.
  var isClamp: Bool {
    switch self {
    case .relu, .clip: true
    default: false
    }
  }
}

extension Graph {
  /// Multiply-adds of one run, those of contractions.
  var products: Double {
    nodes.compactMap { $0 }.reduce(0) { sum, node in
      guard let op = Contraction(node.op) else { return sum }
      let depth = WeightMatrix(op, self[node.inputs[1]].type.shape).depth
      return sum + Double(self[node.outputs[0]].type.shape.count) * Double(depth)
    }
  }
}
