import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Decides for the whole graph where transpositions stand, so that the fewest bytes are moved.
  ///
  ///     Given:  %1 = transpose(%0) [0,3,1,2]; %2 = transpose(%9) [0,3,1,2]; %3 = add(%1, %2)
  ///             %4 = transpose(%3) [0,2,3,1]
  ///     Result: %3 = add(%0, %9)
  ///
  /// Each node may run in the model's axis order or in the one that transpositions suggest; a value that is read in
  /// another order than it is computed in costs its bytes. The cheapest choice is a minimum cut.
  package static let chooseLayout = Pass(
    "choose-layout", "axis orders of the whole graph by a minimum cut", level: 0,
    requires: [.channelsLast, .alignedRanks], establishes: [.layoutChosen],
    .graph { (graph) throws(OperatorError) in
      let orders = AxisOrders(graph)
      var problem = LayoutProblem(graph, orders)
      guard let chosen = problem.solve() else { return nil }
      return try LayoutRewriting(graph, orders, chosen).patch()
    })
}

/// The choice of orders as a minimum cut: on the source's side the model's order, on the sink's the alternative.
private struct LayoutProblem {
  private let graph: Graph
  private let orders: AxisOrders
  private var cut = MinimumCut()
  private var vertices: [NodeID: Int] = [:]
  /// What the graph as it is costs.
  private var cost = 0

  init(_ graph: Graph, _ orders: AxisOrders) {
    self.graph = graph
    self.orders = orders
    for id in orders.topological {
      switch orders.roles[id] ?? .fixed {
      case .opens:
        vertices[id] = cut.addVertex()
        let bytes = weight(graph[id].outputs[0], orders.orders[graph[id].outputs[0]] ?? [])
        cut.addEdge(vertices[id]!, MinimumCut.sink, cost: bytes)
        cost += bytes
      case .flexible(let operation, _):
        vertices[id] = cut.addVertex()
        guard let before = graph[id].op as? Transpose, let after = operation.op as? Transpose else { continue }
        let shape = graph[graph[id].inputs[0]].type.shape
        let bytes = graph[graph[id].outputs[0]].type.byteCount
        let native = before.permutation.movesOnlyUnitAxes(of: shape) ? 0 : bytes
        let input = shape.permuted(by: operation.outputPermutations[0].inverse)
        cut.addEdge(vertices[id]!, MinimumCut.sink, cost: native)
        cut.addEdge(MinimumCut.source, vertices[id]!, cost: after.permutation.movesOnlyUnitAxes(of: input) ? 0 : bytes)
        cost += native
      case .fixed, .closes, .indifferent: break
      }
    }
    connect()
  }

  /// Bytes that turning `value` into the order `permutation`, or back, moves.
  private func weight(_ value: ValueID, _ permutation: [Int]) -> Int {
    if graph.constant(value) != nil { return 0 }
    let type = graph[value].type
    return permutation.inverse.movesOnlyUnitAxes(of: type.shape) ? 0 : max(type.byteCount, 1)
  }

  private mutating func connect() {
    // For each value and order the vertices of those who read it so, or in the model's order when not.
    var readers: [ValueID: [[Int]: [Int]]] = [:]
    for id in orders.topological {
      let node = graph[id]
      for (k, input) in node.inputs.enumerated() where graph.constant(input) == nil {
        let own = orders.orders[input]
        switch orders.roles[id] ?? .fixed {
        case .flexible(let operation, let order):
          if let wanted = AxisOrders.wanted(operation, order, k) {
            readers[input, default: [:]][wanted, default: []].append(vertices[id]!)
            // A value whose alternative is another order is read in the model's order when this node is.
            if let own, own != wanted { readers[input]![own, default: []].append(MinimumCut.source) }
          } else if let own {
            readers[input, default: [:]][own, default: []].append(MinimumCut.source)
          }
        case .fixed, .opens:
          if let own { readers[input, default: [:]][own, default: []].append(MinimumCut.source) }
        case .closes:
          if let own {
            readers[input, default: [:]][own, default: []].append(MinimumCut.sink)
            cost += weight(input, own)
          }
        case .indifferent: break
        }
      }
    }
    for port in graph.outputs {
      guard let own = orders.orders[port.value] else { continue }
      readers[port.value, default: [:]][own, default: []].append(MinimumCut.source)
    }
    for (value, byOrder) in readers.sorted(by: { $0.key < $1.key }) {
      for (order, group) in byOrder.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        let bytes = weight(value, order)
        guard bytes > 0 else { continue }
        let offered = orders.orders[value] == order
        let producer = offered ? graph[value].producer.flatMap { vertices[$0] } ?? MinimumCut.source : MinimumCut.source
        let toAlternative = cut.addVertex()
        let toNative = cut.addVertex()
        cut.addEdge(producer, toAlternative, cost: bytes)
        cut.addEdge(toNative, producer, cost: bytes)
        for reader in Set(group).sorted() {
          cut.addEdge(toAlternative, reader, cost: MinimumCut.unlimited)
          cut.addEdge(reader, toNative, cost: MinimumCut.unlimited)
        }
      }
    }
  }

  /// The nodes to run in the alternative order; nil when that moves no fewer bytes.
  mutating func solve() -> Set<NodeID>? {
    let (onSinkSide, best) = cut.solve()
    guard best < cost else { return nil }
    return Set(vertices.filter { onSinkSide[$0.value] }.keys)
  }
}

