import DLCGraph
import DLCOperators
import DLCTensor
import PlanTestSupport

/// Draws networks at random: branches, residuals, concatenations of slices and of concatenations, reshapes and transposes of
/// all of these, several outputs that may be inputs, constants, views or the same value twice.
struct RandomGraph {
  private var random: SplitMix
  private var graph: Graph
  private var values: [ValueID] = []
  private var seed = 0

  /// The graph of a seed.
  static func make(_ seed: Int) -> Graph {
    var maker = RandomGraph(seed)
    maker.grow()
    return maker.graph
  }

  private init(_ seed: Int) {
    random = SplitMix(state: UInt64(seed) &* 0x9e37_79b9 &+ 17)
    graph = Graph(name: "random\(seed)")
    self.seed = 1000 * seed
  }

  private mutating func pick<T>(_ list: [T]) -> T { list[Int(random.next() % UInt64(list.count))] }
  private mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

  private mutating func constant(_ extents: [Int]) -> ValueID {
    seed += 1
    return graph.constant(extents, seed: seed)
  }

  private mutating func grow() {
    let batch = pick([1, 1, 2])
    values = [graph.input([batch, 4, 6, 6])]
    if chance(60) { values.append(graph.input([batch, pick([2, 4]), 6, 6])) }
    if chance(30) { values.append(constant([batch, 4, 6, 6])) }
    for _ in 0..<pick([4, 8, 14, 22]) {
      // Late values more often: deep graphs find more than wide ones.
      let x = chance(60) ? values[max(0, values.count - 1 - Int(random.next() % 3))] : pick(values)
      if let y = step(x) { values.append(y) }
    }
    for _ in 0..<pick([1, 1, 2, 4]) { graph.output(chance(70) ? values[values.count - 1] : pick(values)) }
    graph.output(values[values.count - 1])
  }

  private mutating func step(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    switch random.next() % 16 {
    case 0, 1: return shape.rank == 4 ? convolution(x) : matmul(x)
    case 2: return shape.rank == 4 ? pool(x) : matmul(x)
    case 3:
      return graph.node(
        Unary(pick([.relu, .sigmoid, .tanh, .abs, .negate, .hardSwish, .clip(low: -0.5, high: 0.5)])), x)
    case 4, 5: return combine(x)
    case 6, 7, 8: return concatenate(x)
    case 9, 10: return slice(x)
    case 11: return shuffle(x)
    case 12: return reshape(x)
    case 13: return transpose(x)
    case 14:
      return shape.rank > 0 ? graph.node(Softmax(.softmax, axis: Int(random.next() % UInt64(shape.rank))), x) : nil
    default: return chance(50) ? pad(x) : reduce(x)
    }
  }

  private mutating func convolution(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    let channels = shape[1]
    let kernel = min(shape[2], shape[3]) >= 3 && chance(50) ? 3 : 1
    let groups = pick([1, 1, 1, channels])
    let outputs = groups == 1 ? pick([2, 3, 8, 17]) : groups * pick([1, 1, 2])
    guard channels <= 40, outputs <= 40 else { return nil }
    let stride = chance(20) ? 2 : 1
    let window = Window(
      kernel: [kernel, kernel], strides: [stride, stride], dilations: [1, 1], padBegin: [kernel / 2, kernel / 2],
      padEnd: [kernel / 2, kernel / 2])
    let weights = constant([outputs, channels / groups, kernel, kernel])
    let biased = chance(50)
    let bias = biased ? [constant([outputs])] : []
    return graph.node(
      Convolution(window: window, groups: groups, epilogue: Epilogue(bias: biased)), [x, weights] + bias)
  }

  private mutating func pool(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    guard shape[2] >= 2, shape[3] >= 2 else { return nil }
    let stride = chance(50) ? 1 : 2
    let window = Window(
      kernel: [2, 2], strides: [stride, stride], dilations: [1, 1], padBegin: [0, 0], padEnd: [stride % 2, stride % 2])
    return graph.node(Pool(pick([.maximum, .average(countsPadding: false)]), window: window), x)
  }

  private mutating func matmul(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    guard shape.rank >= 2, let depth = shape.dimensions.last, depth <= 64 else { return nil }
    // A square product of x added to x is what must not be computed in place.
    let columns = chance(40) ? depth : pick([1, 5, 16])
    let y = graph.node(MatMul(), x, constant([depth, columns]))
    return columns == depth && chance(60) ? graph.node(Binary(.add), chance(50) ? [x, y] : [y, x]) : y
  }

