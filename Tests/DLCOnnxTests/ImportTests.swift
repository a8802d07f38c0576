import DLCGraph
import DLCTensor
import GraphTestSupport
import Testing

@testable import DLCOnnx

@Suite struct ImportTests {
  private func vector(_ values: Float...) -> Tensor { Tensor(values, shape: [values.count]) }

  @Test func importsNodesInAnyOrder() throws {
    let outputs = try ModelBuilder {
      $0.input("x", [2])
      $0.node("Neg", ["a"], ["y"])
      $0.node("Abs", ["x"], ["a"])
      $0.output("y", [2])
    }.run(["x": vector(-1, 2)])
    #expect(outputs == [vector(-1, -2)])
  }

  @Test func inputsWithInitializersAreConstants() throws {
    let model = ModelBuilder {
      $0.irVersion = 3
      $0.input("x", [2])
      $0.input("w", [2])
      $0.weights("w", vector(10, 20))
      $0.node("Add", ["x", "w"], ["y"])
      $0.output("y", [2])
    }
    let result = try model.imported()
    #expect(result.graph.inputs.map(\.name) == ["x"])
    #expect(try result.graph.evaluated(["x": vector(1, 2)]) == [vector(11, 22)])
  }

  @Test func writesSparseInitializersOut() throws {
    let outputs = try ModelBuilder {
      $0.input("x", [4])
      $0.sparse("s", values: [5, 7], places: [1, 3], dims: [4])
      $0.node("Add", ["x", "s"], ["y"])
      $0.output("y", [4])
    }.run(["x": vector(1, 1, 1, 1)])
    #expect(outputs == [vector(1, 6, 1, 8)])
  }

  @Test func bindsDimensionsByNameAndByShape() throws {
    let model = ModelBuilder {
      $0.input("x", ["N", "L"])
      $0.input("z", [1, "L"])
      $0.node("Add", ["x", "z"], ["y"])
      $0.output("y", ["N", "L"])
    }
    var options = ImportOptions()
    options.dimensions = ["L": 3]
    let result = try model.imported(options)
    #expect(result.graph.inputs.map { result.graph[$0.value].type.shape } == [[1, 3], [1, 3]])
    #expect(result.notes == ["input 'x': its first dimension (N) is open and was set to 1; set it with --dim N=SIZE."])
    #expect(result.graph.outputs[0].declared == [.symbol("N"), .symbol("L")])

    options.dimensions = [:]
    options.inputShapes = ["x": [2, 5]]
    let other = try model.imported(options)
    #expect(other.graph.inputs.map { other.graph[$0.value].type.shape } == [[2, 5], [1, 5]])
    #expect(other.notes.isEmpty)
  }

  @Test func remarksOnAnOutputOfAnotherShapeThanDeclared() throws {
    let result = try ModelBuilder {
      $0.input("x", [2])
      $0.node("Relu", ["x"], ["y"])
      $0.output("y", [3])
    }.imported()
    #expect(result.notes == ["output 'y': it is declared as [3] and computed as [2]."])
    #expect(result.graph.outputs[0].declared == [.fixed(2)])
  }

  @Test func constantInputsAreNoInputs() throws {
    let model = ModelBuilder {
      $0.input("x", [4])
      $0.input("shape", [2], type: 7)
      $0.node("Reshape", ["x", "shape"], ["y"])
      $0.output("y")
    }
    var options = ImportOptions()
    options.constants = ["shape": Tensor([2, 2] as [Int64], shape: [2])]
    let graph = try model.imported(options).graph
    #expect(graph.inputs.map(\.name) == ["x"] && graph[graph.outputs[0].value].type.shape == [2, 2])
  }

  @Test func functionsTakeAttributesAndDefaults() throws {
    let model = ModelBuilder {
      $0.input("x", [2])
      $0.node("Leaky", ["x"], ["a"], [("slope", .float(0.5))], domain: "local")
      $0.node("Leaky", ["a"], ["y"], domain: "local")
      $0.output("y", [2])
      $0.function(
        "Leaky", ["p"], ["q"], defaults: [("slope", .float(0.25))],
        nodes: [ModelBuilder.node("LeakyRelu", ["p"], ["q"], [("alpha", .reference("slope", kind: 1))])])
    }
    #expect(try model.run(["x": vector(-8, 8)]) == [vector(-1, 8)])
  }

