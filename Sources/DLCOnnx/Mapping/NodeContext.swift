import DLCGraph
import DLCOperators
import DLCTensor

/// What a mapping sees of its node: inputs, attributes, and the graph that it extends.
///
/// Records which attributes and inputs were read; one that was not is an error when the mapping returns.
struct NodeContext {
  /// The node, named as messages name it.
  let node: OnnxNode
  /// The model's opset version for the node's domain.
  let opset: Int
  /// Values of the node's inputs; nil where omitted.
  let values: [ValueID?]
  /// What has been imported so far; mappings add to it.
  var graph: Graph
  /// Elements of inputs that are sequences, by input.
  let sequences: [Int: [ValueID]]
  /// Elements of outputs that are sequences, by output.
  var sequenceOutputs: [Int: [ValueID]] = [:]
  private var unread: [String: OnnxAttributeValue] = [:]
  private let seen = SeenInputs()

  /// Inputs that were asked for; shared by the copies of a context.
  private final class SeenInputs {
    var indices: Set<Int> = []
  }

  init(
    node: OnnxNode, opset: Int, values: [ValueID?], sequences: [Int: [ValueID]] = [:], graph: consuming Graph
  ) {
    self.node = node
    self.opset = opset
    self.values = values
    self.sequences = sequences
    self.graph = graph
    for attribute in node.attributes { unread[attribute.name] = attribute.value }
  }

  /// Attributes that no one asked for.
  var unreadAttributes: [String] { unread.keys.sorted() }

  /// Names of inputs that no one asked for.
  var unreadInputs: [String] {
    values.indices.filter { values[$0] != nil && !seen.indices.contains($0) }.map { node.inputs[$0] }
  }

  // MARK: Inputs

  /// Number of inputs, trailing omitted ones left out.
  var inputCount: Int { (values.lastIndex { $0 != nil } ?? -1) + 1 }

  /// Input `index`, which must be there.
  func input(_ index: Int) throws(MappingError) -> ValueID {
    guard let value = optional(index) else { throw MappingError("input \(index) is missing; the operator needs it") }
    return value
  }

  /// Input `index`, or nil when it was omitted.
  func optional(_ index: Int) -> ValueID? {
    seen.indices.insert(index)
    return index < values.count ? values[index] : nil
  }

  /// Inputs that do not change the result here.
  func ignoreInputs(_ indices: Int...) { seen.indices.formUnion(indices) }

  /// All inputs, each of which must be there.
  func inputs() throws(MappingError) -> [ValueID] {
    var all: [ValueID] = []
    for k in values.indices { all.append(try input(k)) }
    return all
  }

  /// Element type and shape of a value.
  func type(of id: ValueID) -> TensorType { graph[id].type }
  /// Extents of a value.
  func shape(of id: ValueID) -> Shape { graph[id].type.shape }
  /// Element type of a value.
  func element(of id: ValueID) -> ElementType { graph[id].type.element }

  /// The value of input `index`, which has to be known when the model is compiled.
  func constant(_ index: Int, _ role: String) throws(MappingError) -> Tensor {
    let id = try input(index)
    if let tensor = graph.constant(id) { return tensor }
    throw MappingError(
      "its \(role) ('\(node.inputs[index])') is computed from the model's inputs, and must be known when the model is compiled",
      advice: "Export the model with a fixed \(role), or give the input's value with --constant NAME=FILE.npy.",
      neededConstant: node.inputs[index])
  }

  /// The integers of input `index`, known when the model is compiled; nil when the input is omitted.
  func integers(_ index: Int, _ role: String) throws(MappingError) -> [Int]? {
    guard optional(index) != nil else { return nil }
    guard let values = try constant(index, role).integers() else { throw MappingError("its \(role) must be integers") }
    return values
  }

