import DLCGraph
import DLCTensor

extension Importer {
  /// Imports nodes in an order in which each stands after those it reads, whatever order the file has.
  mutating func importNodes(_ nodes: [OnnxNode], into scope: inout Scope) {
    for node in order(nodes, in: scope) {
      nodeBudget -= 1
      if problems.count > Importer.problemLimit { return }
      if nodeBudget == 0 { report("the model has more than 250,000 nodes once its functions are expanded") }
      guard nodeBudget > 0 else { return }
      importNode(node, into: &scope)
    }
  }

  /// Topological order; reports names that nothing defines, and cycles.
  private mutating func order(_ nodes: [OnnxNode], in scope: Scope) -> [OnnxNode] {
    var producers: [String: Int] = [:]
    for (k, node) in nodes.enumerated() {
      for name in node.outputs where !name.isEmpty { producers[name] = k }
    }
    var waits = [Int](repeating: 0, count: nodes.count)
    var readers: [Int: [Int]] = [:]
    for (k, node) in nodes.enumerated() {
      for name in reads(of: node) where scope.values[name] == nil {
        if let producer = producers[name] {
          waits[k] += 1
          readers[producer, default: []].append(k)
        }
      }
    }
    var ready = nodes.indices.filter { waits[$0] == 0 }[...]
    var sorted: [OnnxNode] = []
    while let k = ready.popFirst() {
      sorted.append(nodes[k])
      for reader in readers[k] ?? [] {
        waits[reader] -= 1
        if waits[reader] == 0 { ready.append(reader) }
      }
    }
    if sorted.count < nodes.count, let stuck = nodes.indices.first(where: { waits[$0] > 0 }) {
      report(
        "it depends on its own result: the graph has a cycle", node: label(nodes[stuck], scope),
        op: operatorName(nodes[stuck]))
    }
    return sorted
  }

  /// Names that a node reads, those of its subgraphs from outside included.
  private func reads(of node: OnnxNode) -> [String] {
    var names = node.inputs.filter { !$0.isEmpty }
    for attribute in node.attributes {
      if case .graph(let body) = attribute.value { names += freeNames(of: body) }
    }
    return names
  }

  private func freeNames(of body: OnnxGraph) -> [String] {
    let own = Set(body.nodes.flatMap(\.outputs) + body.initializers.map(\.name) + body.inputs.map(\.name))
    return (body.nodes.flatMap { reads(of: $0) } + body.outputs.map(\.name)).filter { !own.contains($0) }
  }

  /// The node's name in messages: its own or its first output's, behind those of the calls that hold it.
  func label(_ node: OnnxNode, _ scope: Scope) -> String {
    let own = node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? "?" : node.name
    return scope.prefix + own
  }

  /// The operator with its domain when that is not the standard one.
  func operatorName(_ node: OnnxNode) -> String { node.domain.isEmpty ? node.opType : "\(node.domain).\(node.opType)" }

  /// Records why a node has no translation; its outputs are known names without values.
  mutating func fail(_ node: OnnxNode, _ scope: inout Scope, _ error: MappingError, type: String = "") {
    let opset = scope.opsets[node.domain] ?? 0
    var problem = ImportProblem(
      node: label(node, scope), op: operatorName(node), opset: opset, type: type, reason: error.reason,
      advice: error.advice)
    if let name = error.neededConstant { problem.neededConstants = openInputs(behind: name, in: scope) }
    problems.append(problem)
    for name in node.outputs { define(name, nil, in: &scope) }
  }

  /// The graph's inputs on which the value `name` depends.
  private func openInputs(behind name: String, in scope: Scope) -> [String] {
    guard let found = scope.values[name], let start = found else { return [] }
    var seen: Set<ValueID> = [start]
    var queue = [start]
    var result: [String] = []
    let names = Dictionary(graph.inputs.map { ($0.value, $0.name) }) { first, _ in first }
    while let id = queue.popLast() {
      if let name = names[id] { result.append(name) }
      for input in graph.producer(of: id)?.node.inputs ?? [] where seen.insert(input).inserted { queue.append(input) }
    }
    return result.sorted()
  }

