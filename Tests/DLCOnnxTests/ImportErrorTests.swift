import DLCTensor
import Testing

@testable import DLCOnnx

/// What is wrong with a model is said in one sentence that names the place.
@Suite struct ImportErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var text: String
    var options = ImportOptions()
    var testDescription: String { name }

    init(
      _ name: String, _ text: String, opset: Int? = 17, options: (inout ImportOptions) -> Void = { _ in },
      _ body: (inout ModelBuilder) -> Void
    ) {
      self.name = name
      self.text = text
      bytes = ModelBuilder(opset: opset, body).bytes
      options(&self.options)
    }
  }

  /// A model x [1, 3] -> y with the given nodes.
  private static func plain(_ m: inout ModelBuilder, _ nodes: (inout ModelBuilder) -> Void) {
    m.input("x", [1, 3])
    nodes(&m)
    m.output("y", [1, 3])
  }

  static let cases: [Case] = [
    Case(
      "two values of one name",
      "value 'a': two values have the name 'a'. Every value needs a name of its own (single assignment)."
    ) {
      plain(&$0) {
        $0.node("Relu", ["x"], ["a"])
        $0.node("Abs", ["x"], ["a"])
        $0.node("Neg", ["a"], ["y"])
      }
    },
    Case("undefined name", "Relu 'r' (opset 17): it reads 'nothing', which nothing defines.") {
      plain(&$0) { $0.node("Relu", ["nothing"], ["y"], name: "r") }
    },
    Case("cycle", "Relu 'a' (opset 17): it depends on its own result: the graph has a cycle.") {
      plain(&$0) {
        $0.node("Relu", ["b"], ["a"])
        $0.node("Relu", ["a"], ["b"])
        $0.node("Relu", ["x"], ["y"])
      }
    },
    Case("output of another type", "output 'y': it is declared as i64 and computed as f32.") {
      $0.input("x", [1, 3])
      $0.node("Relu", ["x"], ["y"])
      $0.output("y", [1, 3], type: 7)
    },
    Case("output that is not computed", "output 'y': no node computes it. The model is incomplete; export it again.") {
      plain(&$0) { $0.node("Relu", ["x"], ["z"]) }
    },
    Case("output twice", "output 'y': it stands twice among the model's outputs.") {
      plain(&$0) { $0.node("Relu", ["x"], ["y"]) }
      $0.output("y", [1, 3])
    },
    Case("no outputs", "the model has no outputs.") { $0.input("x", [1]) },
    Case(
      "unknown operator",
      "Frobnicate 'f' (opset 17): this operator is not supported in this version. Replace it with supported operators before exporting (formats/operators.md lists them)."
    ) { plain(&$0) { $0.node("Frobnicate", ["x"], ["y"], name: "f") } },
    Case(
      "operator of a later opset",
      "Gelu 'y' (opset 17): attribute 'approximate' must be none or tanh, found 'x'."
    ) { plain(&$0) { $0.node("Gelu", ["x"], ["y"], [("approximate", .text("x"))]) } },
    Case(
      "operator too new",
      "Attention 'y' (opset 17): the operator exists from opset 23 on. Convert the model with onnx.version_converter."
    ) { plain(&$0) { $0.node("Attention", ["x", "x", "x"], ["y"]) } },
    Case(
      "unknown attribute",
      "Relu 'y' (opset 17): attribute 'slope' is not known for this operator. Remove it, or export with another opset."
    ) { plain(&$0) { $0.node("Relu", ["x"], ["y"], [("slope", .float(1))]) } },
    Case("attribute of another kind", "LeakyRelu 'y' (opset 17): attribute 'alpha' must be a float, found int.") {
      plain(&$0) { $0.node("LeakyRelu", ["x"], ["y"], [("alpha", .int(1))]) }
    },
    Case("missing input", "Add 'y' (opset 17): input 1 is missing; the operator needs it.") {
      plain(&$0) { $0.node("Add", ["x"], ["y"]) }
    },
    Case(
      "unknown domain",
      "acme.Relu 'y': the model declares no version of its domain 'acme'. Export it again, or "
        + "replace the operator by those of the standard domain."
    ) {
      plain(&$0) { $0.node("Relu", ["x"], ["y"], domain: "acme") }
    },
    Case(
      "newer opset",
      "opset 29 is newer than 28, the newest that this version knows. Export with opset_version=28 or lower.", opset: 29
    ) {
      plain(&$0) { $0.node("Relu", ["x"], ["y"]) }
    },
    Case(
      "older opset",
      "opset 5 is older than 6, the oldest that this version reads. Convert the model with onnx.version_converter to opset 13 or later.",
      opset: 5
    ) { plain(&$0) { $0.node("Relu", ["x"], ["y"]) } },
    Case(
      "no opset",
      "the model declares no version of the standard operator set. Re-export it, or check it with onnx.checker.",
      opset: nil
    ) { plain(&$0) { $0.node("Relu", ["x"], ["y"]) } },
    Case(
      "unused --dim", "the model has no symbolic dimension 'M'. Its symbolic dimensions: 'N'.",
      options: { $0.dimensions = ["M": 2, "N": 2] }
    ) {
      $0.input("x", ["N", 3])
      $0.node("Relu", ["x"], ["y"])
      $0.output("y")
    },
    Case(
      "--dim of nothing", "dimension 'N' cannot be 0. Give a positive number.", options: { $0.dimensions = ["N": 0] }
    ) {
      $0.input("x", ["N", 3])
      $0.node("Relu", ["x"], ["y"])
      $0.output("y")
    },
    Case(
      "unknown --input", "the model has no input 'image'. Its inputs are 'x'.",
      options: { $0.inputShapes = ["image": [1, 3]] }
    ) { plain(&$0) { $0.node("Relu", ["x"], ["y"]) } },
    Case(
      "--input of another rank", "input 'x': shape [1, 3, 1] does not fit the declared [1,3].",
      options: { $0.inputShapes = ["x": [1, 3, 1]] }
    ) { plain(&$0) { $0.node("Relu", ["x"], ["y"]) } },
    Case(
      "--input too large",
      "input 'x': shape [1099511627776, 1099511627776] is impossible. Extents are 0 or more, at most 8 axes, and the product fits memory.",
      options: { $0.inputShapes = ["x": [1 << 40, 1 << 40]] }
    ) {
      $0.input("x", [nil, nil])
      $0.node("Relu", ["x"], ["y"])
      $0.output("y")
    },
    Case("open dimension", "input 'x': axis 1 (length) of [N,length] is open. Set it with --dim length=SIZE.") {
      $0.input("x", ["N", "length"])
      $0.node("Relu", ["x"], ["y"])
      $0.output("y")
    },
    Case(
      "open nameless dimensions",
      "input 'x': axis 1 (?), axis 2 (?) of [1,?,?] are open. Set them with --input x=SHAPE."
    ) {
      $0.input("x", [1, nil, nil])
      $0.node("Relu", ["x"], ["y"])
      $0.output("y")
    },
    Case("open rank", "input 'x': its rank is open. Give its shape: --input x=1,3,224,224.") {
      $0.input("x", nil)
      $0.node("Relu", ["x"], ["y"])
      $0.output("y")
    },
    Case(
      "string input",
      "input 'x': element type string is not supported. Supported are f32, u8, i8, u16, i16, i32, i64, bool, f16, f64, u32, u64, bf16."
    ) {
      $0.input("x", [1], type: 8)
      $0.output("x", type: 8)
    },
    Case(
      "shape from an input",
      "Reshape 'y' (opset 17): its shape ('s') is computed from the model's inputs, and must be known when the model is compiled. Export the model with a fixed shape, or give the input's value with --constant NAME=FILE.npy."
    ) {
      $0.input("x", [1, 3])
      $0.input("s", [2], type: 7)
      $0.node("Reshape", ["x", "s"], ["y"])
      $0.output("y")
    },
    Case("function without its attribute", "local.F 'y' (opset 1): attribute 'alpha' is missing.") {
      plain(&$0) { $0.node("F", ["x"], ["y"], domain: "local") }
      $0.function("F", ["a"], ["b"], required: ["alpha"], nodes: [ModelBuilder.node("Relu", ["a"], ["b"])])
    },
    Case("function of unknown attribute", "local.F 'y' (opset 1): attribute 'beta' is not known for this function.") {
      plain(&$0) { $0.node("F", ["x"], ["y"], [("beta", .int(1))], domain: "local") }
      $0.function("F", ["a"], ["b"], nodes: [ModelBuilder.node("Relu", ["a"], ["b"])])
    },
    Case("function that computes nothing", "local.F 'y' (opset 17): nothing in its body computes 'b'.") {
      plain(&$0) { $0.node("F", ["x"], ["y"], domain: "local") }
      $0.function("F", ["a"], ["b"], nodes: [ModelBuilder.node("Relu", ["a"], ["c"])])
    },
    Case("function of a newer opset", "local.F 'y' (opset 1): the function uses opset 29; 6 to 28 are read.") {
      plain(&$0) { $0.node("F", ["x"], ["y"], domain: "local") }
      $0.function("F", ["a"], ["b"], opset: 29, nodes: [ModelBuilder.node("Relu", ["a"], ["b"])])
    },
    Case(
      "condition at run time",
      "If 'y' (opset 17): its condition is computed at run time; only conditions known when "
        + "the model is compiled are supported in this version. Give the inputs that decide it "
        + "with --constant NAME=FILE.npy, or export without it."
    ) {
      $0.input("c", [], type: 9)
      let branch = ModelBuilder { $0.output("c") }
      $0.node("If", ["c"], ["y"], [("then_branch", .graph(branch)), ("else_branch", .graph(branch))])
      $0.output("y", type: 9)
    },
    Case(
      "mask that is not produced",
      "Abs 'y' (opset 17): it reads output 1 ('m') of BatchNormalization 'n', which is not supported."
    ) {
      $0.input("x", [1, 3])
      for name in ["s", "b", "e", "v"] { $0.weights(name, Tensor([1, 1, 1] as [Float], shape: [3])) }
      $0.node("BatchNormalization", ["x", "s", "b", "e", "v"], ["n", "m"], name: "n")
      $0.node("Abs", ["m"], ["y"])
      $0.output("y")
    },
  ]

  @Test(arguments: cases)
  func reports(_ sample: Case) throws {
    let model = try OnnxModel(file: MappedFile(copying: sample.bytes, name: "m.onnx"))
    let outcome = Swift.Result { () throws(ImportError) in
      try Importer.run(model, file: "m.onnx", options: sample.options)
    }
    var found: [ImportProblem] = []
    if case .failure(.problems(_, let problems)) = outcome { found = problems }
    #expect(found.map(\.description).contains(sample.text), "found \(found.map(\.description))")
  }

  @Test func reportsEveryProblemButNotWhatFollows() throws {
    let problems = try ModelBuilder {
      $0.input("x", [1, 3])
      $0.node("Foo", ["x"], ["a"])
      $0.node("Relu", ["a"], ["b"])
      $0.node("Bar", ["b"], ["y"])
      $0.output("y")
    }.problems()
    #expect(problems.map(\.op) == ["Foo", "Bar"])
    #expect(
      "\(ImportError.problems(file: "m.onnx", problems))".hasPrefix("m.onnx: 2 things stop it; the first: Foo 'a'"))
  }

  @Test func namesInputsThatWouldHaveToBeConstant() throws {
    let problems = try ModelBuilder {
      $0.input("x", [1, 3])
      $0.input("s", [1], type: 7)
      $0.weights("one", [1])
      $0.node("Concat", ["one", "s"], ["shape"], [("axis", .int(0))])
      $0.node("Reshape", ["x", "shape"], ["y"])
      $0.output("y")
    }.problems()
    #expect(problems.map(\.neededConstants) == [["s"]])
  }

  @Test func stopsAtManyProblems() throws {
    let problems = try ModelBuilder {
      $0.input("x", [1])
      for k in 0..<2000 { $0.node("Foo", ["x"], ["y\(k)"]) }
      $0.output("y1")
    }.problems()
    #expect(problems.count > 400 && problems.count < 600)
  }

  @Test func stopsRecursionOfFunctions() throws {
    let problems = try ModelBuilder {
      $0.input("x", [1])
      $0.node("F", ["x"], ["y"], domain: "local")
      $0.output("y")
      $0.function(
        "F", ["a"], ["b"],
        nodes: [
          ModelBuilder.node("F", ["a"], ["c"], domain: "local"), ModelBuilder.node("F", ["c"], ["b"], domain: "local"),
        ])
    }.problems()
    #expect(problems.first?.reason == "functions call each other more than 32 deep")
  }

  @Test func boundsWhatFunctionsExpandTo() throws {
    let problems = try ModelBuilder {
      $0.input("x", [1])
      $0.node("F0", ["x"], ["y"], domain: "local")
      $0.output("y")
      for level in 0..<12 {
        let callee = level == 11 ? "Identity" : "F\(level + 1)"
        let nodes = (0..<8).map {
          ModelBuilder.node(callee, ["v\($0)"], ["v\($0 + 1)"], domain: level == 11 ? "" : "local")
        }
        $0.function("F\(level)", ["v0"], ["v8"], nodes: nodes)
      }
    }.problems()
    #expect(problems.map(\.reason) == ["the model has more than 250,000 nodes once its functions are expanded"])
  }
}

/// The table of operators that users read.
@Suite struct SupportedOperatorsTests {
  @Test func restrictionsNameOperatorsOfTheTable() {
    #expect(SupportedOperators.strayRestrictions.isEmpty)
  }

  @Test func namesAreSortedAndDistinct() {
    let names = SupportedOperators.all.map { "\($0.domain)/\($0.name)" }
    #expect(names == Set(names).sorted())
  }
}