  /// The single number of input `index`, known when the model is compiled; nil when omitted.
  func number(_ index: Int, _ role: String) throws(MappingError) -> Double? {
    guard optional(index) != nil else { return nil }
    let tensor = try constant(index, role)
    guard tensor.count == 1 else { throw MappingError("its \(role) must be one number, found \(tensor.type)") }
    return tensor.doubles()[0]
  }

  // MARK: Attributes

  private mutating func take(_ name: String) -> OnnxAttributeValue? { unread.removeValue(forKey: name) }

  private func wrong(_ name: String, _ expected: String, _ found: OnnxAttributeValue) -> MappingError {
    MappingError("attribute '\(name)' must be \(expected), found \(found.kind)")
  }

  /// Reads an attribute that does not change the result here.
  mutating func ignore(_ names: String...) { for name in names { _ = take(name) } }

  /// Whether an attribute is there and was not read yet.
  func has(_ name: String) -> Bool { unread[name] != nil }

  /// An integer attribute; nil when absent.
  mutating func int(_ name: String) throws(MappingError) -> Int? {
    guard let value = take(name) else { return nil }
    guard case .int(let number) = value else { throw wrong(name, "an integer", value) }
    return number
  }

  /// An integer attribute.
  mutating func int(_ name: String, default fallback: Int) throws(MappingError) -> Int { try int(name) ?? fallback }

  /// An integer attribute that means false when 0.
  mutating func bool(_ name: String, default fallback: Bool = false) throws(MappingError) -> Bool {
    try int(name).map { $0 != 0 } ?? fallback
  }

  /// A float attribute; nil when absent.
  mutating func float(_ name: String) throws(MappingError) -> Float? {
    guard let value = take(name) else { return nil }
    guard case .float(let number) = value else { throw wrong(name, "a float", value) }
    return number
  }

  /// A float attribute.
  mutating func float(_ name: String, default fallback: Float) throws(MappingError) -> Float {
    try float(name) ?? fallback
  }

  /// A list of integers; nil when absent.
  mutating func ints(_ name: String) throws(MappingError) -> [Int]? {
    guard let value = take(name) else { return nil }
    guard case .ints(let numbers) = value else { throw wrong(name, "integers", value) }
    return numbers
  }

  /// A list of floats; nil when absent.
  mutating func floats(_ name: String) throws(MappingError) -> [Float]? {
    guard let value = take(name) else { return nil }
    guard case .floats(let numbers) = value else { throw wrong(name, "floats", value) }
    return numbers
  }

