/// Places buffers of known size and lifetime in one arena.
struct ArenaPlanner {
  /// A stretch of memory and the steps at which it is alive, the last included.
  struct Request {
    var bytes: Int
    var steps: ClosedRange<Int>
  }

  /// Offsets of the requests, multiples of 64, and the arena's size.
  struct Placement {
    var offsets: [Int]
    var byteCount: Int
  }

  static let alignment = 64

  /// The most bytes alive at one step, sizes rounded up to the alignment.
  static func lowerBound(_ requests: [Request]) -> Int {
    var changes: [Int: Int] = [:]
    for request in requests {
      changes[request.steps.lowerBound, default: 0] += rounded(request.bytes)
      changes[request.steps.upperBound + 1, default: 0] -= rounded(request.bytes)
    }
    var alive = 0, most = 0
    for step in changes.keys.sorted() {
      alive += changes[step] ?? 0
      most = max(most, alive)
    }
    return most
  }

  /// The best of a few greedy orders. The problem is NP-hard; largest first is near the bound on real networks (Pisarchyk and
  /// Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020), the others win on some.
  static func place(_ requests: [Request]) -> Placement {
    let bound = lowerBound(requests)
    let byteSteps = requests.map { Double($0.bytes) * Double($0.steps.count) }
    let orders: [(Int, Int) -> Bool] = [
      { (requests[$0].bytes, -requests[$0].steps.lowerBound) > (requests[$1].bytes, -requests[$1].steps.lowerBound) },
      { (byteSteps[$0], requests[$0].bytes) > (byteSteps[$1], requests[$1].bytes) },
      { (requests[$0].steps.lowerBound, -requests[$0].bytes) < (requests[$1].steps.lowerBound, -requests[$1].bytes) },
      { (requests[$0].steps.count, requests[$0].bytes) > (requests[$1].steps.count, requests[$1].bytes) },
    ]
    var best: Placement?
    for isBefore in orders {
      // Ties go by index, so that equal inputs give equal plans whatever the sort does.
      let order = requests.indices.sorted { isBefore($0, $1) || (!isBefore($1, $0) && $0 < $1) }
      let placement = place(requests, in: order)
      if placement.byteCount < best?.byteCount ?? .max { best = placement }
      if best?.byteCount == bound { break }
    }
    return best ?? Placement(offsets: [], byteCount: 0)
  }

  /// Each request in turn takes the smallest gap that holds it between those alive at the same time, the lowest of equal ones.
  private static func place(_ requests: [Request], in order: [Int]) -> Placement {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []  // by offset
    var top = 0
    for index in order {
      let request = requests[index]
      let size = rounded(request.bytes)
      guard size > 0 else { continue }
      var end = 0
      var best: (offset: Int, gap: Int)?
      for other in placed where requests[other].steps.overlaps(request.steps) {
        let gap = offsets[other] - end
        if gap >= size, gap < best?.gap ?? .max { best = (end, gap) }
        end = max(end, offsets[other] + rounded(requests[other].bytes))
      }
      let offset = best?.offset ?? end
      offsets[index] = offset
      top = max(top, offset + size)
      var low = 0, high = placed.count
      while low < high {
        let middle = (low + high) / 2
        if offsets[placed[middle]] <= offset { low = middle + 1 } else { high = middle }
      }
      placed.insert(index, at: low)
    }
    return Placement(offsets: offsets, byteCount: top)
  }

  private static func rounded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
