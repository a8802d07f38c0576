import DLCTensor
import Testing

@testable import DLCReport

private func tensor(_ values: [Float], _ extents: [Int]? = nil) -> Tensor {
  Tensor(values, shape: Shape(extents ?? [values.count]))
}

@Suite struct TensorDifferenceTests {
  @Test func equalTensorsDoNotDiffer() {
    let x = tensor([1, -2, .nan, .infinity])
    let difference = TensorDifference(reference: x, candidate: x)
    #expect(
      difference.maxAbsolute == 0 && difference.outside == 0 && difference.sqnr == .infinity && difference.count == 4)
    #expect(difference.cosine == 1)
  }

  @Test func countsWhatLiesOutside() {
    let difference = TensorDifference(
      reference: tensor([1, 2, 0]), candidate: tensor([1.5, 2, 0.25]), relativeTolerance: 0.1, absoluteTolerance: 0.3)
    #expect(difference.maxAbsolute == 0.5 && difference.maxRelative == 0.5 && difference.outside == 1)
    #expect(abs(difference.meanAbsolute - 0.25) < 1e-12)
  }

  @Test(arguments: [
    (Float.nan, Float(1)), (1, .nan), (.infinity, 1), (1, -.infinity), (.infinity, -.infinity), (.nan, .infinity),
  ])
  func whatIsNotFiniteOnOneSideIsInfinitelyFar(_ a: Float, _ b: Float) {
    let difference = TensorDifference(
      reference: tensor([0, a]), candidate: tensor([0, b]), relativeTolerance: 1e9, absoluteTolerance: 1e9)
    #expect(difference.maxAbsolute == .infinity && difference.outside == 1 && difference.sqnr == -.infinity)
    #expect(difference.meanAbsolute == .infinity)
  }

  @Test func emptyAndZeroTensors() {
    let empty = TensorDifference(reference: tensor([], [0]), candidate: tensor([], [0]))
    #expect(empty.count == 0 && empty.maxAbsolute == 0 && empty.meanAbsolute == 0 && empty.cosine == 1)
    let zero = TensorDifference(reference: tensor([0, 0]), candidate: tensor([0, 3]))
    #expect(zero.maxRelative == 0 && zero.cosine == 0 && zero.sqnr == -.infinity)
  }

  @Test func signalToNoise() {
    let difference = TensorDifference(reference: tensor([10]), candidate: tensor([9]))
    #expect(abs(difference.sqnr - 20) < 1e-9)
  }

  @Test func topOneAgreement() {
    let a = tensor([1, 2, 3, 4, 0, 0], [2, 3]), b = tensor([0, 0, 9, 0, 5, 0], [2, 3])
    #expect(top1Agreement(reference: a, candidate: b) == 0.5)
    #expect(top1Agreement(reference: tensor([1, 2], [2, 1]), candidate: tensor([1, 2], [2, 1])) == nil)
    #expect(top1Agreement(reference: tensor([], [0, 3]), candidate: tensor([], [0, 3])) == nil)
    #expect(largest([.nan, 1, 3, 3]) == 2 && largest([.nan, .nan]) < 2)
  }
}

@Suite struct JSONValueTests {
  @Test(arguments: [
    (JSONValue.string("a\"b\\c\nd\te\r\u{1}\u{1f}ä"), "\"a\\\"b\\\\c\\nd\\te\\r\\u0001\\u001fä\""),
    (.number(.nan), "null"), (.number(-.infinity), "null"), (.number(0.5), "0.5"), (.integer(-3), "-3"),
    (.null, "null"),
    (.array([.bool(true), .bool(false)]), "[true,false]"), (.object([]), "{}"),
    (.object([("b", .integer(1)), ("a\"", .array([]))]), "{\"b\":1,\"a\\\"\":[]}"),
  ]) func text(_ value: JSONValue, _ expected: String) {
    #expect(value.text == expected)
  }
}

@Suite struct OutputSummaryTests {
  @Test(arguments: [
    (tensor([0.1, 0.7, 0.2], [1, 3]), "y f32[1,3]: argmax 1 (0.7), then 2 (0.2), 0 (0.1)"),
    (tensor([5], [1]), "y f32[1]: 5"),
    (tensor([], [0, 2]), "y f32[0,2]: empty"),
    (tensor([1, 2, 3, 6], [2, 2]), "y f32[2,2]: min 1, max 6, mean 3"),
    (tensor([1, .nan, 3, .infinity], [2, 2]), "y f32[2,2]: min 1, max 3, mean 2, 2 not finite"),
    (Tensor([3, 4] as [Int64], shape: Shape([2])), "y i64[2]: min 3, max 4, mean 3.5"),
  ]) func line(_ value: Tensor, _ expected: String) {
    #expect(OutputSummary.line("y", value) == expected)
  }

  @Test func scoresThatAreNotNumbersDoNotCrash() {
    #expect(OutputSummary.line("y", tensor([.nan, 1, .infinity, -.infinity], [1, 4])).hasPrefix("y f32[1,4]: argmax"))
  }

  @Test func json() {
    let text = OutputSummary.json([("p", tensor([0.25, 0.75], [1, 2]))]).text
    #expect(text == "{\"outputs\":[{\"name\":\"p\",\"type\":\"f32\",\"shape\":[1,2],\"argmax\":1,\"score\":0.75}]}")
  }
}