  private mutating func combine(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    let kind = pick([Binary.Kind.add, .multiply, .subtract, .maximum])
    if chance(25) {
      let other = shape.dimensions.map { chance(50) ? 1 : $0 }
      let operands = [x, constant(other)]
      return graph.node(Binary(kind), chance(50) ? operands : operands.reversed())
    }
    let equal = values.filter { graph[$0].type == graph[x].type }
    return graph.node(Binary(kind), x, pick(equal))
  }

  private mutating func concatenate(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    guard shape.rank > 0 else { return nil }
    let axis = chance(60) ? min(1, shape.rank - 1) : Int(random.next() % UInt64(shape.rank))
    let fitting = values.filter { candidate in
      let other = graph[candidate].type.shape
      return other.rank == shape.rank && other.dimensions.indices.allSatisfy { $0 == axis || other[$0] == shape[$0] }
    }
    var parts = [x]
    for _ in 0..<pick([1, 1, 2, 3]) { parts.append(pick(fitting)) }
    if chance(40) { parts.reverse() }
    guard parts.reduce(0, { $0 + graph[$1].type.shape.count }) <= 4096 else { return nil }
    return graph.node(Concatenate(axis: axis), parts)
  }

  private mutating func slice(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    guard shape.rank > 0, !shape.isEmpty else { return nil }
    var starts = [Int](repeating: 0, count: shape.rank), counts = shape.dimensions,
      steps = [Int](repeating: 1, count: shape.rank)
    for _ in 0..<pick([1, 1, 2]) {
      let axis = chance(50) ? min(1, shape.rank - 1) : Int(random.next() % UInt64(shape.rank))
      starts[axis] = Int(random.next() % UInt64(shape[axis]))
      counts[axis] = 1 + Int(random.next() % UInt64(shape[axis] - starts[axis]))
      steps[axis] = 1
      if chance(10), counts[axis] > 1 {
        steps[axis] = 2
        counts[axis] = (counts[axis] + 1) / 2
      }
    }
    return graph.node(Slice(starts: starts, counts: counts, steps: steps), x)
  }

  /// Half of the channels through a branch, both joined and shuffled: ShuffleNet's unit.
  private mutating func shuffle(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    guard shape.rank == 4, shape[1] % 2 == 0, shape[1] <= 40 else { return nil }
    let left = graph.node(piece(0, of: 2, along: 1, shape), x)
    let right = graph.node(piece(1, of: 2, along: 1, shape), x)
    let branch = chance(70) ? graph.node(Unary(.relu), right) : right
    let joined = graph.node(Concatenate(axis: 1), left, branch)
    let split = graph.node(Reshape(shape: Shape([shape[0], 2, shape[1] / 2, shape[2], shape[3]])), joined)
    return graph.node(Reshape(shape: shape), graph.node(Transpose(permutation: [0, 2, 1, 3, 4]), split))
  }

  private mutating func reshape(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    var extents = [1]
    switch random.next() % 5 {
    case 0: extents = [shape.count]
    case 1: extents = [1, shape.count]
    case 2:
      extents = shape.rank > 1 ? [shape.dimensions.dropLast().reduce(1, *), shape[shape.rank - 1]] : [shape.count, 1]
    case 3: extents = shape.rank > 1 ? [shape[0], shape.dimensions.dropFirst().reduce(1, *)] : [shape.count]
    default:
      // Back to four axes, or the first even axis split.
      if let axis = shape.dimensions.firstIndex(where: { $0 % 2 == 0 && $0 > 0 }), shape.rank < 6 {
        extents = shape.dimensions
        extents[axis] /= 2
        extents.insert(2, at: chance(50) ? axis : axis + 1)
      } else {
        extents = shape.dimensions + [1]
      }
    }
    return extents.count <= 6 ? graph.node(Reshape(shape: Shape(extents)), x) : nil
  }

  private mutating func transpose(_ x: ValueID) -> ValueID? {
    let rank = graph[x].type.shape.rank
    let permutation = Array(0..<rank).shuffled(using: &random)
    return graph.node(Transpose(permutation: permutation), x)
  }

  private mutating func pad(_ x: ValueID) -> ValueID? {
    let shape = graph[x].type.shape
    guard shape.count <= 2048 else { return nil }
    let before = shape.dimensions.map { _ in chance(30) ? 1 : 0 },
      after = shape.dimensions.map { _ in chance(30) ? 1 : 0 }
    return graph.node(Pad(.constant, before: before, after: after), x)
  }

  private mutating func reduce(_ x: ValueID) -> ValueID? {
    let rank = graph[x].type.shape.rank
    guard rank > 1 else { return nil }
    let axes = Array(0..<rank).filter { _ in chance(40) }
    return graph.node(Reduce(pick([.mean, .maximum, .sum]), axes: axes, keepsAxes: chance(70)), x)
  }
}
