import DLCGraph
import DLCTensor

/// Functions and branches: bodies of nodes that take the place of one.
extension Importer {
  /// The function that the model defines for a node's operator.
  func function(for node: OnnxNode) -> OnnxFunction? {
    functions[FunctionKey(domain: node.domain, name: node.opType, overload: node.overload)]
  }

  /// Attributes that refer to the surrounding function's take the call's values; those without one are left out.
  func resolveReferences(_ node: OnnxNode, _ scope: Scope) -> OnnxNode {
    var node = node
    node.attributes = node.attributes.compactMap { attribute in
      guard case .reference(let name) = attribute.value else { return attribute }
      return scope.attributes[name].map { OnnxAttribute(name: attribute.name, value: $0) }
    }
    return node
  }

  /// Imports the body of a function in place of its call.
  mutating func inline(
    _ function: OnnxFunction, _ node: OnnxNode, _ values: [ValueID?], into scope: inout Scope
  ) {
    guard depth < 32 else { return fail(node, &scope, MappingError("functions call each other more than 32 deep")) }
    let known = Set(function.requiredAttributes + function.defaultedAttributes.map(\.name))
    if let missing = function.requiredAttributes.first(where: { name in !node.attributes.contains { $0.name == name } })
    {
      return fail(node, &scope, MappingError("attribute '\(missing)' is missing"))
    }
    if let extra = node.attributes.first(where: { !known.contains($0.name) }) {
      return fail(node, &scope, MappingError("attribute '\(extra.name)' is not known for this function"))
    }
    guard values.count <= function.inputs.count, node.outputs.count <= function.outputs.count else {
      return fail(
        node, &scope,
        MappingError(
          "the function has \(function.inputs.count) inputs and \(function.outputs.count) outputs, found \(values.count) and \(node.outputs.count)"
        ))
    }
    let opset = function.opsets[""] ?? MappingTable.newestOpset
    guard (6...MappingTable.newestOpset).contains(opset) else {
      return fail(
        node, &scope, MappingError("the function uses opset \(opset); 6 to \(MappingTable.newestOpset) are read"))
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
  mutating func importBranch(_ node: OnnxNode, _ values: [ValueID?], into scope: inout Scope) {
    guard let condition = values.first ?? nil, let known = graph.constant(condition)?.integers()?.first else {
      return fail(
        node, &scope,
        MappingError(
          "its condition is computed at run time; only conditions known when the model is compiled are supported in this version",
          advice: "Give the inputs that decide it with --constant NAME=FILE.npy, or export without it.",
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
      return fail(
        node, &scope, MappingError("its branch has \(body.outputs.count) outputs, found \(node.outputs.count)"))
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
