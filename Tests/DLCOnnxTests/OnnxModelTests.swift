import DLCTensor
import Testing

@testable import DLCOnnx

@Suite struct OnnxModelTests {
  private func read(_ bytes: [UInt8]) throws(OnnxError) -> OnnxModel {
    try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx"))
  }

  @Test func readsHeaderNodesAndTypes() throws {
    let model = try read(Samples.small)
    #expect(model.irVersion == 8)
    #expect(model.producerName == "test")
    #expect(model.opsets == ["": 17])
    let graph = model.graph
    #expect(graph.name == "main")
    #expect(graph.nodes.map(\.opType) == ["Gemm", "If"])
    #expect(graph.nodes[0].inputs == ["x", "w"] && graph.nodes[0].outputs == ["y"] && graph.nodes[0].name == "first")
    #expect(
      graph.inputs == [
        OnnxValueInfo(name: "x", type: .tensor(elementTypeCode: 1, shape: [.fixed(1), .fixed(2)]))
      ])
    #expect(graph.initializers[0].name == "w" && graph.initializers[0].dims == [2, 2])
    #expect(graph.initializers[0].path == "graph.initializer[0]")
    guard case .graph(let branch) = graph.nodes[1].attributes[0].value else {
      Issue.record("then_branch is no graph")
      return
    }
    #expect(branch.initializers[0].path == "graph.node[1].attribute[0].g.initializer[0]")
    #expect(try branch.initializers[0].tensor().integers() == [7])
  }

  @Test func readsFunctionsMetadataAndTraining() throws {
    let model = try read(
      Samples.small
        + WireEncoder { model in
          model.message(14) {
            $0.text(1, "key")
            $0.text(2, "value")
          }
          model.message(25) { function in
            function.text(1, "Twice")
            function.text(10, "local")
            function.text(4, "a")
            function.text(5, "b")
            function.text(6, "scale")
            function.message(7) { node in
              node.text(4, "Mul")
              node.text(7, "ai.onnx")
              node.message(5) {
                $0.text(1, "k")
                $0.text(21, "scale")
                $0.int(20, 1)
              }
            }
            function.message(9) {
              $0.text(1, "ai.onnx")
              $0.int(2, 18)
            }
            function.message(11) {
              $0.text(1, "bias")
              $0.float(2, 2)
              $0.int(20, 1)
            }
          }
          model.message(20) { info in
            info.message(2) { $0.text(2, "step") }
            info.message(4) {
              $0.text(1, "w")
              $0.text(2, "w_new")
            }
          }
        }.bytes)
    #expect(model.metadata == ["key": "value"])
    let function = try #require(model.functions.first)
    #expect(function.name == "Twice" && function.domain == "local")
    #expect(function.inputs == ["a"] && function.outputs == ["b"] && function.requiredAttributes == ["scale"])
    #expect(function.opsets == ["": 18] && function.nodes[0].domain == "")
    guard case .reference("scale") = function.nodes[0].attributes[0].value,
      case .float(2) = function.defaultedAttributes[0].value
    else {
      Issue.record("attributes of the function")
      return
    }
    #expect(model.trainingInfo[0].algorithm?.name == "step" && model.trainingInfo[0].initialization == nil)
    #expect(model.trainingInfo[0].updateBindings == ["w": "w_new"])
  }

  /// An attribute's encoding and how its value must read.
  struct AttributeCase: Sendable, CustomTestStringConvertible {
    var encoding: WireEncoder
    var expected: String
    var testDescription: String { expected }
  }

  @Test(arguments: [
    AttributeCase(
      encoding: WireEncoder {
        $0.float(2, 1.5); $0.int(20, 1)
      }, expected: "float(1.5)"),
    AttributeCase(
      encoding: WireEncoder {
        $0.int(3, -4); $0.int(20, 2)
      }, expected: "int(-4)"),
    AttributeCase(encoding: WireEncoder { $0.int(20, 2) }, expected: "int(0)"),
    AttributeCase(
      encoding: WireEncoder {
        $0.data(4, [255, 0]); $0.int(20, 3)
      }, expected: "string([255, 0])"),
    AttributeCase(
      encoding: WireEncoder {
        $0.packed(7, [1, 2] as [Float]); $0.int(20, 6)
      }, expected: "floats([1.0, 2.0])"),
    AttributeCase(
      encoding: WireEncoder {
        $0.float(7, 1); $0.packed(7, [2] as [Float]); $0.int(20, 6)
      }, expected: "floats([1.0, 2.0])"),
    AttributeCase(
      encoding: WireEncoder {
        $0.ints(8, [3, -1]); $0.int(20, 7)
      }, expected: "ints([3, -1])"),
    AttributeCase(
      encoding: WireEncoder {
        $0.packed(8, [3, -1]); $0.int(20, 7)
      }, expected: "ints([3, -1])"),
    AttributeCase(
      encoding: WireEncoder {
        $0.data(8, []); $0.int(20, 7)
      }, expected: "ints([])"),
    AttributeCase(
      encoding: WireEncoder {
        $0.data(9, [1]); $0.data(9, []); $0.int(20, 8)
      }, expected: "strings([[1], []])"),
    AttributeCase(encoding: WireEncoder { $0.int(3, 6) }, expected: "int(6)"),
    AttributeCase(encoding: WireEncoder { $0.ints(8, [6]) }, expected: "ints([6])"),
    AttributeCase(
      encoding: WireEncoder {
        $0.text(21, "outer"); $0.int(20, 2)
      }, expected: "reference(\"outer\")"),
  ])
  func readsAttribute(_ sample: AttributeCase) throws {
    let bytes = Samples.model { $0.message(1) { $0.data(5, sample.encoding.bytes) } }
    let value = try read(bytes).graph.nodes[0].attributes[0].value
    #expect("\(value)" == sample.expected)
  }

  @Test(arguments: [
    (
      WireEncoder {
        $0.text(1, "a"); $0.int(20, 4)
      }, "attribute \"a\" of type 4"
    ),
    (
      WireEncoder {
        $0.text(1, "a"); $0.int(20, 99)
      }, "attribute \"a\" of type 99"
    ),
    (WireEncoder { $0.text(1, "a") }, "attribute \"a\" without a value"),
  ])
  func refusesAttributeWithoutItsValue(_ encoding: WireEncoder, found: String) {
    let bytes = Samples.model { $0.message(1) { $0.data(5, encoding.bytes) } }
    #expect(
      failure(bytes)
        == .invalid(
          OnnxPlace(file: "m.onnx", path: "graph.node[0].attribute[0]"), expected: "a value of the attribute's type",
          found: found))
  }

  @Test(arguments: [(4, OnnxType.Kind.sequence), (5, .map), (7, .opaque), (8, .sparseTensor), (9, .optional)])
  func namesTypesThatAreNoTensors(field: Int, kind: OnnxType.Kind) throws {
    let bytes = Samples.model { $0.message(11) { $0.message(2) { $0.message(field) { _ in } } } }
    #expect(try read(bytes).graph.inputs[0].type == .unsupported(kind))
  }

  @Test func readsOpenDimensions() throws {
    let bytes = Samples.model { graph in
      graph.message(11) { value in
        value.message(2) { type in
          type.message(1) { tensor in
            tensor.int(1, 7)
            tensor.message(2) { shape in
              shape.message(1) { $0.text(2, "batch") }
              shape.message(1) { $0.int(1, -1) }
              shape.message(1) { _ in }
              shape.message(1) { $0.int(1, 0) }
            }
          }
        }
      }
      graph.message(11) { $0.message(2) { $0.message(1) { $0.int(1, 1) } } }
      graph.message(11) { $0.text(1, "bare") }
    }
    let inputs = try read(bytes).graph.inputs
    #expect(inputs[0].type == .tensor(elementTypeCode: 7, shape: [.symbol("batch"), .unknown, .unknown, .fixed(0)]))
    #expect(inputs[1].type == .tensor(elementTypeCode: 1, shape: nil))
    #expect(inputs[2].type == .unspecified)
  }

  @Test func refusesHugeExtentAndContradictingOpsets() {
    let huge = Samples.model { $0.message(11, Samples.value("x", dims: [1 << 40])) }
    #expect(failure(huge)?.description.contains("graph.input[0].type.tensor_type.shape.dim[0]") == true)
    let opsets =
      Samples.small
      + WireEncoder {
        $0.message(8) {
          $0.text(1, "ai.onnx"); $0.int(2, 11)
        }
      }.bytes
    #expect(failure(opsets)?.description.contains("versions 17 and 11") == true)
  }

  @Test func refusesAMessageWithoutGraph() {
    let bytes = WireEncoder { $0.int(1, 8) }.bytes
    #expect(
      failure(bytes)?.description == "m.onnx: expected an ONNX model with a graph, found a message without one.")
  }
}
