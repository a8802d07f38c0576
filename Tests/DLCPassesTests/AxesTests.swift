import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct AxesTests {
  @Test(arguments: [ElementType.float32, .int8, .float64, .int16])
  func transposedAgreesWithTheOperator(element: ElementType) throws {
    let tensor = Tensor(doubles: (0..<60).map(Double.init), type: TensorType(element, [3, 4, 1, 5]))
    for permutation in [[0, 1, 2, 3], [3, 1, 0, 2], [1, 3, 2, 0], [0, 2, 1, 3]] {
      #expect(tensor.transposed(by: permutation) == (try Transpose(permutation: permutation).evaluate([tensor])[0]))
    }
  }

  @Test func alongAxisTakesOnlyWhatVariesThere() {
    let type = TensorType(.float32, [1, 2, 3, 2])
    func values(_ shape: Shape, axis: Int) -> [Double]? {
      Tensor(doubles: (0..<shape.count).map(Double.init), type: TensorType(.float32, shape)).alongAxis(axis, of: type)
    }
    #expect(values([2, 1, 1], axis: 1) == [0, 1])
    #expect(values([2], axis: 3) == [0, 1])
    #expect(values([2], axis: 1) == nil)
    #expect(values([], axis: 2) == [0, 0, 0])
    #expect(values([1, 1, 1, 1, 1], axis: 1) == nil)
    #expect(values([3, 2], axis: 3) == nil)
  }

  /// A reshape commutes with a reordering exactly when its answer says how.
  @Test(arguments: [
    (Shape([2, 4, 3, 5]), Shape([2, 4, 15]), [0, 3, 1, 2], Shape([2, 15, 4])),
    (Shape([2, 4, 3, 5]), Shape([2, 2, 2, 3, 5]), [0, 3, 1, 2], Shape([2, 3, 5, 2, 2])),
    (Shape([2, 4, 1, 1]), Shape([2, 4]), [0, 3, 1, 2], Shape([2, 4])),
    (Shape([2, 4, 3, 5]), Shape([2, 1, 4, 3, 5]), [0, 3, 1, 2], Shape([2, 3, 5, 1, 4])),
  ])
  func reshapeIsCarriedOver(from: Shape, to: Shape, order: [Int], expected: Shape) throws {
    let found = try #require(ReorderedReshape(from: from, to: to, order: order)).operation
    #expect((found.op as? Reshape)?.shape == expected)
    let x = Tensor(doubles: (0..<from.count).map(Double.init), type: TensorType(.float32, from))
    let turned = x.transposed(by: order.inverse)
    #expect(try found.op.evaluate([turned])[0].transposed(by: found.outputPermutations[0]) == x.reshaped(to: to))
  }

  @Test func flatteningOfReorderedAxesIsNotCarriedOver() {
    #expect(ReorderedReshape(from: [2, 4, 3, 5], to: [2, 60], order: [0, 3, 1, 2]) == nil)
    #expect(ReorderedReshape(from: [2, 4, 3, 5], to: [2, 12, 5], order: [0, 3, 1, 2]) == nil)
    #expect(ReorderedReshape(from: [2, 0, 3, 5], to: [2, 0], order: [0, 3, 1, 2]) == nil)
  }
}
