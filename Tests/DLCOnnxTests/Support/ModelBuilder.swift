import DLCGraph
import DLCTensor
import GraphTestSupport

@testable import DLCOnnx

/// Writes whole models for import tests.
struct ModelBuilder {
  /// An attribute's value.
  enum Value {
    case int(Int), float(Float), text(String), ints([Int]), floats([Float])
    case graph(ModelBuilder)
    /// The calling function's attribute of that name.
    case reference(String, kind: Int)
  }

  /// An extent of an input: a number, a name, or nothing.
  enum Extent: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    case fixed(Int), symbol(String), open
    init(integerLiteral value: Int) { self = .fixed(value) }
    init(stringLiteral value: String) { self = .symbol(value) }
    init(nilLiteral: ()) { self = .open }
  }

  var opset: Int? = 17
  var irVersion = 8
  /// Messages of `GraphProto`.
  private var graph = WireEncoder()
  /// Messages of `ModelProto` beside the graph.
  private var model = WireEncoder()

  init(opset: Int? = 17, _ body: (inout ModelBuilder) -> Void) {
    self.opset = opset
    body(&self)
  }

  mutating func node(
    _ op: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, Value)] = [], domain: String = "",
    name: String = ""
  ) {
    graph.message(1, Self.node(op, inputs, outputs, attributes, domain: domain, name: name))
  }

  static func node(
    _ op: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, Value)] = [], domain: String = "",
    name: String = ""
  ) -> (inout WireEncoder) -> Void {
    { node in
      for input in inputs { node.text(1, input) }
      for output in outputs { node.text(2, output) }
      node.text(3, name)
      node.text(4, op)
      node.text(7, domain)
      for (name, value) in attributes { node.message(5, attribute(name, value)) }
    }
  }

  static func attribute(_ name: String, _ value: Value) -> (inout WireEncoder) -> Void {
    { attribute in
      attribute.text(1, name)
      switch value {
      case .int(let number):
        attribute.int(3, number)
        attribute.int(20, 2)
      case .float(let number):
        attribute.float(2, number)
        attribute.int(20, 1)
      case .text(let text):
        attribute.text(4, text)
        attribute.int(20, 3)
      case .ints(let numbers):
        attribute.ints(8, numbers)
        attribute.int(20, 7)
      case .floats(let numbers):
        attribute.packed(7, numbers)
        attribute.int(20, 6)
      case .graph(let body):
        attribute.data(6, body.graph.bytes)
        attribute.int(20, 5)
      case .reference(let outer, let kind):
        attribute.text(21, outer)
        attribute.int(20, kind)
      }
    }
  }

  mutating func input(_ name: String, _ extents: [Extent]?, type: Int = 1) { port(11, name, extents, type) }
  mutating func output(_ name: String, _ extents: [Extent]? = nil, type: Int = 1) { port(12, name, extents, type) }

  private mutating func port(_ field: Int, _ name: String, _ extents: [Extent]?, _ type: Int) {
    graph.message(field) { value in
      value.text(1, name)
      value.message(2) { type_ in
        type_.message(1) { tensor in
          tensor.int(1, type)
          guard let extents else { return }
          tensor.message(2) { shape in
            for extent in extents {
              shape.message(1) { dimension in
                switch extent {
                case .fixed(let number): dimension.int(1, number)
                case .symbol(let name): dimension.text(2, name)
                case .open: break
                }
              }
            }
          }
        }
      }
    }
  }

  mutating func weights(_ name: String, _ tensor: Tensor) {
    graph.message(5, Self.tensor(name, tensor))
  }

  mutating func weights(_ name: String, _ integers: [Int]) {
    weights(name, Tensor(integers.map { Int64($0) }, shape: [integers.count]))
  }

  static func tensor(_ name: String, _ tensor: Tensor) -> (inout WireEncoder) -> Void {
    Samples.tensor(
      name, type: Int(tensor.element.rawValue), dims: tensor.shape.dimensions, raw: tensor.withBytes { Array($0) })
  }

  /// A sparse initializer: values at row-major places.
  mutating func sparse(_ name: String, values: [Float], places: [Int], dims: [Int]) {
    graph.message(15) { sparse in
      sparse.message(1, Self.tensor(name, Tensor(values, shape: [values.count])))
      sparse.message(2, Self.tensor("", Tensor(places.map { Int64($0) }, shape: [places.count])))
      sparse.ints(3, dims)
    }
  }

  /// A function of domain `local` with nodes of opset `opset`.
  mutating func function(
    _ name: String, _ inputs: [String], _ outputs: [String], required: [String] = [],
    defaults: [(String, Value)] = [], opset: Int = 17, nodes: [(inout WireEncoder) -> Void]
  ) {
    model.message(25) { function in
      function.text(1, name)
      function.text(10, "local")
      for input in inputs { function.text(4, input) }
      for output in outputs { function.text(5, output) }
      for attribute in required { function.text(6, attribute) }
      for node in nodes { function.message(7, node) }
      function.message(9) { $0.int(2, opset) }
      function.message(9) {
        $0.text(1, "local")
        $0.int(2, 1)
      }
      for (name, value) in defaults { function.message(11, Self.attribute(name, value)) }
    }
  }

  /// Declares that the model uses a domain beside the standard one and `local`.
  mutating func imports(_ domain: String, version: Int = 1) {
    model.message(8) {
      $0.text(1, domain)
      $0.int(2, version)
    }
  }

  var bytes: [UInt8] {
    WireEncoder { encoder in
      encoder.int(1, irVersion)
      if let opset { encoder.message(8) { $0.int(2, opset) } }
      encoder.message(8) {
        $0.text(1, "local")
        $0.int(2, 1)
      }
      encoder.data(7, graph.bytes)
      encoder.raw(model.bytes)
    }.bytes
  }

  func imported(_ options: ImportOptions = ImportOptions()) throws -> Importer.Result {
    try Importer.run(OnnxModel(file: MappedFile(copying: bytes, name: "m.onnx")), file: "m.onnx", options: options)
  }

  /// Every problem that importing reports; empty when it succeeds.
  func problems(_ options: ImportOptions = ImportOptions()) throws -> [ImportProblem] {
    do { _ = try imported(options) } catch ImportError.problems(_, let problems) { return problems }
    return []
  }

  /// The outputs for `inputs` by reference evaluation.
  func run(_ inputs: [String: Tensor] = [:], _ options: ImportOptions = ImportOptions()) throws -> [Tensor] {
    try imported(options).graph.evaluated(inputs)
  }
}