  @Test func functionsMayOmitInputsAndNest() throws {
    let model = ModelBuilder {
      $0.input("x", [2])
      $0.node("Outer", ["x"], ["y"], domain: "local", name: "call")
      $0.output("y", [2])
      $0.function(
        "Outer", ["p"], ["q"], nodes: [ModelBuilder.node("Bound", ["p"], ["q"], domain: "local", name: "inner")])
      $0.function("Bound", ["p", "low"], ["q"], nodes: [ModelBuilder.node("Clip", ["p", "low"], ["q"], name: "clip")])
    }
    #expect(try model.run(["x": vector(-1, 1)]) == [vector(-1, 1)])
    let node = try #require(try model.imported().graph.nodes.first ?? nil)
    #expect(node.name == "call/inner/clip")
  }

  @Test(arguments: [(true, Float(1)), (false, Float(-1))])
  func ifOfAKnownConditionIsItsBranch(condition: Bool, expected: Float) throws {
    let model = ModelBuilder {
      $0.input("x", [1])
      $0.weights("c", Tensor(condition))
      let then = ModelBuilder {
        $0.node("Abs", ["x"], ["t"])
        $0.output("t")
      }
      let other = ModelBuilder {
        $0.weights("one", vector(1))
        $0.node("Mul", ["x", "one"], ["t"])
        $0.output("t")
      }
      $0.node("If", ["c"], ["y"], [("then_branch", .graph(then)), ("else_branch", .graph(other))])
      $0.output("y", [1])
    }
    #expect(try model.run(["x": vector(-1)]) == [vector(expected)])
  }

  @Test func foldsShapesWhileImporting() throws {
    let graph = try ModelBuilder {
      $0.input("x", [2, 3, 4])
      $0.node("Shape", ["x"], ["s"])
      $0.weights("last", [2])
      $0.node("Gather", ["s", "last"], ["n"])
      $0.weights("rest", [-1])
      $0.node("Concat", ["rest", "n"], ["shape"], [("axis", .int(0))])
      $0.node("Reshape", ["x", "shape"], ["y"])
      $0.output("y")
    }.imported().graph
    #expect(graph.nodeCount == 1 && graph[graph.outputs[0].value].type.shape == [6, 4])
  }

  @Test func outputsThatNobodyReadsNeedNotExist() throws {
    let graph = try ModelBuilder(opset: 9) {
      $0.input("x", [1, 1])
      for name in ["s", "b", "m", "v"] { $0.weights(name, vector(1)) }
      $0.node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y", "m2", "v2", "sm", "sv"])
      $0.output("y")
    }.imported().graph
    #expect(graph.nodeCount == 1)
  }

  /// One node of an old opset on x, and what it gives.
  struct OldNode: Sendable, CustomTestStringConvertible {
    var opset: Int
    var op: String
    var attributes: [(String, ModelBuilder.Value)] = []
    var x: Tensor
    var constants: [Tensor] = []
    var expected: Tensor
    var testDescription: String { "\(op) of opset \(opset)" }
  }

  private static func floats(_ values: [Float], _ shape: Shape) -> Tensor { Tensor(values, shape: shape) }

