/// Concatenations that others begin with, along the same axis: dense blocks written as `cat([f0, f1]), cat([f0, f1, f2])`
/// need no copy when each lies at the start of the next.
struct ConcatenationPrefixes {
  /// A concatenation's output slot and how many inputs it joins.
  struct Prefix {
    var output: Int
    var count: Int
  }

  private struct Key: Hashable {
    var axis: Int
    var inputs: [Int]
  }

  private var byNode: [Int: Prefix] = [:]

  /// `nodes` stand in topological order.
  init(_ nodes: [Schedule.Lowered]) {
    var earlier: [Key: Int] = [:]
    var lengths = Set<Int>()
    for (k, node) in nodes.enumerated() {
      guard case .concatenate(let axis, _) = node.lowering else { continue }
      for count in lengths.filter({ $0 < node.inputs.count }).sorted(by: >) {
        guard let prefix = earlier[Key(axis: axis, inputs: Array(node.inputs.prefix(count)))] else { continue }
        byNode[k] = Prefix(output: nodes[prefix].outputs[0], count: count)
        break
      }
      lengths.insert(node.inputs.count)
      let key = Key(axis: axis, inputs: node.inputs)
      if earlier[key] == nil { earlier[key] = k }
    }
  }

  /// The longest earlier concatenation that the `index`-th node begins with.
  func longest(of index: Int) -> Prefix? { byNode[index] }
}
