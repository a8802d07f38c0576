import DLCGraph
import DLCOperators
import DLCTensor

/// Which nodes compute in integers.
///
/// Contractions where they may; everything else where an integer node reads its result and one feeds it, so that no
/// conversion stands around an operator for its own sake.
struct Participation: Sendable, Hashable {
  /// Nodes that compute in integers.
  private(set) var nodes: Set<NodeID> = []
  /// Values that integer nodes read as integers.
  private(set) var wanted: Set<ValueID> = []

  /// Nothing in integers.
  init() {}

  /// `allows` says which nodes may take part; no node that touches a value of `excluded` does.
  init(_ network: PreparedNetwork, excluded: Set<ValueID> = [], allows: (NodeID) -> Bool) {
    var refused: Set<NodeID> = []
    for id in network.order {
      let node = network.graph[id]
      let touched = network.dataInputs(id).map { node.inputs[$0] } + [node.outputs[0]]
      if network.role(id) == .float || !allows(id) || touched.contains(where: excluded.contains) {
        refused.insert(id)
      }
    }
    repeat { settle(network, refused) } while refuseIsolated(network, &refused)
  }

  /// Whether a value is stored as integers by the node that computes it.
  func stores(_ value: ValueID, _ network: PreparedNetwork) -> Bool {
    guard let producer = network.graph[value].producer else { return false }
    return nodes.contains(producer) && wanted.contains(value)
  }

  /// The inputs that an integer node reads as integers: a residual only where the result is stored as integers too, for
  /// sums that leave as floats can be added to floats without loss.
  func dataInputs(_ id: NodeID, _ network: PreparedNetwork) -> [Int] {
    let all = network.dataInputs(id)
    guard let residual = Contraction(network.graph[id].op)?.residual,
      !wanted.contains(network.graph[id].outputs[0])
    else { return all }
    return all.filter { $0 != residual }
  }

  /// From the results backwards: what integer nodes want, integer nodes give.
  private mutating func settle(_ network: PreparedNetwork, _ refused: Set<NodeID>) {
    nodes = []
    wanted = []
    for id in network.order.reversed() where !refused.contains(id) {
      let node = network.graph[id]
      if case .contraction = network.role(id) {} else if !wanted.contains(node.outputs[0]) { continue }
      nodes.insert(id)
      for index in dataInputs(id, network) { wanted.insert(node.inputs[index]) }
    }
  }

  /// Refuses operators all of whose arguments come as floats: one conversion behind them is cheaper than those before.
  private func refuseIsolated(_ network: PreparedNetwork, _ refused: inout Set<NodeID>) -> Bool {
    var changed = false
    for id in network.order where nodes.contains(id) {
      switch network.role(id) {
      case .float, .contraction, .shared: continue
      case .scaled, .fixed, .table:
        let fed = network.dataInputs(id).contains { index in
          network.graph[network.graph[id].inputs[index]].producer.map(nodes.contains) ?? false
        }
        if !fed {
          refused.insert(id)
          changed = true
        }
      }
    }
    return changed
  }
}