  /// A string attribute, read as UTF-8; nil when absent.
  mutating func string(_ name: String) throws(MappingError) -> String? {
    guard let value = take(name) else { return nil }
    guard case .string(let bytes) = value else { throw wrong(name, "a string", value) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A string attribute, read as UTF-8.
  mutating func string(_ name: String, default fallback: String) throws(MappingError) -> String {
    try string(name) ?? fallback
  }

  /// A tensor attribute with its elements; nil when absent.
  mutating func tensor(_ name: String) throws(MappingError) -> Tensor? {
    guard let value = take(name) else { return nil }
    guard case .tensor(let tensor) = value else { throw wrong(name, "a tensor", value) }
    do { return try tensor.tensor() } catch {
      throw MappingError("attribute '\(name)': \(error.reason)", advice: error.advice)
    }
  }

  /// A sparse tensor attribute written out; nil when absent.
  mutating func sparseTensor(_ name: String) throws(MappingError) -> Tensor? {
    guard let value = take(name) else { return nil }
    guard case .sparseTensor(let tensor) = value else { throw wrong(name, "a sparse tensor", value) }
    do { return try tensor.tensor() } catch {
      throw MappingError("attribute '\(name)': \(error.reason)", advice: error.advice)
    }
  }

  /// An element type given by its ONNX code.
  mutating func elementType(_ name: String) throws(MappingError) -> ElementType? {
    guard let code = try int(name) else { return nil }
    return try NodeContext.elementType(code: code)
  }

  /// The element type of an ONNX code.
  static func elementType(code: Int) throws(MappingError) -> ElementType {
    guard let raw = UInt8(exactly: code), let element = ElementType(rawValue: raw) else {
      throw MappingError(
        "element type \(OnnxElementNames.name(code)) is not supported",
        advice: "Supported are \(ElementType.allCases.map(\.name).joined(separator: ", ")).")
    }
    return element
  }

  // MARK: Emitting

  /// Largest result, in bytes, that is computed while importing: enough for shapes and small tables; weights are folded by a pass.
  private static let foldLimit = 1 << 16

  /// Adds a node; when all its inputs are constants and the result is small, computes it instead.
  mutating func add(_ op: some Operator, _ inputs: [ValueID]) throws(MappingError) -> [ValueID] {
    do {
      let types = try op.infer(inputs.map { graph[$0].type })
      let constants = inputs.compactMap { graph.constant($0) }
      let small = (types.map(\.byteCount) + constants.map(\.type.byteCount)).allSatisfy { $0 <= NodeContext.foldLimit }
      if constants.count == inputs.count, small, NodeContext.isCheap(op) {
        return try op.evaluate(constants).map { graph.addConstant($0) }
      }
      return try graph.add(op, inputs, name: node.name)
    } catch {
      throw MappingError(error)
    }
  }

  /// Whether an operator's work is bounded by the size of its inputs and outputs; a window over padding, say, is not.
  private static func isCheap(_ op: some Operator) -> Bool {
    op is Unary || op is Binary || op is Select || op is Cast || op is Reshape || op is Transpose || op is Expand
      || op is Concatenate || op is Slice || op is Tile || op is Gather || op is GatherElements || op is GatherND
      || op is ScatterElements || op is ScatterND || op is Reduce || op is ArgReduce || op is Cumulative || op is Trilu
      || op is OneHot || op is TopK || op is Pad
  }

  /// Adds a node of one output.
  mutating func emit(_ op: some Operator, _ inputs: ValueID...) throws(MappingError) -> ValueID {
    try add(op, inputs)[0]
  }

  /// Adds a constant.
  mutating func addConstant(_ tensor: Tensor) -> ValueID { graph.addConstant(tensor) }

  /// A scalar of `element` type.
  mutating func scalar(_ value: Double, _ element: ElementType) -> ValueID {
    graph.addConstant(Tensor(doubles: [value], type: TensorType(element, .scalar)))
  }

  /// Adds an elementwise operator of two values.
  mutating func binary(_ kind: Binary.Kind, _ a: ValueID, _ b: ValueID) throws(MappingError) -> ValueID {
    try emit(Binary(kind), a, b)
  }

  /// Adds an elementwise function.
  mutating func unary(_ function: Function, _ x: ValueID) throws(MappingError) -> ValueID {
    try emit(Unary(function), x)
  }

  /// x under another shape of the same count; x itself when it has that shape.
  mutating func reshape(_ x: ValueID, _ shape: Shape) throws(MappingError) -> ValueID {
    shape == self.shape(of: x) ? x : try emit(Reshape(shape: shape), x)
  }

  /// x as another element type; x itself when it has that type.
  mutating func cast(_ x: ValueID, _ element: ElementType) throws(MappingError) -> ValueID {
    element == self.element(of: x) ? x : try emit(Cast(to: element), x)
  }

  /// The axis that `axis` means for a tensor of `rank`.
  func resolve(axis: Int, rank: Int) throws(MappingError) -> Int {
    guard axis >= -rank, axis < rank else { throw MappingError("axis \(axis) is outside -\(rank)...\(rank - 1)") }
    return axis < 0 ? axis + rank : axis
  }

  /// Distinct axes of a tensor of `rank`, ascending.
  func resolve(axes: [Int], rank: Int) throws(MappingError) -> [Int] {
    var resolved: [Int] = []
    for axis in axes { resolved.append(try resolve(axis: axis, rank: rank)) }
    guard Set(resolved).count == resolved.count else { throw MappingError("axes \(axes) name an axis twice") }
    return resolved.sorted()
  }
}
