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
        "it depends on its own result: the graph has a cycle", node: label(nodes[stuck], scope), op: operatorName(nodes[stuck]))
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

  func label(_ node: OnnxNode, _ scope: Scope) -> String {
    let own = node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? "?" : node.name
    return scope.prefix + own
  }

  func operatorName(_ node: OnnxNode) -> String { node.domain.isEmpty ? node.opType : "\(node.domain).\(node.opType)" }

  private mutating func fail(_ node: OnnxNode, _ scope: inout Scope, _ error: MappingError, type: String = "") {
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
    for name in node.inputs {
      if name.isEmpty {
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
        if MappingTable.standard.find(domain: node.domain, name: node.opType, version: .max) == nil, function(for: node) == nil,
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
      return fail(node, &scope, MappingError("the model declares no version of its domain '\(node.domain)'"))
    }
    guard let mapping = MappingTable.standard.find(domain: node.domain, name: node.opType, version: opset) else {
      return fail(node, &scope, unknownOperator(node))
    }
    apply(mapping, node, values, opset: opset, into: &scope)
  }

  private func unknownOperator(_ node: OnnxNode) -> MappingError {
    if let first = MappingTable.standard.firstVersion(domain: node.domain, name: node.opType) {
      return MappingError("the operator exists from opset \(first) on", advice: "Convert the model with onnx.version_converter.")
    }
    return MappingError(
      "this operator is not supported in this version",
      advice: "Replace it with supported operators before exporting (formats/operators.md lists them).")
  }

  private mutating func apply(
    _ mapping: OperatorMapping, _ node: OnnxNode, _ values: [ValueID?], opset: Int, into scope: inout Scope
  ) {
    var named = node
    named.name = label(node, scope)
    var context = NodeContext(node: named, opset: opset, values: values, graph: graph)
    let valueCount = graph.values.count
    graph = Graph(name: "")  // the context holds the only copy, so that adding to it copies nothing
    let outcome: Swift.Result<[ValueID?], MappingError>
    do { outcome = .success(try mapping.body(&context)) } catch { outcome = .failure(error) }
    let unread = context.unreadAttributes
    graph = context.graph
    context.graph = Graph(name: "")
    constantBudget -= graph.values[valueCount...].reduce(0) { $0 + ($1.constant?.type.byteCount ?? 0) }
    guard constantBudget >= 0 else {
      if nodeBudget > 0 { fail(node, &scope, MappingError("the model's computed constants take more memory than is allowed")) }
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
          MappingError("attribute '\(unread)' is not known for this operator", advice: "Remove it, or export with another opset."))
      }
      for (k, name) in node.outputs.enumerated() where !name.isEmpty {
        guard k < outputs.count, let value = outputs[k] else {
          define(name, nil, in: &scope)
          scope.absent[name] = MappingError("it reads output \(k) ('\(name)') of \(operatorName(node)) '\(named.name)', which is not supported")
          continue
        }
        if graph[value].name.isEmpty { graph.rename(value, to: name) }
        define(name, value, in: &scope)
      }
    }
  }

  // MARK: Functions and branches

  private func function(for node: OnnxNode) -> OnnxFunction? {
    functions[FunctionKey(domain: node.domain, name: node.opType, overload: node.overload)]
  }

  /// Attributes that refer to the surrounding function's take the call's values; those without one are left out.
  private func resolveReferences(_ node: OnnxNode, _ scope: Scope) -> OnnxNode {
    var node = node
    node.attributes = node.attributes.compactMap { attribute in
      guard case .reference(let name) = attribute.value else { return attribute }
      return scope.attributes[name].map { OnnxAttribute(name: attribute.name, value: $0) }
    }
    return node
  }

  private mutating func inline(
    _ function: OnnxFunction, _ node: OnnxNode, _ values: [ValueID?], into scope: inout Scope
  ) {
    guard depth < 32 else { return fail(node, &scope, MappingError("functions call each other more than 32 deep")) }
    let known = Set(function.requiredAttributes + function.defaultedAttributes.map(\.name))
    if let missing = function.requiredAttributes.first(where: { name in !node.attributes.contains { $0.name == name } }) {
      return fail(node, &scope, MappingError("attribute '\(missing)' is missing"))
    }
    if let extra = node.attributes.first(where: { !known.contains($0.name) }) {
      return fail(node, &scope, MappingError("attribute '\(extra.name)' is not known for this function"))
    }
    guard values.count <= function.inputs.count, node.outputs.count <= function.outputs.count else {
      return fail(
        node, &scope,
        MappingError(
          "the function has \(function.inputs.count) inputs and \(function.outputs.count) outputs, found \(values.count) and \(node.outputs.count)"))
    }
    let opset = function.opsets[""] ?? MappingTable.newestOpset
    guard (6...MappingTable.newestOpset).contains(opset) else {
      return fail(node, &scope, MappingError("the function uses opset \(opset); 6 to \(MappingTable.newestOpset) are read"))
    }
    var inner = Scope(opsets: model.opsets.merging(function.opsets) { $1 })
    inner.prefix = label(node, scope) + "/"
    for attribute in function.defaultedAttributes { inner.attributes[attribute.name] = attribute.value }
    for attribute in node.attributes { inner.attributes[attribute.name] = attribute.value }
    for (k, name) in function.inputs.enumerated() where k < values.count {
      if let value = values[k] { inner.values[name] = .some(value) }
    }
    var body = function.nodes
    // An optional input that the call omits is omitted by the nodes that read it.
    let omitted = Set(function.inputs.filter { inner.values[$0] == nil })
    for k in body.indices { body[k].inputs = body[k].inputs.map { omitted.contains($0) ? "" : $0 } }
    depth += 1
    importNodes(body, into: &inner)
    depth -= 1
    adopt(node, function.outputs, from: inner, into: &scope)
  }

  /// An If whose condition is known becomes its branch.
  private mutating func importBranch(_ node: OnnxNode, _ values: [ValueID?], into scope: inout Scope) {
    guard let condition = values.first ?? nil, let known = graph.constant(condition)?.integers()?.first else {
      return fail(
        node, &scope,
        MappingError(
          "its condition is computed at run time; only conditions known when the model is compiled are supported in this version",
          neededConstant: node.inputs.first))
    }
    let branch = known != 0 ? "then_branch" : "else_branch"
    guard case .graph(let body)? = node.attributes.first(where: { $0.name == branch })?.value, depth < 32 else {
      return fail(node, &scope, MappingError("attribute '\(branch)' is missing or nested more than 32 deep"))
    }
    var inner = scope
    inner.prefix = label(node, scope) + "/"
    addInitializers(body, to: &inner)
    depth += 1
    importNodes(body.nodes, into: &inner)
    depth -= 1
    guard body.outputs.count >= node.outputs.count else {
      return fail(node, &scope, MappingError("its branch has \(body.outputs.count) outputs, found \(node.outputs.count)"))
    }
    adopt(node, body.outputs.map(\.name), from: inner, into: &scope)
  }

  /// Gives the node's outputs the values that its body computed under `formals`.
  private mutating func adopt(_ node: OnnxNode, _ formals: [String], from inner: Scope, into scope: inout Scope) {
    for (name, formal) in zip(node.outputs, formals) where !name.isEmpty {
      if let error = inner.absent[formal] { scope.absent[name] = error }
      guard let found = inner.values[formal] else {
        if nodeBudget > 0, problems.count <= Importer.problemLimit {
          report("nothing in its body computes '\(formal)'", node: label(node, scope), op: operatorName(node))
        }
        define(name, nil, in: &scope)
        continue
      }
      define(name, found, in: &scope)
    }
  }
}
