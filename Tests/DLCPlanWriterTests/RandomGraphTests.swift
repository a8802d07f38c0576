import DLCGraph
import DLCOperators
import DLCPasses
import DLCTensor
import PlanTestSupport
import Testing

@testable import DLCPlanWriter

/// Networks drawn at random, planned at every level and run, against reference evaluation of the graph as it was drawn.
@Suite struct RandomGraphTests {
  @Test(arguments: 0..<400) func answersAreThoseOfTheGraph(_ seed: Int) throws {
    let graph = RandomGraph.make(seed)
    let arguments = [graph.arguments(seed: seed + 1), graph.arguments(seed: seed)]
    let expected = try graph.reference(arguments[1])
    for level in Pipeline.levels {
      var optimized = graph
      _ = try PassRunner(verification: .never).run(Pipeline.standard(level: level), on: &optimized)
      let plan: WrittenPlan
      do { plan = try WrittenPlan(optimized) } catch {
        Issue.record("seed \(seed) at level \(level): \(error)\n\(optimized)")
        continue
      }
      let worst = difference(expected, try plan.run(arguments, threads: seed % 3 == 0 ? 2 : 1))
      #expect(worst <= 2e-4, "seed \(seed) at level \(level) differs by \(worst)\n\(graph)\n\(optimized)")
      #expect(memoryDefects(in: plan) == [], "seed \(seed) at level \(level)\n\(optimized)")
      #expect(plan.report.arenaBytes >= plan.report.arenaLowerBoundBytes)
      #expect(plan.report.scratchBytes == plan.program.info.scratch_bytes, "seed \(seed) at level \(level)")
    }
  }

  @Test(arguments: [3, 11, 29, 57]) func everyIntermediateIsRight(_ seed: Int) throws {
    var graph = RandomGraph.make(seed)
    _ = try PassRunner(verification: .never).run(Pipeline.standard(level: 1), on: &graph)
    let plan = try WrittenPlan(graph, keepIntermediates: true)
    var all = graph
    var claimed = Set(graph.outputs.map(\.value))
    for id in graph.topologicalOrder() ?? [] {
      for output in graph[id].outputs where claimed.insert(output).inserted { all.output(output) }
    }
    let arguments = graph.arguments(seed: seed)
    #expect(all.outputs.count > graph.outputs.count)
    #expect(difference(try all.reference(arguments), try plan.run([arguments])) <= 2e-4)
  }

  @Test(arguments: 0..<20) func theSameGraphGivesTheSameBytes(_ seed: Int) throws {
    var graph = RandomGraph.make(seed), again = RandomGraph.make(seed)
    for level in [2] {
      _ = try PassRunner(verification: .never).run(Pipeline.standard(level: level), on: &graph)
      _ = try PassRunner(verification: .never).run(Pipeline.standard(level: level), on: &again)
      #expect(try WrittenPlan(graph).bytes == WrittenPlan(again).bytes)
    }
  }
}
