import DLCGraph
import DLCTensor

/// Turns an ONNX model into IR, collecting every problem on the way.
package struct Importer {
  /// What came of a model that can be compiled.
  package struct Result: Sendable {
    package var graph: Graph
    /// Remarks for the user, one sentence each: dimensions that were bound by default.
    package var notes: [String]
    /// The files that constants may still lie in.
    package var source: OnnxSource
    /// Named texts that the exporter left.
    package var metadata: [String: String]
  }

  let model: OnnxModel
  let options: ImportOptions
  var graph: Graph
  var problems: [ImportProblem] = []
  var notes: [String] = []
  /// Nested functions and branches that are being imported.
  var depth = 0
  /// Nodes imported so far, functions expanded; bounds what nested functions can blow up to.
  var nodeBudget = 250_000
  /// Bytes that constants computed while importing may still take: a few bytes of a file can ask for gigabytes.
  var constantBudget: Int
  /// More problems than this tell nobody anything.
  static let problemLimit = 500
  /// The model's functions by what nodes name them by.
  let functions: [FunctionKey: OnnxFunction]

  init(_ model: OnnxModel, options: ImportOptions) {
    self.model = model
    self.options = options
    graph = Graph(name: model.graph.name)
    constantBudget = 1 << 29 + 4 * model.source.file.bytes.count
    functions = Dictionary(
      model.functions.map { (FunctionKey(domain: $0.domain, name: $0.name, overload: $0.overload), $0) }
    ) { first, _ in first }
  }

  /// What a node names a function by.
  struct FunctionKey: Hashable {
    var domain: String
    var name: String
    var overload: String
  }

  /// Imports the model in the file at `path`.
  package static func run(path: String, options: ImportOptions = ImportOptions()) throws(ImportError) -> Result {
    let model: OnnxModel
    do { model = try OnnxModel(path: path) } catch { throw .file(error) }
    return try run(model, file: path, options: options)
  }

  /// Imports a model that has been read.
  package static func run(_ model: OnnxModel, file: String, options: ImportOptions) throws(ImportError) -> Result {
    var importer = Importer(model, options: options)
    importer.importModel()
    guard importer.problems.isEmpty else { throw .problems(file: file, importer.problems) }
    return Result(
      graph: importer.graph, notes: importer.notes, source: model.source, metadata: model.metadata)
  }

  /// Records a problem of the model as a whole, or of a value.
  mutating func report(
    _ reason: String, node: String = "", op: String = "", type: String = "", advice: String = ""
  ) {
    problems.append(
      ImportProblem(node: node, op: op, opset: model.opsets[""] ?? 0, type: type, reason: reason, advice: advice))
  }

  /// Imports everything; what went wrong stands in `problems`.
  mutating func importModel() {
    guard checkOpsets() else { return }
    var scope = Scope(opsets: model.opsets)
    addInitializers(model.graph, to: &scope)
    addInputs(to: &scope)
    guard problems.isEmpty else { return }
    importNodes(model.graph.nodes, into: &scope)
    addOutputs(scope)
  }

  private mutating func checkOpsets() -> Bool {
    let opset = model.opsets[""] ?? model.opsets["ai.onnx"]
    guard let opset else {
      report(
        "the model declares no version of the standard operator set",
        advice: "Re-export it, or check it with onnx.checker.")
      return false
    }
    guard opset <= MappingTable.newestOpset else {
      report(
        "opset \(opset) is newer than \(MappingTable.newestOpset), the newest that this version knows",
        advice: "Export with opset_version=\(MappingTable.newestOpset) or lower.")
      return false
    }
    guard opset >= SupportedOperators.oldestOpset else {
      report(
        "opset \(opset) is older than \(SupportedOperators.oldestOpset), the oldest that this version reads",
        advice: "Convert the model with onnx.version_converter to opset 13 or later.")
      return false
    }
    return true
  }

  /// Names that are visible to nodes, and the values they stand for; nil stands for one that could not be computed.
  struct Scope {
    var values: [String: ValueID?] = [:]
    /// Sequences of tensors, whose length is known when the model is compiled, and their elements.
    var sequences: [String: [ValueID]] = [:]
    var opsets: [String: Int]
    /// Attributes of the function call whose body this is.
    var attributes: [String: OnnxAttributeValue] = [:]
    /// Prefix of node names in messages: `block1/`.
    var prefix = ""
    /// Outputs that the mapping of their node does not produce, and why; a problem only when something reads them.
    var absent: [String: MappingError] = [:]
  }

  /// Adds a graph's weights as constants.
  mutating func addInitializers(_ onnx: OnnxGraph, to scope: inout Scope) {
    for tensor in onnx.initializers {
      do {
        define(tensor.name, graph.addConstant(try tensor.tensor(), name: tensor.name), in: &scope)
      } catch {
        // A value that is never read, or read by a node that reports its type, still has to be readable.
        report(error.reason, node: "initializer '\(tensor.name)'", advice: error.advice)
        scope.values[tensor.name] = .some(nil)
      }
    }
    for sparse in onnx.sparseInitializers {
      do {
        let bytes = Shape(checking: sparse.dims).map { $0.isEmpty ? 0 : $0.count * 8 } ?? 0
        guard bytes <= constantBudget else {
          report(
            "sparse tensors take more memory than is allowed when dense",
            node: "sparse initializer '\(sparse.values.name)'")
          continue
        }
        constantBudget -= bytes
        define(sparse.values.name, graph.addConstant(try sparse.tensor(), name: sparse.values.name), in: &scope)
      } catch {
        report(error.reason, node: "sparse initializer '\(sparse.values.name)'", advice: error.advice)
      }
    }
  }

  /// Gives a name its value in `scope`; a second value of the same name is a problem.
  mutating func define(_ name: String, _ value: ValueID?, in scope: inout Scope) {
    if name.isEmpty { return }
    if scope.values.updateValue(value, forKey: name) != nil {
      report(
        "two values have the name '\(name)'", node: "value '\(name)'",
        advice: "Every value needs a name of its own (single assignment).")
    }
  }

  private mutating func addOutputs(_ scope: Scope) {
    if model.graph.outputs.isEmpty { report("the model has no outputs") }
    var seen: Set<String> = []
    for info in model.graph.outputs {
      guard seen.insert(info.name).inserted else {
        report("it stands twice among the model's outputs", node: "output '\(info.name)'")
        continue
      }
      if let error = scope.absent[info.name] {
        report(error.reason, node: "output '\(info.name)'", advice: error.advice)
        continue
      }
      guard let found = scope.values[info.name] else {
        report(
          "no node computes it", node: "output '\(info.name)'", advice: "The model is incomplete; export it again.")
        continue
      }
      guard let value = found else { continue }  // its node was reported
      var declared: [Dimension] = graph[value].type.shape.dimensions.map { .fixed($0) }
      if case .tensor(let code, let shape) = info.type {
        let element = graph[value].type.element
        if code != 0, code != Int(element.rawValue) {
          let name = UInt8(exactly: code).flatMap(ElementType.init(rawValue:))?.name ?? OnnxElementNames.name(code)
          report("it is declared as \(name) and computed as \(element)", node: "output '\(info.name)'", type: name)
        }
        if let shape { declared = agreed(shape, declared, output: info.name) }
      }
      graph.outputs.append(Port(name: info.name, value: value, declared: declared))
    }
  }

  /// Symbols of the declaration; extents as computed, with a note where the declaration contradicts.
  private mutating func agreed(_ shape: [Dimension], _ computed: [Dimension], output: String) -> [Dimension] {
    var contradicts = shape.count != computed.count
    var result = computed
    for (axis, (declared, own)) in zip(shape, computed).enumerated() where !contradicts {
      if case .fixed = declared { contradicts = declared != own } else { result[axis] = declared }
    }
    guard contradicts else { return result }
    func text(_ dimensions: [Dimension]) -> String { "[" + dimensions.map(\.description).joined(separator: ",") + "]" }
    notes.append("output '\(output)': it is declared as \(text(shape)) and computed as \(text(computed)).")
    return computed
  }
}
