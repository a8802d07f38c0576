/// The cheapest way to part a directed graph's vertices into those with the source and those with the sink.
///
/// Shortest augmenting paths (Edmonds and Karp, 1972).
struct MinimumCut {
  /// The two terminals.
  static let source = 0
  static let sink = 1
  static let unlimited = Int.max / 4

  private var head: [Int] = [-1, -1]
  private var next: [Int] = []
  private var target: [Int] = []
  private var capacity: [Int] = []

  /// Adds a vertex.
  mutating func addVertex() -> Int {
    head.append(-1)
    return head.count - 1
  }

  /// Costs `cost` when `from` is on the source's side and `to` on the sink's.
  mutating func addEdge(_ from: Int, _ to: Int, cost: Int) {
    guard cost > 0, from != to else { return }
    for (a, b, c) in [(from, to, cost), (to, from, 0)] {
      next.append(head[a])
      head[a] = target.count
      target.append(b)
      capacity.append(c)
    }
  }

  /// For each vertex whether it is on the sink's side; of equally cheap partings the one with most vertices there.
  mutating func solve() -> (onSinkSide: [Bool], cost: Int) {
    var cost = 0
    while true {
      let arrived = search()
      guard arrived[Self.sink] >= 0 else { return (arrived.indices.map { arrived[$0] < 0 && $0 != Self.source }, cost) }
      var flow = Self.unlimited
      var vertex = Self.sink
      while vertex != Self.source {
        flow = min(flow, capacity[arrived[vertex]])
        vertex = target[arrived[vertex] ^ 1]
      }
      vertex = Self.sink
      while vertex != Self.source {
        capacity[arrived[vertex]] -= flow
        capacity[arrived[vertex] ^ 1] += flow
        vertex = target[arrived[vertex] ^ 1]
      }
      cost += flow
    }
  }

  /// For each vertex the edge by which a breadth-first search from the source reaches it, -1 when it does not.
  private func search() -> [Int] {
    var arrived = [Int](repeating: -1, count: head.count)
    var queue = [Self.source]
    var first = 0
    while first < queue.count {
      let vertex = queue[first]
      first += 1
      var edge = head[vertex]
      while edge >= 0 {
        let to = target[edge]
        if arrived[to] < 0, to != Self.source, capacity[edge] > 0 {
          arrived[to] = edge
          if to == Self.sink { return arrived }
          queue.append(to)
        }
        edge = next[edge]
      }
    }
    return arrived
  }
}
