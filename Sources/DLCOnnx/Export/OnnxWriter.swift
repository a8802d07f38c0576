import DLCGraph
import DLCTensor
import Foundation

/// Writes graphs as ONNX files: channels-first float operators, and integers as QuantizeLinear and DequantizeLinear.
///
/// Extents are written as they are bound. Fused epilogues become operators of their own.
package enum OnnxWriter {
  /// The opset that files use when nothing needs a later one, and the one for files that do.
  private static let (usualOpset, laterOpset) = (17, 21)

  /// Writes `graph` to the file at `path`, replacing it whole, with `metadata` as named texts of the model; gives its size in
  /// bytes.
  @discardableResult
  package static func write(
    _ graph: Graph, to path: String, metadata: [String: String] = [:]
  ) throws(OnnxWriteError) -> Int {
    let data = Data(try bytes(of: graph, metadata: metadata))
    do { try data.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
      throw .cannotWrite(path: path, reason: (error as NSError).localizedDescription)
    }
    return data.count
  }

  /// The ONNX file of `graph`.
  package static func bytes(
    of graph: Graph, metadata: [String: String] = [:]
  ) throws(OnnxWriteError) -> [UInt8] {
    var file = try contents(of: graph)
    file.metadata = metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    return try OnnxMessages.bytes(of: file)
  }

  /// What the file of `graph` holds.
  static func contents(of graph: Graph) throws(OnnxWriteError) -> OnnxFileContents {
    let usual = try contents(of: graph, opset: usualOpset)
    if usual.neededOpset <= usualOpset { return usual }
    return try contents(of: graph, opset: max(usual.neededOpset, laterOpset))
  }

  private static func contents(of graph: Graph, opset: Int) throws(OnnxWriteError) -> OnnxFileContents {
    var writing = Writing(graph, opset: opset)
    try writing.run()
    return writing.file
  }
}

/// The writing of one graph.
private struct Writing {
  let graph: Graph
  var file: OnnxFileContents
  var names: [ValueID: String] = [:]

  init(_ graph: Graph, opset: Int) {
    self.graph = graph
    file = OnnxFileContents(opset: opset, name: graph.name.isEmpty ? "graph" : graph.name)
  }

  mutating func run() throws(OnnxWriteError) {
    for port in graph.inputs {
      let name = file.claim(port.name)
      names[port.value] = name
      file.inputs.append((name, graph[port.value].type))
    }
    // Outputs keep their names; one that is an input or a constant, or an output twice, is copied under its own.
    var copies: [(from: ValueID, to: String)] = []
    for port in graph.outputs {
      if names[port.value] == port.name {
        file.outputs.append((port.name, graph[port.value].type))
        continue
      }
      let name = file.claim(port.name)
      file.outputs.append((name, graph[port.value].type))
      if graph[port.value].producer != nil, names[port.value] == nil {
        names[port.value] = name
      } else {
        copies.append((port.value, name))
      }
    }
    guard let order = graph.topologicalOrder() else { throw .malformed("has a cycle") }
    for id in order { try spell(graph[id]) }
    for copy in copies {
      file.add(
        OnnxNode(
          opType: "Identity", domain: "", overload: "", name: copy.to, inputs: [name(of: copy.from)],
          outputs: [copy.to], attributes: []))
    }
  }

  /// The name of a value; constants enter the file when they are first asked for.
  private mutating func name(of value: ValueID) -> String {
    if let known = names[value] { return known }
    let name: String
    if let tensor = graph.constant(value) {
      name = file.constant(tensor, name: graph[value].name)
    } else {
      name = file.claim(graph[value].name)
    }
    names[value] = name
    return name
  }

  private mutating func spell(_ node: Node) throws(OnnxWriteError) {
    guard let op = node.op as? any OnnxSpelled else {
      throw .unsupported(
        node: node.name, op: node.op.mnemonic, reason: "it is an operator of dlc's own, made by passes")
    }
    let inputs = node.inputs.map { name(of: $0) }
    // Their names are taken before the node's own temporaries'.
    let outputs = node.outputs.map { name(of: $0) }
    var spelling = NodeSpelling(
      inputs: inputs, inputTypes: node.inputs.map { graph[$0].type }, outputTypes: node.outputs.map { graph[$0].type },
      label: node.name, mnemonic: node.op.mnemonic, file: file)
    // The spelling holds the only copy, so that adding to it copies nothing.
    file = OnnxFileContents(opset: 0, name: "")
    let results = try op.spell(&spelling)
    // Results get the outputs' names; what a spelling passes on as it is, is copied under the output's name.
    let made = Set(spelling.nodes.flatMap(\.outputs))
    var renamed: [String: String] = [:]
    var passed: [(String, String)] = []
    for (result, output) in zip(results, outputs) {
      if made.contains(result), renamed[result] == nil {
        renamed[result] = output
      } else {
        passed.append((result, output))
      }
    }
    spelling.rename(renamed)
    file = spelling.file
    for node in spelling.nodes { file.add(node) }
    for (result, output) in passed {
      file.add(
        OnnxNode(
          opType: "Identity", domain: "", overload: "", name: node.name, inputs: [renamed[result] ?? result],
          outputs: [output], attributes: []))
    }
  }
}
