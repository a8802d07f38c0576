import CDLCKernels
import DLCGraph
import DLCOperators
import PlanTestSupport
import Testing

@testable import DLCReport

/// What a bundle keeps of the runtime follows from the steps of its plan.
@Suite struct BundleUseTests {
  private static func depthwise(_ kernel: Int, stride: Int) -> Convolution {
    let pad = [kernel / 2, kernel / 2]
    let window = Window(
      kernel: [kernel, kernel], strides: [stride, stride], dilations: [1, 1], padBegin: pad, padEnd: pad)
    return Convolution(window: window, groups: 8, channels: .last)
  }

  private func use(of graph: Graph) throws -> BundleUse {
    let plan = try WrittenPlan(graph)
    return withExtendedLifetime(plan) { BundleUse(plan.program) }
  }

  @Test func depthwiseWindowsAndReductionsAreThoseOfThePlan() throws {
    var graph = Graph(name: "depthwise")
    let a = graph.node(Self.depthwise(3, stride: 1), graph.input([1, 9, 9, 8]), graph.constant([8, 3, 3, 1], seed: 1))
    let b = graph.node(Self.depthwise(5, stride: 2), a, graph.constant([8, 5, 5, 1], seed: 2))
    graph.output(graph.node(Reduce(.mean, axes: [1, 2], keepsAxes: false), b))
    let use = try use(of: graph)
    #expect(use.kernels == ["dwconv", "reduce"])
    #expect(use.depthwiseShapes == 0b01001)
    #expect(use.reductions == 1 << DLC_REDUCE_MEAN.rawValue)
    #expect(use.buildArguments.contains("DLC_DWCONV_SHAPES=9u") && use.buildArguments.contains("DLC_REDUCE_SET=2u"))
  }

  @Test func windowsWithoutBlocksAndArgumentsOfTheMaximum() throws {
    var graph = Graph(name: "rows")
    let a = graph.node(Self.depthwise(7, stride: 1), graph.input([1, 9, 9, 8]), graph.constant([8, 7, 7, 1], seed: 1))
    graph.output(graph.node(ArgReduce(.maximum, axis: 3, keepsAxis: false, selectsLast: false), a))
    let use = try use(of: graph)
    #expect(use.depthwiseShapes == 0b10000)
    #expect(use.reductions == 1 << DLC_REDUCE_MAX.rawValue | 1 << DLC_REDUCE_MIN.rawValue)
  }

  @Test func nothingOfEitherIsKeptForAPlanWithout() throws {
    let use = try use(of: smallGraph())
    #expect(use.depthwiseShapes == 0 && use.reductions == 0)
  }
}
