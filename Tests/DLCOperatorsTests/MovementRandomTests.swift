import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Movements drawn at random (reproducibly), against slower ways to say the same.
@Suite struct MovementRandomTests {
  private static func shuffled(_ count: Int, _ numbers: inout Numbers) -> [Int] {
    var order = Array(0..<count)
    for k in order.indices.reversed() { order.swapAt(k, Int(numbers.next(0, Double(k + 1)))) }
    return order
  }

  private static func extents(_ rank: Int, _ choices: [Int], _ numbers: inout Numbers) -> [Int] {
    (0..<rank).map { _ in choices[Int(numbers.next(0, Double(choices.count)))] }
  }

  @Test func movesAsAWalkOverAllElementsDoes() throws {
    var numbers = Numbers(seed: 7)
    for element in [ElementType.uint8, .int16, .float32, .float64] {
      for _ in 0..<60 {
        let rank = Int(numbers.next(0, 6))
        let x = random(element, Self.extents(rank, [1, 2, 3, 40], &numbers).prefix(rank).map { $0 }, seed: 3)
        guard x.count < 100_000 else { continue }
        let order = Self.shuffled(rank, &numbers)
        #expect(try Transpose(permutation: order).evaluate([x])[0] == x.permuted(by: order))
        let wider = Shape([2] + x.shape.dimensions.map { $0 == 1 ? 3 : $0 })
        if wider.count < 100_000 {
          #expect(try Expand(shape: wider).evaluate([x])[0] == x.expanded(to: wider))
        }
      }
    }
  }

  @Test func collapsesTransposesWithoutChangingThem() throws {
    var numbers = Numbers(seed: 11)
    for _ in 0..<60 {
      let rank = Int(numbers.next(1, 7))
      let x = random(.float32, Self.extents(rank, [1, 1, 2, 3], &numbers))
      try checkLowered(Transpose(permutation: Self.shuffled(rank, &numbers)), [x], tolerance: 0)
    }
  }

  @Test func permutesEveryReshapeThatItSaysItCan() throws {
    var numbers = Numbers(seed: 5)
    var found = 0
    for _ in 0..<600 {
      // Both shapes group the same factors, so that pieces of every kind come up.
      let factors = Self.extents(Int(numbers.next(1, 6)), [1, 2, 2, 3], &numbers)
      let (from, to) = (Self.grouped(factors, &numbers), Self.grouped(factors, &numbers))
      let x = random(.float32, from)
      let order = Self.shuffled(from.count, &numbers)
      let op = Reshape(shape: Shape(to))
      guard op.permuted(by: order, inputs: [x.type]) != nil else { continue }
      found += 1
      try checkPermuted(op, [x], by: order)
    }
    #expect(found > 100)
  }

  /// Neighbouring factors multiplied at random, with some axes of extent 1 between.
  private static func grouped(_ factors: [Int], _ numbers: inout Numbers) -> [Int] {
    var result = [1]
    for factor in factors {
      if numbers.next(0, 1) < 0.4 { result[result.count - 1] *= factor } else { result.append(factor) }
    }
    return numbers.next(0, 1) < 0.7 && result.first == 1 ? Array(result.dropFirst()) : result
  }

  @Test func slicesAndPadsAsTheKernelsDo() throws {
    var numbers = Numbers(seed: 13)
    for _ in 0..<80 {
      let x = random(.float32, Self.extents(3, [1, 2, 5], &numbers))
      let axes = Array(0..<3)
      let begin = axes.map { Int(numbers.next(0, Double(x.shape[$0]))) }
      let steps = axes.map { _ in [1, 1, 2, -1, -2][Int(numbers.next(0, 5))] }
      let most = axes.map {
        steps[$0] > 0 ? (x.shape[$0] - begin[$0] + steps[$0] - 1) / steps[$0] : begin[$0] / -steps[$0] + 1
      }
      let counts = axes.map { Int(numbers.next(0, Double(most[$0] + 1))) }
      try checkLowered(Slice(starts: begin, counts: counts, steps: steps), [x], tolerance: 0)
      let mode = Pad.Mode.allCases[Int(numbers.next(0, 4))]
      let before = axes.map { Int(numbers.next(Double(1 - x.shape[$0]), 4)) }
      let after = axes.map { Int(numbers.next(Double(1 - x.shape[$0] - min(before[$0], 0)), 7)) }
      try checkLowered(Pad(mode, before: before, after: after), [x], tolerance: 0)
    }
  }
}
