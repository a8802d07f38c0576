import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

@Suite struct StridedTests {
  @Test func transposesAndExpandsByStrides() {
    let x = tensor(.int16, [2, 3], [1, 2, 3, 4, 5, 6])
    #expect(x.permuted(by: [1, 0]) == tensor(.int16, [3, 2], [1, 4, 2, 5, 3, 6]))
    #expect(tensor(.float64, [2, 1], [1, 2]).expanded(to: [2, 2, 2]).doubles() == [1, 1, 2, 2, 1, 1, 2, 2])
    #expect(x.strided([2, 2], strides: [3, -2], offset: 2).doubles() == [3, 1, 6, 4])
    #expect(tensor(.bool, [], [1]).expanded(to: [2, 2]).doubles() == [1, 1, 1, 1])
  }

  @Test func refusesShapesThatDoNotBroadcast() {
    #expect(throws: OperatorError("expected shapes that broadcast, found [2,3] and [2]")) {
      try Shape.broadcasting([[2, 3], [2]])
    }
    #expect(throws: OperatorError("result extents [-1] are negative or too large")) { try Shape(result: [-1]) }
  }
}
