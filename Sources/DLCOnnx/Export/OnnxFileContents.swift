import DLCTensor

/// What a model file that is being written holds.
struct OnnxFileContents {
  /// The version of the standard operators that spellings are to use.
  let opset: Int
  /// The version that some spelling needs: when above `opset`, everything is spelled again.
  var neededOpset: Int
  var name: String
  private(set) var nodes: [OnnxNode] = []
  var initializers: [(name: String, tensor: Tensor)] = []
  var inputs: [(name: String, type: TensorType)] = []
  var outputs: [(name: String, type: TensorType)] = []
  /// Named texts of the model.
  var metadata: [(key: String, value: String)] = []
  /// Every name of a value in use.
  private var names: Set<String> = []
  private var nodeNames: Set<String> = []
  /// Small constants by content: bounds, shapes and axes repeat a lot.
  private var small: [Tensor: String] = [:]
  private var count = 0

  init(opset: Int, name: String) {
    self.opset = opset
    self.name = name
    neededOpset = opset
  }

  /// Takes `name`, or one like it that is free.
  mutating func claim(_ name: String) -> String {
    if !name.isEmpty, names.insert(name).inserted { return name }
    while true {
      count += 1
      let next = name.isEmpty ? "v\(count)" : "\(name)_\(count)"
      if names.insert(next).inserted { return next }
    }
  }

  /// Adds a node, whose name gets a number where another has it.
  mutating func add(_ node: OnnxNode) {
    var node = node
    let base = node.name.isEmpty ? node.opType : node.name
    node.name = base
    while !nodeNames.insert(node.name).inserted {
      count += 1
      node.name = "\(base)_\(count)"
    }
    nodes.append(node)
  }

  /// A name that nothing has.
  mutating func freshName() -> String { claim("") }

  /// Adds a constant, unless it is small and there already.
  mutating func constant(_ tensor: Tensor, name: String = "") -> String {
    let shared = tensor.type.byteCount <= 64 && name.isEmpty
    if shared, let known = small[tensor] { return known }
    let name = claim(name)
    initializers.append((name, tensor))
    if shared { small[tensor] = name }
    return name
  }
}
