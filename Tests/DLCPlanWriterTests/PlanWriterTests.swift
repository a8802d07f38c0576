import DLCGraph
import DLCOperators
import DLCTensor
import PlanTestSupport
import Testing

@testable import DLCPlanWriter

@Suite struct PlanWriterTests {
  private static let negate = Unary(.negate)

  /// Graphs and how many steps their plans take: views that are not taken would add copies.
  private static let cases: [(name: String, steps: Int, build: @Sendable (inout Graph) -> Void)] = [
    (
      "channel concatenation in place", 3,
      { g in
        let x = g.input([1, 4, 4, 3])
        let a = g.node(negate, x), b = g.node(Unary(.abs), x)
        g.output(g.node(negate, g.node(Concatenate(axis: 3), a, b)))
      }
    ),
    (
      "nested concatenations end in one buffer", 4,
      { g in
        let x = g.input([5, 2])
        let a = g.node(negate, x), b = g.node(Unary(.abs), x)
        let ab = g.node(Concatenate(axis: 1), a, b)
        let c = g.node(negate, ab)
        g.output(g.node(negate, g.node(Concatenate(axis: 1), ab, c)))
      }
    ),
    (
      "a dense block written as growing lists", 5,
      { g in
        let x = g.input([5, 2])
        let a = g.node(negate, x), b = g.node(Unary(.abs), a)
        let c = g.node(negate, g.node(Concatenate(axis: 1), a, b))
        let d = g.node(negate, g.node(Concatenate(axis: 1), a, b, c))
        g.output(g.node(negate, g.node(Concatenate(axis: 1), a, b, c, d)))
      }
    ),
    (
      "split, one half straight through", 3,
      { g in
        let shape = Shape([3, 4])
        let x = g.node(negate, g.input([3, 4]))
        let a = g.node(piece(0, of: 2, along: 1, shape), x), b = g.node(piece(1, of: 2, along: 1, shape), x)
        g.output(g.node(Concatenate(axis: 1), a, g.node(negate, b)))
      }
    ),
    (
      "a reshape into a concatenation of what another reshape could not see", 4,
      { g in
        let shape = Shape([4, 4])
        let half = g.node(piece(1, of: 2, along: 1, shape), g.node(negate, g.input([4, 4])))
        let flat = g.node(Reshape(shape: Shape([2, 4])), half)
        g.output(g.node(Concatenate(axis: 1), flat, g.constant([2, 1], seed: 1)))
      }
    ),
    (
      "reshape of a pitched slice", 3,
      { g in
        let x = g.node(negate, g.input([3, 4]))
        g.output(
          g.node(negate, g.node(Reshape(shape: Shape([6])), g.node(piece(0, of: 2, along: 1, Shape([3, 4])), x))))
      }
    ),
    (
      "reshapes into a concatenation", 2,
      { g in
        let x = g.input([2, 3])
        let a = g.node(Reshape(shape: Shape([6])), g.node(negate, x)),
          b = g.node(Reshape(shape: Shape([6])), g.node(Unary(.abs), x))
        g.output(g.node(Concatenate(axis: 0), a, b))
      }
    ),
    (
      "the same value twice in a concatenation", 3,
      { g in
        let a = g.node(negate, g.input([2, 3]))
        g.output(g.node(Concatenate(axis: 1), a, a))
      }
    ),
    (
      "a value in two concatenations", 4,
      { g in
        let a = g.node(negate, g.input([2, 3])), b = g.node(Unary(.abs), a)
        g.output(g.node(Concatenate(axis: 1), a, b))
        g.output(g.node(Concatenate(axis: 1), b, g.constant([2, 3], seed: 2)))
      }
    ),
    ("an input as output", 1, { g in g.output(g.input([2, 3])) }),
    ("an alias of an input as output", 1, { g in g.output(g.node(Reshape(shape: Shape([6])), g.input([2, 3]))) }),
    (
      "a constant as output", 1,
      { g in
        _ = g.input([1])
        g.output(g.constant([3], seed: 1))
      }
    ),
    (
      "one value as two outputs", 2,
      { g in
        let a = g.node(negate, g.input([2, 3]))
        g.output(a)
        g.output(a)
      }
    ),
    (
      "an output inside a concatenation", 3,
      { g in
        let a = g.node(negate, g.input([2, 3]))
        g.output(a)
        g.output(g.node(Concatenate(axis: 1), a, g.node(Unary(.abs), a)))
      }
    ),
    ("a flattened output", 1, { g in g.output(g.node(Reshape(shape: Shape([6])), g.node(negate, g.input([2, 3])))) }),
    (
      "a concatenation flattened into an output", 2,
      { g in
        let x = g.input([2, 3])
        g.output(
          g.node(Reshape(shape: Shape([12])), g.node(Concatenate(axis: 0), g.node(negate, x), g.node(Unary(.abs), x))))
      }
    ),
    (
      "one value flattened into two outputs", 2,
      { g in
        let a = g.node(negate, g.input([2, 3]))
        g.output(g.node(Reshape(shape: Shape([6])), a))
        g.output(g.node(Reshape(shape: Shape([3, 2])), a))
      }
    ),
    (
      "an input in a concatenation", 2,
      { g in
        let x = g.input([2, 3])
        g.output(g.node(Concatenate(axis: 1), x, g.node(negate, x)))
      }
    ),
    (
      "a constant in a concatenation", 2,
      { g in
        let x = g.input([2, 3])
        g.output(g.node(Concatenate(axis: 1), g.constant([2, 1], seed: 4), g.node(negate, x)))
      }
    ),
    (
      "scalars", 2,
      { g in
        let x = g.input([])
        g.output(g.node(Binary(.add), x, g.node(negate, x)))
      }
    ),
    (
      "empty tensors", 2,
      { g in
        let x = g.input([0, 3])
        g.output(g.node(negate, x))
        g.output(g.node(Concatenate(axis: 0), x, g.node(negate, g.input([2, 3])), x))
      }
    ),
    (
      "a residual is not overwritten before it is read", 3,
      { g in
        let x = g.node(negate, g.input([2, 3]))
        g.output(g.node(Binary(.multiply), g.node(Unary(.abs), x), x))
      }
    ),
    (
      "a product's input is no place for the product", 3,
      { g in
        let x = g.node(negate, g.input([5, 4]))
        let op = MatMul(epilogue: Epilogue(residual: true))
        g.output(g.node(negate, g.node(op, x, g.constant([4, 4], seed: 3), x)))
      }
    ),
  ]