  @Test(arguments: [
    OldNode(
      opset: 6, op: "Add", attributes: [("broadcast", .int(1)), ("axis", .int(0))], x: floats([1, 2, 3, 4], [2, 2]),
      constants: [floats([10, 20], [2])], expected: floats([11, 12, 23, 24], [2, 2])),
    OldNode(
      opset: 6, op: "Add", attributes: [("broadcast", .int(1))], x: floats([1, 2, 3, 4], [2, 2]),
      constants: [floats([10, 20], [2])], expected: floats([11, 22, 13, 24], [2, 2])),
    OldNode(
      opset: 6, op: "PRelu", x: floats([-1, -1, -1, -1], [1, 2, 2]), constants: [floats([1, 2], [2])],
      expected: floats([-1, -1, -2, -2], [1, 2, 2])),
    OldNode(
      opset: 6, op: "Clip", attributes: [("min", .float(0)), ("max", .float(1))], x: floats([-1, 2], [2]),
      expected: floats([0, 1], [2])),
    OldNode(
      opset: 6, op: "Gemm", attributes: [("broadcast", .int(1))], x: floats([1, 2], [1, 2]),
      constants: [floats([1, 0, 0, 1], [2, 2]), floats([10, 20], [2])], expected: floats([11, 22], [1, 2])),
    OldNode(
      opset: 6, op: "Dropout", attributes: [("is_test", .int(0)), ("ratio", .float(0.5))], x: floats([1, 2], [2]),
      expected: floats([1, 2], [2])),
    OldNode(
      opset: 6, op: "Upsample", attributes: [("height_scale", .float(1)), ("width_scale", .float(2))],
      x: floats([1, 2], [1, 1, 1, 2]), expected: floats([1, 1, 2, 2], [1, 1, 1, 4])),
    OldNode(
      opset: 7, op: "Upsample", attributes: [("scales", .floats([1, 1, 2, 1]))], x: floats([1, 2], [1, 1, 1, 2]),
      expected: floats([1, 2, 1, 2], [1, 1, 2, 2])),
    OldNode(
      opset: 10, op: "Resize", x: floats([1, 2], [1, 1, 1, 2]), constants: [floats([1, 1, 1, 2], [4])],
      expected: floats([1, 1, 2, 2], [1, 1, 1, 4])),
    OldNode(
      opset: 9, op: "Slice", attributes: [("starts", .ints([1])), ("ends", .ints([100])), ("axes", .ints([0]))],
      x: floats([1, 2, 3], [3]), expected: floats([2, 3], [2])),
    OldNode(
      opset: 10, op: "Pad", attributes: [("pads", .ints([1, 1])), ("value", .float(9))], x: floats([1], [1]),
      expected: floats([9, 1, 9], [3])),
    OldNode(
      opset: 9, op: "Hardmax", attributes: [("axis", .int(1))], x: floats([1, 2, 3, 4], [1, 2, 2]),
      expected: floats([0, 0, 0, 1], [1, 2, 2])),
    OldNode(
      opset: 12, op: "ReduceSum", attributes: [("axes", .ints([1])), ("keepdims", .int(0))],
      x: floats([1, 2, 3, 4], [2, 2]),
      expected: floats([3, 7], [2])),
    OldNode(
      opset: 12, op: "Unsqueeze", attributes: [("axes", .ints([0, 2]))], x: floats([1, 2], [2]),
      expected: floats([1, 2], [1, 2, 1])),
    OldNode(
      opset: 8, op: "Flatten", attributes: [("axis", .int(0))], x: floats([1, 2], [2, 1]),
      expected: floats([1, 2], [1, 2])),
    OldNode(
      opset: 18, op: "GroupNormalization", attributes: [("num_groups", .int(1)), ("epsilon", .float(0))],
      x: floats([1, 3], [1, 2, 1]), constants: [floats([2], [1]), floats([5], [1])],
      expected: floats([3, 7], [1, 2, 1])),
    OldNode(
      opset: 22, op: "GlobalLpPool", attributes: [("p", .int(3))], x: floats([-3, 4, 5], [1, 1, 3]),
      expected: floats([6], [1, 1, 1])),
  ])
  func olderVersionsKeepTheirMeaning(_ sample: OldNode) throws {
    let outputs = try ModelBuilder(opset: sample.opset) { m in
      m.input("x", sample.x.shape.dimensions.map { .fixed($0) })
      for (k, tensor) in sample.constants.enumerated() { m.weights("c\(k)", tensor) }
      m.node(sample.op, ["x"] + sample.constants.indices.map { "c\($0)" }, ["y"], sample.attributes)
      m.output("y")
    }.run(["x": sample.x])
    #expect(outputs[0].type == sample.expected.type)
    for (a, b) in zip(outputs[0].doubles(), sample.expected.doubles()) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func oldBroadcastNeedsItsAttribute() throws {
    let problems = try ModelBuilder(opset: 6) {
      $0.input("x", [2, 2])
      $0.weights("w", vector(1, 2))
      $0.node("Add", ["x", "w"], ["y"])
      $0.output("y")
    }.problems()
    #expect(problems.map(\.reason) == ["shapes [2,2] and [2] differ and attribute 'broadcast' is not set"])
  }

  @Test func readsSparseConstants() throws {
    let sparse = WireEncoder { sparse in
      sparse.message(1, ModelBuilder.tensor("", Tensor([3] as [Float], shape: [1])))
      sparse.message(2, ModelBuilder.tensor("", Tensor([1] as [Int64], shape: [1])))
      sparse.ints(3, [2])
    }
    let bytes = Samples.model { graph in
      graph.message(1) { node in
        node.text(2, "y")
        node.text(4, "Constant")
        node.message(5) {
          $0.text(1, "sparse_value")
          $0.data(22, sparse.bytes)
          $0.int(20, 11)
        }
      }
      graph.message(12, Samples.value("y", dims: [2]))
    }
    let model = try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx"))
    let graph = try Importer.run(model, file: "m.onnx", options: ImportOptions()).graph
    #expect(try graph.evaluated([:]) == [vector(0, 3)])
  }
}
