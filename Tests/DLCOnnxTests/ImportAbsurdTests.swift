import DLCTensor
import Testing

@testable import DLCOnnx

/// Attributes and shapes that no machine could serve are problems, found quickly and without allocating.
@Suite struct ImportAbsurdTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var testDescription: String { name }

    init(_ name: String, opset: Int = 17, _ body: (inout ModelBuilder) -> Void) {
      self.name = name
      bytes =
        ModelBuilder(opset: opset) {
          $0.input("x", [1, 4, 8, 8])
          body(&$0)
          $0.output("y")
        }.bytes
    }

    /// One node that reads x and constants c0, c1, ...
    init(
      _ op: String, _ attributes: [(String, ModelBuilder.Value)], opset: Int = 17, constants: [[Int]] = [],
      outputs: Int = 1, readsInput: Bool = true
    ) {
      let numbers = constants.map { "\($0.prefix(4))" }.joined(separator: " ")
      self.init(
        "\(op) \(attributes.map { "\($0.0): \($0.1)" }.joined(separator: " ")) \(numbers) opset \(opset)", opset: opset
      ) { m in
        for (k, values) in constants.enumerated() { m.weights("c\(k)", values) }
        m.node(
          op, (readsInput ? ["x"] : []) + constants.indices.map { "c\($0)" },
          ["y"] + (1..<max(outputs, 1)).map { "z\($0)" }, attributes)
      }
    }
  }

  private static let huge = 1 << 60
  private static let extremes = [Int.min, Int.min + 1, -huge, 1 << 40, huge, Int.max]

  private static func convolution(_ attributes: [(String, ModelBuilder.Value)], op: String = "Conv") -> Case {
    Case("\(op) \(attributes)") { m in
      m.weights("w", Tensor([Float](repeating: 1, count: 4 * 4 * 9), shape: [4, 4, 3, 3]))
      m.node(op, ["x", "w"], ["y"], attributes)
    }
  }

  static let cases: [Case] =
    extremes.flatMap { e -> [Case] in
      [
        Case("MaxPool", [("kernel_shape", .ints([e, e]))]),
        Case("MaxPool", [("kernel_shape", .ints([2, 2])), ("strides", .ints([e, 1]))]),
        Case("MaxPool", [("kernel_shape", .ints([2, 2])), ("dilations", .ints([e, 1]))]),
        Case("AveragePool", [("kernel_shape", .ints([2, 2])), ("pads", .ints([e, e, e, e]))]),
        Case("AveragePool", [("kernel_shape", .ints([2, 2])), ("pads", .ints([0, 0, e, 0]))]),
        Case("LpPool", [("kernel_shape", .ints([2, 2])), ("p", .int(e))]),
        Case("GlobalLpPool", [("p", .int(e))]),
        convolution([("group", .int(e))]), convolution([("pads", .ints([e, 0, 0, 0]))]),
        convolution([("dilations", .ints([e, e]))]), convolution([("strides", .ints([1, e]))]),
        convolution([("kernel_shape", .ints([e, 3]))]),
        convolution([("group", .int(e))], op: "ConvTranspose"),
        convolution([("pads", .ints([0, e, 0, 0]))], op: "ConvTranspose"),
        convolution([("output_padding", .ints([e, 0]))], op: "ConvTranspose"),
        convolution([("output_shape", .ints([e, e]))], op: "ConvTranspose"),
        convolution([("strides", .ints([e, e]))], op: "ConvTranspose"),
        Case("Softmax", [("axis", .int(e))]), Case("Softmax", [("axis", .int(e))], opset: 11),
        Case("Flatten", [("axis", .int(e))]), Case("Concat", [("axis", .int(e))]),
        Case("ArgMax", [("axis", .int(e))]), Case("ReduceMean", [("axes", .ints([e]))]),
        Case("ReduceSum", [], constants: [[e]]), Case("CumSum", [], constants: [[e]]),
        Case("LpNormalization", [("axis", .int(e))]), Case("LayerNormalization", [("axis", .int(e))], constants: [[1]]),
        Case("Transpose", [("perm", .ints([0, 1, 2, e]))]),
        Case("Reshape", [], constants: [[e, -1]]), Case("Reshape", [], constants: [[e, e, e, e]]),
        Case("Expand", [], constants: [[e, 1, 1, 1, 1]]), Case("Expand", [], constants: [[e, e, 1, 1, 1, 1]]),
        Case("Tile", [], constants: [[e, 1, 1, 1]]),
        Case("Tile", [], constants: [[1 << 31, 1 << 31, 1 << 31, 1 << 31]]),
        Case("Unsqueeze", [], constants: [[e]]), Case("Squeeze", [], constants: [[e]]),
        Case("Gather", [("axis", .int(e))], constants: [[0]]),
        Case("GatherND", [("batch_dims", .int(e))], constants: [[0]]),
        Case("GatherElements", [("axis", .int(e))], constants: [[0]]),
        Case("TopK", [], constants: [[e]], outputs: 2), Case("TopK", [("k", .int(e))], opset: 9, outputs: 2),
        Case("Split", [], constants: [[e, e, e, e]], outputs: 4), Case("Split", [("num_outputs", .int(e))], opset: 18),
        Case("Split", [("axis", .int(e))], outputs: 2),
        Case("Pad", [], constants: [[e, 0, 0, 0, 0, 0, 0, 0]]), Case("Pad", [], constants: [[0, 0, 0, e, 0, 0, 0, e]]),
        Case("DepthToSpace", [("blocksize", .int(e))]), Case("SpaceToDepth", [("blocksize", .int(e))]),
        Case("ReverseSequence", [("time_axis", .int(e))], constants: [[1, 1, 1, 1]]),
        Case("LRN", [("size", .int(e))]),
        Case("GroupNormalization", [("num_groups", .int(e))], opset: 21, constants: [[1], [1]]),
        Case("ConstantOfShape", [], constants: [[e]], readsInput: false),
        Case("ConstantOfShape", [], constants: [[1 << 30, 1 << 30]], readsInput: false),
        Case("Range", [], constants: [[0], [e], [1]], readsInput: false),
        Case("OneHot", [], constants: [[e], [0, 1]]), Case("OneHot", [("axis", .int(e))], constants: [[2], [0, 1]]),
        Case("CenterCropPad", [], opset: 18, constants: [[e, e, e, e]]),
        Case("Slice", [("starts", .ints([0])), ("ends", .ints([1])), ("axes", .ints([e]))], opset: 9),
        Case("Resize", [], constants: [[], [], [e, e, e, e]]),
        Case("HannWindow", [], constants: [[e]], readsInput: false),
        Case("MelWeightMatrix", [], constants: [[e], [e], [e], [0], [e]], readsInput: false),
        Case("DFT to \(e)", opset: 20) { m in
          m.input("signal", [1, 8, 1])
          m.weights("length", Tensor(Int64(e)))
          m.node("DFT", ["signal", "length"], ["y"])
        },
        Case("DFT along \(e)") { m in
          m.input("signal", [1, 8, 1])
          m.node("DFT", ["signal"], ["y"], [("axis", .int(e))])
        },
        Case("STFT every \(e) of \(e)") { m in
          m.input("signal", [1, 8, 1])
          m.weights("size", Tensor(Int64(e)))
          m.node("STFT", ["signal", "size", "", "size"], ["y"])
        },
        Case("AffineGrid of \(e)", opset: 20) { m in
          m.input("theta", [1, 2, 3])
          m.weights("size", [1, 1, e, e])
          m.node("AffineGrid", ["theta", "size"], ["y"])
        },
        Case("Attention of \(e) heads", opset: 23) { m in
          m.input("q", [1, 4, 8])
          m.node("Attention", ["q", "q", "q"], ["y"], [("q_num_heads", .int(e)), ("kv_num_heads", .int(e))])
        },
        Case("Attention with a window of \(e)", opset: 25) { m in
          m.node("Attention", ["x", "x", "x"], ["y"], [("left_window_size", .int(e)), ("right_window_size", .int(e))])
        },
        Case("RotaryEmbedding of \(e)", opset: 23) { m in
          m.input("angles", [1, 8, 4])
          m.node("RotaryEmbedding", ["x", "angles", "angles"], ["y"], [("rotary_embedding_dim", .int(e))])
        },
        Case("LinearAttention of \(e) heads", opset: 27) { m in
          m.input("q", [1, 4, 8])
          m.node(
            "LinearAttention", ["q", "q", "q"], ["y", "state"],
            [("q_num_heads", .int(e)), ("kv_num_heads", .int(e)), ("update_rule", .text("linear"))])
        },
        Case("MaxUnpool of \(e)") { m in
          m.input("places", [1, 4, 8, 8], type: 7)
          m.node("MaxUnpool", ["x", "places"], ["y"], [("kernel_shape", .ints([2, 2])), ("strides", .ints([e, e]))])
        },
        Case("Upsample by \(e)", opset: 7) { m in
          m.node("Upsample", ["x"], ["y"], [("scales", .floats([1, 1, Float(e), .infinity]))])
        },
        Case("Col2Im", [], opset: 18, constants: [[e, e], [2, 2]]),
        Case("Col2Im", [], opset: 18, constants: [[8, 8], [e, e]]),
        Case("TensorScatter", [("axis", .int(e))], opset: 24, constants: [[0]]),
        Case("EyeLike \(e)") { m in
          m.weights("shape", [1 << 30, 1 << 16])
          m.node("ConstantOfShape", ["shape"], ["matrix"])
          m.node("EyeLike", ["matrix"], ["y"])
        },
      ]
    }
    + [
      Case("Transpose", [("perm", .ints([0, 1, 1, 2]))]), Case("Transpose", [("perm", .ints([0, 1]))]),
      Case("Reshape", [], constants: [[-1, -1]]), Case("Reshape", [], constants: [[-2, 4]]),
      Case("Unsqueeze", [], constants: [[0, 0]]), Case("ReduceSum", [], constants: [[0, 0]]),
      Case("Pad", [("mode", .text("sideways"))], constants: [[0, 0, 0, 0, 0, 0, 0, 0]]),
      Case("MaxPool", [("kernel_shape", .ints([2, 2])), ("auto_pad", .text("SAME"))]),
      Case("Cast", [("to", .int(999))]), Case("Cast", [("to", .int(-1))]), Case("Cast", [("to", .int(8))]),
      Case("Einsum", [("equation", .text(""))]), Case("Einsum", [("equation", .text("->->"))]),
      Case("Einsum", [("equation", .text("....abcd->a"))]), Case("Einsum", [("equation", .text("abcd->z"))]),
      Case("Einsum", [("equation", .text("aaaa->a"))]),
    ]

  @Test(arguments: cases)
  func refuses(_ sample: Case) throws {
    let model = try OnnxModel(file: MappedFile(copying: sample.bytes, name: "m.onnx"))
    let clock = ContinuousClock()
    let start = clock.now
    let outcome = Swift.Result { () throws(ImportError) in
      try Importer.run(model, file: "m.onnx", options: ImportOptions())
    }
    #expect(clock.now - start < .seconds(1))
    guard case .failure(.problems) = outcome else {
      Issue.record("it was imported")
      return
    }
  }

  /// Problems of a model when computed constants may take 64 KiB.
  private func problemsWithinBudget(_ body: (inout ModelBuilder) -> Void) throws -> [String] {
    let bytes = ModelBuilder(body).bytes
    var importer = Importer(
      try OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx")), options: ImportOptions())
    importer.constantBudget = 1 << 16
    importer.importModel()
    return importer.problems.map(\.reason)
  }

  /// A megabyte of nodes that each ask for a table may not take a terabyte.
  @Test func boundsTheMemoryOfComputedConstants() throws {
    func model(_ count: Int) -> (inout ModelBuilder) -> Void {
      { m in
        m.weights("zero", Tensor(Int64(0)))
        m.weights("end", Tensor(Int64(1 << 10)))
        m.weights("one", Tensor(Int64(1)))
        for k in 0..<count { m.node("Range", ["zero", "end", "one"], ["y\(k)"]) }
        m.output("y0", type: 7)
      }
    }
    #expect(try problemsWithinBudget(model(8)) == [])
    #expect(try problemsWithinBudget(model(9)) == ["the model's computed constants take more memory than is allowed"])
  }

  /// Each sparse tensor is below its own limit; all together are not.
  @Test func boundsTheMemoryOfSparseTensors() throws {
    func model(_ count: Int) -> (inout ModelBuilder) -> Void {
      { m in
        m.input("x", [1])
        for k in 0..<count { m.sparse("s\(k)", values: [1], places: [0], dims: [1 << 10]) }
        m.node("Relu", ["x"], ["y"])
        m.output("y")
      }
    }
    #expect(try problemsWithinBudget(model(8)) == [])
    #expect(try problemsWithinBudget(model(9)) == ["sparse tensors take more memory than is allowed when dense"])
  }

  /// Constants over a window of padding would take hours to fold: they stay nodes.
  @Test func doesNotFoldWindows() throws {
    let result = try ModelBuilder {
      $0.weights("c", Tensor([1, 2, 3, 4] as [Float], shape: [1, 1, 2, 2]))
      $0.node("AveragePool", ["c"], ["y"], [("kernel_shape", .ints([2, 2]))])
      $0.output("y")
    }.imported()
    #expect(result.graph.nodeCount == 1)
  }
}
