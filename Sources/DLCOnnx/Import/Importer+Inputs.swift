import DLCGraph
import DLCTensor

extension Importer {
  /// Adds the model's inputs with every dimension bound.
  mutating func addInputs(to scope: inout Scope) {
    let inputs = model.graph.inputs.filter { scope.values[$0.name] == nil }
    checkOptions(inputs)
    var symbols = options.dimensions
    for info in inputs { learnSymbols(info, &symbols) }
    for info in inputs {
      guard let element = elementType(info) else { continue }
      if let constant = options.constants[info.name] {
        guard constant.element == element else {
          report("its constant is \(constant.type), the model declares \(element)", node: "input '\(info.name)'")
          continue
        }
        define(info.name, graph.addConstant(constant, name: info.name), in: &scope)
        continue
      }
      guard let (shape, declared) = bind(info, symbols) else { continue }
      let id = graph.addInput(name: info.name, type: TensorType(element, shape), declared: declared)
      define(info.name, id, in: &scope)
    }
  }

  /// Names in the options that the model does not have are mistakes.
  private mutating func checkOptions(_ inputs: [OnnxValueInfo]) {
    let names = inputs.map(\.name)
    for name in (Array(options.inputShapes.keys) + options.constants.keys).sorted() where !names.contains(name) {
      report(
        "the model has no input '\(name)'", advice: "Its inputs are \(names.map { "'\($0)'" }.joined(separator: ", "))."
      )
    }
    var symbols: Set<String> = []
    for case .tensor(_, let shape?) in inputs.map(\.type) {
      for case .symbol(let name) in shape { symbols.insert(name) }
    }
    for (name, extent) in options.dimensions.sorted(by: { $0.key < $1.key }) {
      if !symbols.contains(name) {
        let known = symbols.isEmpty ? "none" : symbols.sorted().map { "'\($0)'" }.joined(separator: ", ")
        report("the model has no symbolic dimension '\(name)'", advice: "Its symbolic dimensions: \(known).")
      } else if extent < 1 || extent >= 1 << 31 {
        report("dimension '\(name)' cannot be \(extent)", advice: "Give a positive number.")
      }
    }
  }

  private mutating func elementType(_ info: OnnxValueInfo) -> ElementType? {
    switch info.type {
    case .tensor(let code, _):
      if let element = UInt8(exactly: code).flatMap(ElementType.init(rawValue:)) { return element }
      report(
        "element type \(OnnxElementNames.name(code)) is not supported", node: "input '\(info.name)'",
        type: OnnxElementNames.name(code),
        advice: "Supported are \(ElementType.allCases.map(\.name).joined(separator: ", ")).")
    case .unsupported(let kind):
      report("its type is \(kind.rawValue); tensors are supported", node: "input '\(info.name)'", type: kind.rawValue)
    case .unspecified:
      report("it has no type", node: "input '\(info.name)'", advice: "Export the model again with typed inputs.")
    }
    return nil
  }

  /// A shape given for an input also says what its symbols are elsewhere.
  private mutating func learnSymbols(_ info: OnnxValueInfo, _ symbols: inout [String: Int]) {
    guard let given = options.inputShapes[info.name] ?? options.constants[info.name]?.shape.dimensions,
      case .tensor(_, let shape?) = info.type, shape.count == given.count
    else { return }
    for (dimension, extent) in zip(shape, given) {
      guard case .symbol(let name) = dimension else { continue }
      if let known = symbols[name], known != extent {
        report("dimension '\(name)' is bound to \(known) and to \(extent)", node: "input '\(info.name)'")
      }
      symbols[name] = extent
    }
  }

  private mutating func bind(_ info: OnnxValueInfo, _ symbols: [String: Int]) -> (Shape, [Dimension])? {
    guard case .tensor(_, let declared) = info.type else { return nil }
    let place = "input '\(info.name)'"
    if let given = options.inputShapes[info.name] {
      return check(given, against: declared, place: place)
    }
    guard let declared else {
      report("its rank is open", node: place, advice: "Give its shape: --input \(info.name)=1,3,224,224.")
      return nil
    }
    var extents: [Int] = []
    var open: [String] = []
    for (axis, dimension) in declared.enumerated() {
      switch dimension {
      case .fixed(let extent): extents.append(extent)
      case .symbol(let name) where symbols[name] != nil: extents.append(symbols[name] ?? 1)
      case .symbol, .unknown:
        extents.append(1)
        if axis == 0 {
          notes.append(
            "\(place): its first dimension (\(dimension)) is open and was set to 1; set it with \(flag(dimension, info.name))."
          )
        } else {
          open.append("axis \(axis) (\(dimension))")
        }
      }
    }
    guard open.isEmpty else {
      report(
        "\(open.joined(separator: ", ")) of \(shapeText(declared)) \(open.count == 1 ? "is" : "are") open", node: place,
        advice: "Set \(open.count == 1 ? "it" : "them") with \(flags(declared.dropFirst(), symbols, info)).")
      return nil
    }
    return check(extents, against: declared, place: place)
  }

  /// The flags that bind what is open in `dimensions`: one for each symbol, or one for the whole shape.
  private func flags(_ dimensions: some Sequence<Dimension>, _ symbols: [String: Int], _ info: OnnxValueInfo) -> String
  {
    var names: [String] = []
    for dimension in dimensions {
      if case .unknown = dimension { return flag(.unknown, info.name) }
      if case .symbol(let name) = dimension, symbols[name] == nil, !names.contains(name) { names.append(name) }
    }
    return names.map { flag(.symbol($0), info.name) }.joined(separator: " ")
  }

  private func flag(_ dimension: Dimension, _ input: String) -> String {
    if case .symbol(let name) = dimension { return "--dim \(name)=SIZE" }
    return "--input \(input)=SHAPE"
  }

  private func shapeText(_ dimensions: [Dimension]) -> String {
    "[" + dimensions.map(\.description).joined(separator: ",") + "]"
  }

  private mutating func check(_ extents: [Int], against declared: [Dimension]?, place: String) -> (Shape, [Dimension])?
  {
    let declared = declared ?? extents.map { _ in .unknown }
    let fits =
      extents.count == declared.count
      && zip(extents, declared).allSatisfy { extent, dimension in
        if case .fixed(let fixed) = dimension { fixed == extent } else { true }
      }
    guard fits else {
      report("shape \(extents) does not fit the declared \(shapeText(declared))", node: place)
      return nil
    }
    guard extents.count <= 8, let shape = Shape(checking: extents) else {
      report(
        "shape \(extents) is impossible", node: place,
        advice: "Extents are 0 or more, at most 8 axes, and the product fits memory.")
      return nil
    }
    return (shape, declared)
  }
}