  private mutating func importNode(_ node: OnnxNode, into scope: inout Scope) {
    var values: [ValueID?] = []
    var sequences: [Int: [ValueID]] = [:]
    for (k, name) in node.inputs.enumerated() {
      if name.isEmpty {
        values.append(nil)
        continue
      }
      if let sequence = scope.sequences[name] {
        sequences[k] = sequence
        values.append(nil)
        continue
      }
      if let error = scope.absent[name] {
        fail(node, &scope, error)
        return
      }
      guard let found = scope.values[name] else {
        fail(node, &scope, MappingError("it reads '\(name)', which nothing defines"))
        return
      }
      guard let value = found else {  // an earlier node failed; do not report what follows from it
        if MappingTable.standard.find(domain: node.domain, name: node.opType, version: .max) == nil,
          function(for: node) == nil,
          node.opType != "If"
        {
          fail(node, &scope, unknownOperator(node))
        } else {
          for name in node.outputs { define(name, nil, in: &scope) }
        }
        return
      }
      values.append(value)
    }
    let node = resolveReferences(node, scope)
    if let function = function(for: node) { return inline(function, node, values, into: &scope) }
    if node.opType == "If", node.domain.isEmpty { return importBranch(node, values, into: &scope) }
    guard let opset = scope.opsets[node.domain] else {
      return fail(
        node, &scope,
        MappingError(
          "the model declares no version of its domain '\(node.domain)'",
          advice: "Export it again, or replace the operator by those of the standard domain."))
    }
    guard let mapping = MappingTable.standard.find(domain: node.domain, name: node.opType, version: opset) else {
      return fail(node, &scope, unknownOperator(node))
    }
    apply(mapping, node, values, sequences, opset: opset, into: &scope)
  }

  private func unknownOperator(_ node: OnnxNode) -> MappingError {
    if let first = MappingTable.standard.firstVersion(domain: node.domain, name: node.opType) {
      return MappingError(
        "the operator exists from opset \(first) on", advice: "Convert the model with onnx.version_converter.")
    }
    return MappingError(
      "this operator is not supported in this version",
      advice: "Replace it with supported operators before exporting (formats/operators.md lists them).")
  }

  private mutating func apply(
    _ mapping: OperatorMapping, _ node: OnnxNode, _ values: [ValueID?], _ sequences: [Int: [ValueID]], opset: Int,
    into scope: inout Scope
  ) {
    var named = node
    named.name = label(node, scope)
    var context = NodeContext(node: named, opset: opset, values: values, sequences: sequences, graph: graph)
    let valueCount = graph.values.count
    graph = Graph(name: "")  // the context holds the only copy, so that adding to it copies nothing
    let outcome: Swift.Result<[ValueID?], MappingError>
    do { outcome = .success(try mapping.body(&context)) } catch { outcome = .failure(error) }
    let unread = context.unreadAttributes
    let unreadInput = context.unreadInputs.first
    graph = context.graph
    context.graph = Graph(name: "")
    constantBudget -= graph.values[valueCount...].reduce(0) { $0 + ($1.constant?.type.byteCount ?? 0) }
    guard constantBudget >= 0 else {
      if nodeBudget > 0 {
        fail(node, &scope, MappingError("the model's computed constants take more memory than is allowed"))
      }
      nodeBudget = 0
      return
    }
    switch outcome {
    case .failure(let error):
      let types = values.compactMap { $0.map { graph[$0].type.element.name } }
      fail(node, &scope, error, type: types.first ?? "")
    case .success(let outputs):
      if let unread = unread.first {
        return fail(
          node, &scope,
          MappingError(
            "attribute '\(unread)' is not known for this operator", advice: "Remove it, or export with another opset."))
      }
      if let unreadInput {
        return fail(
          node, &scope,
          MappingError(
            "input '\(unreadInput)' is not known for this operator", advice: "Remove it, or export with another opset.")
        )
      }
      for (k, name) in node.outputs.enumerated() where !name.isEmpty {
        if let sequence = context.sequenceOutputs[k] {
          scope.sequences[name] = sequence
          continue
        }
        guard k < outputs.count, let value = outputs[k] else {
          define(name, nil, in: &scope)
          scope.absent[name] = MappingError(
            "it reads output \(k) ('\(name)') of \(operatorName(node)) '\(named.name)', which is not supported")
          continue
        }
        if graph[value].name.isEmpty { graph.rename(value, to: name) }
        define(name, value, in: &scope)
      }
    }
  }
}
