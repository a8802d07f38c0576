import DLCGraph
import DLCOperators
import DLCTensor
import Synchronization
import Testing

@testable import DLCPasses

@Suite struct PipelineTests {
  @Test(arguments: Pipeline.levels) func everyPassFindsWhatItRequires(level: Int) {
    // At lower levels a property that only optional passes establish is not needed by those that remain.
    var established: Set<GraphProperty> = []
    for pass in Pipeline.standard(level: level) {
      let able = Set(Pipeline.standard(level: level).flatMap(\.establishes))
      let missing = pass.requires.intersection(able).subtracting(established)
      #expect(missing.isEmpty, "'\(pass.name)' runs before \(missing.map(\.rawValue))")
      established.formUnion(pass.establishes)
    }
  }

  @Test func mandatoryPassesRequireOnlyWhatMandatoryPassesEstablish() {
    let mandatory = Pipeline.standard(level: 0)
    let able = Set(mandatory.flatMap(\.establishes))
    for pass in mandatory { #expect(pass.requires.isSubset(of: able), "'\(pass.name)'") }
  }

  @Test func everyPropertyIsEstablishedAndNamesAreOnePass() {
    #expect(Set(Pipeline.all.flatMap(\.establishes)) == Set(GraphProperty.allCases))
    for pass in Pipeline.all {
      #expect(Pipeline.all.allSatisfy { $0.name != pass.name || $0.summary == pass.summary })
    }
  }

  /// A MobileNetV2 block with a residual, between a stem and a classifier.
  static func mobileNet() throws -> Graph {
    var m = TestModel()
    func normalized(_ x: ValueID, _ model: inout TestModel, clip: Bool = true) throws -> ValueID {
      let y = try model.batchNorm(x)
      return clip ? try model.add(Unary(.clip(low: 0, high: 6)), y) : y
    }
    let x = m.input([2, 3, 8, 8])
    let stem = try normalized(try m.conv(x, to: 4, stride: 2), &m)
    let wide = try normalized(try m.conv(stem, to: 8, kernel: 1), &m)
    let deep = try normalized(try m.conv(wide, to: 8, groups: 8), &m)
    let thin = try normalized(try m.conv(deep, to: 4, kernel: 1), &m, clip: false)
    let sum = try m.add(Binary(.add), stem, thin)
    let pooled = try m.add(Reduce(.mean, axes: [2, 3], keepsAxes: true), sum)
    let flat = try m.add(Reshape(shape: [2, 4]), pooled)
    let logits = try m.add(MatMul(), flat, m.weights([4, 5]))
    m.output(try m.add(Binary(.add), logits, m.weights([5])))
    return m.graph
  }

  @Test func mobileNetBecomesFusedContractions() throws {
    let result = try optimized(try Self.mobileNet(), Pipeline.standard(level: 2))
    #expect(
      result.outline == """
        %0 = transpose(x0) [0,2,3,1]
        %1 = conv(%0, c[4,3,3,3], c[4]) last pad1 bias then clip
        %2 = conv(%1, c[8,1,1,4], c[8]) last bias then clip
        %3 = conv(%2, c[8,3,3,1], c[8]) last pad1 bias then clip
        %4 = conv(%3, c[4,1,1,8], c[4], %1) last bias residual
        %5 = reduce.mean(%4)
        %6 = reshape(%5) [2,4]
        %7 = matmul(%6, c[4,5], c[5]) bias
        return %7
        """)
  }

  @Test(arguments: Pipeline.levels) func everyLevelKeepsAnswersAndLeavesNoChannelsFirst(level: Int) throws {
    let result = try optimized(try Self.mobileNet(), Pipeline.standard(level: level))
    for id in result.topologicalOrder() ?? [] {
      #expect((result[id].op as? any SpatialOperator)?.channels != .first)
      #expect(!(result[id].op is BatchNormalization))
    }
  }

  @Test func stopsAfterGivenNumberOfPatches() throws {
    var counts: [Int] = []
    for limit in [0, 1, 3] {
      var graph = try Self.mobileNet()
      let report = try PassRunner(verification: .eachPatch, stopAfter: limit).run(
        Pipeline.standard(level: 2), on: &graph)
      counts.append(report.optionalPatches)
      #expect(graph.topologicalOrder()?.contains { graph[$0].op is BatchNormalization } == false)
    }
    #expect(counts == [0, 1, 3])
  }

  @Test func reportsAndHooksTellWhatChanged() throws {
    let seen = Mutex<[String]>([])
    var graph = try Self.mobileNet()
    let runner = PassRunner(afterPass: { pass, _ in seen.withLock { $0.append(pass.name) } })
    let report = try runner.run(Pipeline.standard(level: 1), on: &graph)
    #expect(seen.withLock { $0 } == report.entries.filter { $0.patches > 0 }.map(\.pass))
    #expect(report.entries.count == Pipeline.standard(level: 1).count)
    #expect(report.entries.reduce(0) { $0 + $1.patches } == report.patches)
  }

  @Test func refusesPassThatDoesNotEnd() throws {
    let endless = Pass(
      "endless", "", level: 1,
      .node { (graph, id) throws(OperatorError) in
        var patch = GraphPatch(graph, "again")
        patch.replace(graph[id].outputs[0], with: try patch.add(graph[id].op, graph[id].inputs)[0])
        return patch
      })
    var graph = try Self.mobileNet()
    #expect(throws: PassError.self) { try PassRunner().run([endless], on: &graph) }
  }

  @Test func compactionDropsWhatPassesLeftBehind() throws {
    let graph = try optimized(try Self.mobileNet(), Pipeline.standard(level: 2))
    let compact = try graph.compacted()
    #expect(compact.outline == graph.outline)
    #expect(compact.firstDefect() == nil)
    #expect(compact.nodes.count == graph.nodeCount && compact.values.count < graph.values.count)
    #expect(
      compact.inputs.map(\.name) == graph.inputs.map(\.name) && compact.outputs.map(\.name) == graph.outputs.map(\.name)
    )
  }

  /// A chain of 200 blocks of convolution, batch normalization, activation and addition: 1,000 nodes.
  @Test func deepNetworkIsFusedWithFewRounds() throws {
    var m = TestModel()
    var x = m.input([1, 4, 2, 2])
    for _ in 0..<200 {
      let y = try m.add(Unary(.relu), m.batchNorm(m.conv(x, to: 4, kernel: 1)))
      x = try m.add(Unary(.relu), m.add(Binary(.add), x, y))
    }
    m.output(x)
    var graph = m.graph
    let report = try PassRunner().run(Pipeline.standard(level: 2), on: &graph)
    // Every block is a convolution with its activation and an addition with its own; each rewriting happens once.
    #expect(graph.nodeCount == 402)
    #expect(report.patches < 3000, "\(report.patches)")
  }
}