/// Rebuilds the nodes that run in the alternative order, with transpositions where orders meet.
private struct LayoutRewriting {
  private let graph: Graph
  private let orders: AxisOrders
  private let chosen: Set<NodeID>
  private var result: GraphPatch
  /// Values in an alternative order, and those of rebuilt nodes back in the model's.
  private var reordered: [ValueID: [[Int]: ValueID]] = [:]
  private var native: [ValueID: ValueID] = [:]
  private var changed = false

  init(_ graph: Graph, _ orders: AxisOrders, _ chosen: Set<NodeID>) {
    self.graph = graph
    self.orders = orders
    self.chosen = chosen
    result = GraphPatch(graph, "choose axis orders")
  }

  /// Nil when nothing but transpositions that must stay was chosen.
  consuming func patch() throws(OperatorError) -> GraphPatch? {
    var rewriting = self
    for id in rewriting.orders.topological {
      if case .closes = rewriting.orders.roles[id] ?? .fixed {
        try rewriting.close(id)
      } else if rewriting.chosen.contains(id) {
        try rewriting.rebuild(id)
      }
    }
    return rewriting.changed ? rewriting.result : nil
  }

  /// A transposition that undoes an alternative order is that alternative.
  private mutating func close(_ id: NodeID) throws(OperatorError) {
    let node = graph[id]
    guard let transpose = node.op as? Transpose, let order = orders.orders[node.inputs[0]],
      let turned = reordered[node.inputs[0]]?[order]
    else { return }
    let isNew = turned.index >= graph.values.count
    guard isNew || !graph.wouldLoseInterface(node.outputs[0], for: turned) else { return }
    native[node.outputs[0]] = try result.transposed(turned, by: transpose.permutation.after(order))
    result.replace(node.outputs[0], with: native[node.outputs[0]]!)
    changed = true
  }

  private mutating func rebuild(_ id: NodeID) throws(OperatorError) {
    let node = graph[id]
    switch orders.roles[id] ?? .fixed {
    case .opens:
      // The node itself stays for readers in the model's order, and goes when there are none.
      let source = try inModelOrder(node.inputs[0])
      reordered[node.outputs[0], default: [:]][orders.orders[node.outputs[0]] ?? []] = source
      result.replace(node.outputs[0], with: node.outputs[0])
    case .flexible(let operation, let order):
      changed = true
      var inputs: [ValueID] = []
      for (k, input) in node.inputs.enumerated() {
        if let wanted = AxisOrders.wanted(operation, order, k) {
          inputs.append(try value(input, in: wanted))
        } else {
          inputs.append(try inModelOrder(input))
        }
      }
      let outputs = try result.add(operation.op, inputs, name: node.name)
      for (k, output) in node.outputs.enumerated() {
        let permutation = operation.outputPermutations[k]
        if permutation.isIdentity {
          native[output] = outputs[k]
        } else {
          reordered[output, default: [:]][permutation] = outputs[k]
        }
        let isRead = graph[output].users.contains { !chosen.contains($0) } || graph.isOutput(output)
        result.replace(output, with: isRead || permutation.isIdentity ? try inModelOrder(output) : output)
      }
    case .fixed, .closes, .indifferent: break
    }
  }

  /// `id` in the model's order: itself, or what a rebuilt node gives turned back.
  private mutating func inModelOrder(_ id: ValueID) throws(OperatorError) -> ValueID {
    if let known = native[id] { return known }
    guard let producer = graph[id].producer, chosen.contains(producer), let order = orders.orders[id],
      let turned = reordered[id]?[order], case .flexible = orders.roles[producer] ?? .fixed
    else { return id }
    let value = try result.transposed(turned, by: order)
    native[id] = value
    return value
  }

  private mutating func value(_ id: ValueID, in order: [Int]) throws(OperatorError) -> ValueID {
    if let known = reordered[id]?[order] { return known }
    let value = try result.transposed(try inModelOrder(id), by: order.inverse)
    reordered[id, default: [:]][order] = value
    return value
  }
}