  @Test(arguments: cases.indices) func answersAndSteps(_ index: Int) throws {
    let (name, steps, build) = Self.cases[index]
    var graph = Graph(name: name)
    build(&graph)
    #expect(graph.firstDefect() == nil)
    let arguments = [graph.arguments(seed: 1), graph.arguments(seed: 2)]
    let expected = try graph.reference(arguments[1])
    let plan = try WrittenPlan(graph)
    #expect(difference(expected, try plan.run(arguments)) <= 1e-5, "\(name)")
    #expect(difference(expected, try plan.run(arguments, threads: 3)) <= 1e-5, "\(name)")
    #expect(plan.report.steps == steps, "\(name) takes \(plan.report.steps) steps")
    #expect(memoryDefects(in: plan) == [], "\(name)")
  }

  @Test func equalConstantsStandOnce() throws {
    var graph = Graph(name: "twins")
    let x = graph.input([64])
    let a = graph.constant([64], seed: 1), b = graph.constant([64], seed: 1), c = graph.constant([64], seed: 2)
    graph.output(graph.node(Binary(.add), graph.node(Binary(.add), graph.node(Binary(.add), x, a), b), c))
    #expect(try WrittenPlan(graph).report.weightsBytes == 512)
  }

  @Test func aChainRunsInTwoBuffers() throws {
    var graph = Graph(name: "chain")
    var x = graph.input([1024])
    for _ in 0..<10 { x = graph.node(Self.negate, x) }
    graph.output(x)
    #expect(try WrittenPlan(graph).report.arenaBytes == 2 * 4096)
  }

  @Test func aNodeWithoutKernelIsNamed() {
    var graph = Graph(name: "complex")
    let x = graph.input([2, 2, 2, 2, 2, 2, 2, 2, 2])
    graph.output(graph.node(Transpose(permutation: [8, 7, 6, 5, 4, 3, 2, 1, 0]), x))
    let error = #expect(throws: PlanError.self) { try PlanWriter(graph, options: PlanOptions()) }
    #expect(
      error?.description.hasPrefix("transpose 'node0' cannot stand in a plan: ") == true
        || error?.description.contains("8 axes") == true, "\(String(describing: error))")
  }

  @Test func errorTexts() {
    #expect(
      PlanError.unsupported(node: "n", op: "conv", reason: "r").description == "conv 'n' cannot stand in a plan: r")
    #expect(
      PlanError.weightsTooLarge(bytes: 3, limit: 2).description
        == "the weights take 3 bytes and a plan carries at most 2; quantize the model or split it")
    #expect(PlanError.tooLarge("its tables").description == "the plan is too large: its tables")
    #expect(PlanError.cannotWrite(path: "/x", code: 2).description == "cannot write '/x': errno 2")
    #expect(PlanError.malformed("it has a cycle").description == "the graph cannot be planned: it has a cycle")
  }

  @Test func aFileThatCannotBeWrittenLeavesNothing() throws {
    var graph = Graph(name: "tiny")
    graph.output(graph.node(Self.negate, graph.input([2])))
    let writer = try PlanWriter(graph, options: PlanOptions())
    #expect(throws: PlanError.cannotWrite(path: "/nonexistent/x.plan", code: 2)) {
      try writer.write(to: "/nonexistent/x.plan")
    }
  }

  /// Requests drawn at random: no two that are alive at one step overlap, and the arena holds them all.
  @Test func placedBuffersDoNotOverlap() {
    var random = SplitMix(state: 4)
    for _ in 0..<200 {
      let requests = (0..<Int(random.next() % 40)).map { _ in
        let first = Int(random.next() % 30)
        return ArenaPlanner.Request(bytes: Int(random.next() % 1000), steps: first...(first + Int(random.next() % 12)))
      }
      let placement = ArenaPlanner.place(requests)
      #expect(placement.byteCount >= ArenaPlanner.lowerBound(requests))
      for (a, request) in requests.enumerated() where request.bytes > 0 {
        #expect(placement.offsets[a] % 64 == 0 && placement.offsets[a] + request.bytes <= placement.byteCount)
        for b in 0..<a where requests[b].bytes > 0 && requests[b].steps.overlaps(request.steps) {
          #expect(
            placement.offsets[a] >= placement.offsets[b] + requests[b].bytes
              || placement.offsets[b] >= placement.offsets[a] + request.bytes)
        }
      }
    }
  }
}
