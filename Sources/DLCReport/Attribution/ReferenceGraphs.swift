import DLCGraph
import DLCOperators
import DLCTensor

/// Variants of a reference network that show where a candidate's error arises.
struct ReferenceGraphs {
  /// The values that are compared, in topological order.
  let values: [ValueID]
  /// The network with every compared value as an output, after its own outputs.
  let observed: Graph
  /// For each compared value an input that stands in for it, and as outputs the values computed from the nearest of these
  /// inputs: what each layer answers to the candidate's own inputs.
  let local: Graph
  /// The network with an input for each compared value that is added to it; its own outputs.
  let injected: Graph

  /// Throws when the graph has a cycle or a value cannot be added to: faults of ours.
  init(_ graph: Graph, values: [ValueID]) throws {
    self.values = values
    let position = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
    observed = try Self.copy(graph) { old, new, copy in
      if let k = position[old] { copy.outputs.append(Self.port("value \(k)", new, copy)) }
      return new
    }
    local = try Self.copy(graph, keepsOutputs: false) { old, new, copy in
      guard let k = position[old] else { return new }
      copy.outputs.append(Self.port("local \(k)", new, copy))
      return Self.input("given \(k)", like: new, &copy)
    }
    injected = try Self.copy(graph) { old, new, copy in
      guard let k = position[old] else { return new }
      let error = Self.input("error \(k)", like: new, &copy)
      return try copy.add(Binary(.add), [new, error], name: "inject \(k)")[0]
    }
  }

  private static func port(_ name: String, _ value: ValueID, _ graph: Graph) -> Port {
    Port(name: name, value: value, declared: graph[value].type.shape.dimensions.map { .fixed($0) })
  }

  private static func input(_ name: String, like value: ValueID, _ graph: inout Graph) -> ValueID {
    let type = graph[value].type
    return graph.addInput(name: name, type: type, declared: type.shape.dimensions.map { .fixed($0) })
  }

  /// The graph again, every computed value replaced for its readers by what `visit` makes of it. Outputs that `visit` adds
  /// stand behind the graph's own.
  private static func copy(
    _ graph: Graph, keepsOutputs: Bool = true, visit: (ValueID, ValueID, inout Graph) throws -> ValueID
  ) throws -> Graph {
    var copy = Graph(name: graph.name)
    var counterpart: [ValueID: ValueID] = [:]
    for port in graph.inputs {
      counterpart[port.value] = copy.addInput(name: port.name, type: graph[port.value].type, declared: port.declared)
    }
    func mapped(_ value: ValueID) -> ValueID {
      if let known = counterpart[value] { return known }
      guard let constant = graph.constant(value) else { preconditionFailure("%\(value.index) has no value") }
      let new = copy.addConstant(constant, name: graph[value].name)
      counterpart[value] = new
      return new
    }
    guard let order = graph.topologicalOrder() else { throw Failure(.ourFault, "the reference graph has a cycle.") }
    for id in order {
      let node = graph[id]
      let names = node.outputs.map { graph[$0].name }
      let outputs = try copy.add(node.op, node.inputs.map(mapped), name: node.name, outputNames: names)
      for (old, new) in zip(node.outputs, outputs) { counterpart[old] = try visit(old, new, &copy) }
    }
    if keepsOutputs {
      let own = graph.outputs.map { Port(name: $0.name, value: mapped($0.value), declared: $0.declared) }
      copy.outputs = own + copy.outputs
    }
    return copy
  }
}
