import DLCGraph
import DLCOperators
import DLCTensor
import GraphTestSupport
import Testing

@testable import DLCPasses

/// Runs `passes` on `graph`, checking the graph after every patch and that answers stay; gives the graph.
@discardableResult
func optimized(
  _ graph: Graph, _ passes: [Pass], tolerance: Double = 1e-4, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Graph {
  var result = graph
  _ = try PassRunner(verification: .eachPatch).run(passes, on: &result)
  for seed in 1...2 as ClosedRange<UInt64> {
    let arguments = graph.randomArguments(seed: seed)
    let expected = try graph.evaluated(arguments)
    let found = try result.evaluated(arguments)
    #expect(expected.map(\.type) == found.map(\.type), sourceLocation: sourceLocation)
    for (a, b) in zip(expected, found) {
      let worst = zip(a.doubles(), b.doubles()).map { abs($0 - $1) / max(1, abs($0)) }.max() ?? 0
      #expect(worst <= tolerance, "answers differ by \(worst)\n\(graph)\n\(result)", sourceLocation: sourceLocation)
    }
  }
  return result
}

/// Checks the outline of a graph before and after passes, and that its answers stay.
func check(
  _ passes: [Pass], before: String, after: String, tolerance: Double = 1e-4,
  sourceLocation: SourceLocation = #_sourceLocation, _ build: (inout TestModel) throws -> Void
) throws {
  var model = TestModel()
  try build(&model)
  #expect(model.graph.outline == before, sourceLocation: sourceLocation)
  let result = try optimized(model.graph, passes, tolerance: tolerance, sourceLocation: sourceLocation)
  #expect(result.outline == after, sourceLocation: sourceLocation)
}

/// Forms integer operators of the network that `build` makes, and compares the outline with `after`. Answers keep within `step`.
func checkIntegers(
  _ after: String, step: Double = 1e-6, sourceLocation: SourceLocation = #_sourceLocation,
  _ build: (inout TestModel) throws -> Void
) throws {
  var model = TestModel()
  try build(&model)
  let result = try optimized(
    model.graph, FormIntegersTests.formation, tolerance: 1.001 * step, sourceLocation: sourceLocation)
  #expect(result.outline == after, sourceLocation: sourceLocation)
}
