import Testing

@testable import DLCPasses

@Suite struct MinimumCutTests {
  @Test func matchesTheBestOfAllPartings() {
    for seed in 1...30 as ClosedRange<UInt64> {
      var random = SplitMix(state: seed)
      var cut = MinimumCut()
      let count = 8
      for _ in 2..<count { _ = cut.addVertex() }
      var edges: [(Int, Int, Int)] = []
      for _ in 0..<20 {
        let edge = (Int(random.next() % UInt64(count)), Int(random.next() % UInt64(count)), Int(random.next() % 9))
        edges.append(edge)
        cut.addEdge(edge.0, edge.1, cost: edge.2)
      }
      func cost(_ side: (Int) -> Bool) -> Int {
        edges.reduce(0) { !side($1.0) && side($1.1) ? $0 + $1.2 : $0 }
      }
      let best = (0..<(1 << (count - 2))).map { mask in
        cost { $0 == MinimumCut.sink || ($0 > 1 && mask >> ($0 - 2) & 1 == 1) }
      }.min()
      let found = cut.solve()
      #expect(found.cost == best)
      #expect(cost { found.onSinkSide[$0] } == best)
      #expect(found.onSinkSide[MinimumCut.sink] && !found.onSinkSide[MinimumCut.source])
    }
  }
}
