import CDLCKernels
import DLCGraph
import DLCTensor

/// The steps of a plan over slots, before memory is assigned.
struct Schedule {
  /// An operand: a slot under a shape, or nothing.
  struct Operand {
    var slot: Int?
    var type: TensorType
  }

  struct Step {
    var name: String
    var call: KernelCall
    var operands: [Operand]
    /// Operands from here on are written.
    var firstOutput: Int
  }

  /// A node with its values as slots.
  struct Lowered {
    var name: String
    var inputs: [Int]
    var outputs: [Int]
    var temporaries: [Int]
    var lowering: Lowering
  }

  private(set) var slots = Slots()
  private(set) var steps: [Step] = []
  /// Slots of the graph's inputs and outputs, in their order.
  private(set) var inputs: [Int] = []
  private(set) var outputs: [Int] = []
  /// Names of the outputs: the graph's, then intermediates when they are kept.
  private(set) var outputPorts: [(name: String, declared: [Dimension])] = []

  private var slotOfValue: [Int] = []

  /// Lowers every node of `graph`; `channelScales` as in `PlanOptions`.
  init(_ graph: Graph, keepIntermediates: Bool, channelScales: [String: [Float]]) throws(PlanError) {
    guard let order = graph.topologicalOrder() else { throw .malformed("it has a cycle") }
    for value in graph.values { slotOfValue.append(slots.add(value.type, name: value.name, constant: value.constant)) }
    for (value, parameters) in graph.quantizations() {
      slots.setQuantization(slotOfValue[value.index], parameters.scaled(value, in: graph, by: channelScales))
    }
    for port in graph.inputs {
      inputs.append(slotOfValue[port.value.index])
      slots.markPort(slotOfValue[port.value.index])
    }
    let extraCopies = claimOutputs(graph, keepIntermediates ? order : [])
    var nodes: [Lowered] = []
    for id in order { nodes.append(try lower(graph[id], in: graph)) }
    for node in nodes { recordUses(node) }
    for copy in extraCopies { slots.addUse(copy.from, .init(shape: slots.types[copy.from].shape, acceptsPitch: true)) }
    let prefixes = ConcatenationPrefixes(nodes)
    // A kernel that would read and write one buffer in a way that the runtime cannot tell apart gets its result elsewhere.
    let unlinked = slots
    var apart = Set<Int>()
    while true {
      link(nodes, prefixes, apart)
      let collisions = collisions(nodes)
      if collisions.isEmpty { break }
      if collisions.isSubset(of: apart) { throw .malformed("a result would lie over what it is computed from") }
      apart.formUnion(collisions)
      slots = unlinked
    }
    for (k, node) in nodes.enumerated() { try emit(node, at: k, prefixes) }
    for copy in extraCopies { try emitCopy(from: copy.from, to: copy.to, name: "output \(slots.names[copy.to])") }
  }

  /// Every output gets a slot of its own: a value that is an input, a constant or an output already is copied at the end.
  private mutating func claimOutputs(_ graph: Graph, _ kept: [NodeID]) -> [(from: Int, to: Int)] {
    var copies: [(from: Int, to: Int)] = []
    var taken = Set(inputs)
    func claim(_ value: ValueID, _ name: String, _ declared: [Dimension], _ slots: inout Slots) -> Int {
      let own = slotOfValue[value.index]
      if graph[value].producer != nil, taken.insert(own).inserted {
        slots.markPort(own)
        return own
      }
      let copy = slots.add(graph[value].type, name: name)
      if let parameters = slots.quantizations[own] { slots.setQuantization(copy, parameters) }
      slots.markPort(copy)
      copies.append((own, copy))
      return copy
    }
    for port in graph.outputs {
      outputs.append(claim(port.value, port.name, port.declared, &slots))
      outputPorts.append((port.name, port.declared))
    }
    for id in kept {
      for value in graph[id].outputs where !taken.contains(slotOfValue[value.index]) {
        let name = graph[value].name.isEmpty ? "%\(value.index)" : graph[value].name
        outputs.append(claim(value, name, [], &slots))
        outputPorts.append((name, graph[value].type.shape.dimensions.map { .fixed($0) }))
      }
    }
    return copies
  }

  private mutating func lower(_ node: Node, in graph: Graph) throws(PlanError) -> Lowered {
    let request = LoweringRequest(
      inputs: node.inputs.map { graph[$0].type }, outputs: node.outputs.map { graph[$0].type },
      constants: node.inputs.map { graph.constant($0) })
    let lowering: Lowering
    do { lowering = try node.op.lower(request) } catch {
      throw .unsupported(node: node.name, op: node.op.mnemonic, reason: error.reason)
    }
    var temporaries: [Int] = []
    if case .undefined(let reason) = lowering {
      throw .unsupported(node: node.name, op: node.op.mnemonic, reason: reason)
    }
    if case .kernels(_, let types) = lowering {
      temporaries = types.map { slots.add($0, name: "\(node.name) temporary") }
    }
    return Lowered(
      name: node.name, inputs: node.inputs.map { slotOfValue[$0.index] },
      outputs: node.outputs.map { slotOfValue[$0.index] },
      temporaries: temporaries, lowering: lowering)
  }

  /// The slot of an operand, when it has one.
  private func slot(_ operand: DLCGraph.Operand, _ node: Lowered) -> Int? {
    switch operand.source {
    case .input(let k): node.inputs[k]
    case .output(let k): node.outputs[k]
    case .temporary(let k): node.temporaries[k]
    case .constant, .absent: nil
    }
  }

  /// Slots that a kernel writes where it may read something else.
  private func collisions(_ nodes: [Lowered]) -> Set<Int> {
    var result = Set<Int>()
    for node in nodes {
      guard case .kernels(let calls, _) = node.lowering else { continue }
      for call in calls {
        let places = call.operands.map { operand in slot(operand, node).flatMap { slots.resolve($0) } }
        for k in call.operands.count - call.outputCount..<call.operands.count {
          guard let written = slot(call.operands[k], node), slots.isLinked(written), let place = places[k] else {
            continue
          }
          for (other, read) in places.enumerated() where other != k {
            if let read, read.root == place.root, read.view.mayOverlap(place.view) { result.insert(written) }
          }
        }
      }
    }
    return result
  }

  private mutating func recordUses(_ node: Lowered) {
    guard case .kernels(let calls, _) = node.lowering else { return }
    for call in calls {
      for operand in call.operands {
        guard let slot = slot(operand, node) else { continue }
        slots.addUse(slot, .init(shape: operand.type.shape, acceptsPitch: operand.acceptsPitch))
      }
    }
  }

  /// Decides what is a view: aliases first, then inputs of concatenations (outermost first, so that nested ones end in one
  /// buffer), then slices.
  private mutating func link(_ nodes: [Lowered], _ prefixes: ConcatenationPrefixes, _ apart: Set<Int>) {
    for node in nodes {
      guard case .alias = node.lowering, !slots.tryLink(node.outputs[0], .whole(of: node.inputs[0])) else { continue }
      // An output of the graph keeps its memory: what is reshaped into it is computed there.
      if slots.isPort[node.outputs[0]] { _ = slots.tryLink(node.inputs[0], .whole(of: node.outputs[0])) }
    }
    for (k, node) in nodes.enumerated().reversed() {
      guard case .concatenate(let axis, _) = node.lowering else { continue }
      var start = 0
      var inputs = node.inputs[...]
      if let prefix = prefixes.longest(of: k) {
        let origin = [Int](repeating: 0, count: slots.types[prefix.output].rank)
        if slots.tryLink(prefix.output, .part(of: node.outputs[0], starts: origin)) {
          inputs = inputs.dropFirst(prefix.count)
          start = slots.types[prefix.output].shape[axis]
        }
      }
      for input in inputs {
        var starts = [Int](repeating: 0, count: slots.types[input].rank)
        starts[axis] = start
        start += slots.types[input].shape[axis]
        if !self.inputs.contains(input), node.inputs.count(where: { $0 == input }) == 1 {
          _ = slots.tryLinkWithSource(input, .part(of: node.outputs[0], starts: starts), apart)
        }
      }
    }
    for node in nodes {
      if case .slice(let starts, _) = node.lowering {
        _ = slots.tryLink(node.outputs[0], .part(of: node.inputs[0], starts: starts))
      }
    }
  }

  private mutating func emit(_ node: Lowered, at index: Int, _ prefixes: ConcatenationPrefixes) throws(PlanError) {
    switch node.lowering {
    case .kernels(let calls, _):
      for call in calls { emit(call, node) }
    case .alias:
      // Not only whether it is linked: the output may be a view of a later concatenation instead.
      if !slots.isLinked(node.outputs[0], to: node.inputs[0]), !slots.isLinked(node.inputs[0], to: node.outputs[0]) {
        try emitReshape(from: node.inputs[0], to: node.outputs[0], name: node.name)
      }
    case .concatenate(let axis, _):
      var start = 0
      var inputs = node.inputs[...]
      if let prefix = prefixes.longest(of: index), slots.isLinked(prefix.output, to: node.outputs[0]) {
        inputs = inputs.dropFirst(prefix.count)
        start = slots.types[prefix.output].shape[axis]
      }
      for input in inputs {
        var starts = [Int](repeating: 0, count: slots.types[input].rank)
        starts[axis] = start
        start += slots.types[input].shape[axis]
        if !lies(input, in: node.outputs[0], at: starts) {
          try emitCopy(from: input, to: node.outputs[0], at: starts, name: node.name)
        }
      }
    case .slice(let starts, _):
      if !slots.isLinked(node.outputs[0], to: node.inputs[0]) {
        try emitCopy(from: node.inputs[0], startingAt: starts, to: node.outputs[0], name: node.name)
      }
    case .undefined: break  // refused when it was lowered
    }
  }

  private func lies(_ slot: Int, in outer: Int, at starts: [Int]) -> Bool {
    guard slots.isLinked(slot), let place = slots.resolve(slot), let host = slots.resolve(outer) else { return false }
    return place.root == host.root && place.view == host.view.part(starts: starts, extents: slots.types[slot].shape)
  }

  private mutating func emit(_ call: KernelCall, _ node: Lowered) {
    var operands: [Operand] = []
    for operand in call.operands {
      var slot = slot(operand, node)
      if case .constant(let tensor) = operand.source {
        slot = slots.add(operand.type, name: node.name, constant: tensor)
      }
      operands.append(Operand(slot: slot, type: operand.type))
    }
    steps.append(
      Step(name: node.name, call: call, operands: operands, firstOutput: call.operands.count - call.outputCount))
  }

  /// Copies all of `from` to `to`, which has another shape.
  private mutating func emitReshape(from: Int, to: Int, name: String) throws(PlanError) {
    guard let origin = slots.resolve(from)?.view, let destination = slots.resolve(to)?.view else {
      throw .malformed("'\(name)' copies between views that do not lie evenly")
    }
    if origin.reshaped(to: destination.shape) == nil, destination.reshaped(to: origin.shape) == nil {
      // Rows of both lie apart and are cut differently: only a dense copy between can be seen both ways.
      let dense = slots.add(slots.types[from], name: name)
      try emitCopy(from: from, to: dense, name: name)
      return try emitReshape(from: dense, to: to, name: name)
    }
    try emitCopy(from: from, to: to, name: name)
  }

  /// Copies all of `from` (or as much as `to` holds, from `source` on) to `to` from `target` on. Without `source` and
  /// `target` the shapes may differ when one of both can be seen under the other's.
  private mutating func emitCopy(
    from: Int, startingAt source: [Int]? = nil, to: Int, at target: [Int]? = nil, name: String
  ) throws(PlanError) {
    // Where the moved part lies evenly it is an operand of its own, so that other parts of the same buffer may be its source.
    if let source, let part = part(of: from, from: source, slots.types[to].shape) {
      return try emitCopy(from: part, to: to, name: name)
    }
    if let target, let part = part(of: to, from: target, slots.types[from].shape) {
      return try emitCopy(from: from, to: part, name: name)
    }
    let (fromType, toType) = (slots.types[from], slots.types[to])
    guard let originPlace = slots.resolve(from), let destinationPlace = slots.resolve(to) else {
      throw .malformed("'\(name)' copies between views that do not lie evenly")
    }
    if originPlace.root == destinationPlace.root, originPlace.view.mayOverlap(destinationPlace.view),
      !fromType.shape.isEmpty
    {
      let moved = slots.add(source == nil ? fromType : toType, name: name)
      try emitCopy(from: from, startingAt: source, to: moved, name: name)
      return try emitCopy(from: moved, to: to, at: target, name: name)
    }
    var origin = originPlace.view, destination = destinationPlace.view
    origin.offset = 0
    destination.offset = 0
    if source == nil, target == nil {
      if let view = destination.reshaped(to: origin.shape) {
        destination = view
      } else if let view = origin.reshaped(to: destination.shape) {
        origin = view
      } else {
        throw .malformed("'\(name)' copies between rows that are cut differently")
      }
    }
    let extents = source == nil ? origin.shape : destination.shape
    if extents.isEmpty { return }
    let zeros = [Int](repeating: 0, count: extents.rank)
    let parameters = MemoryView.copyParameters(
      from: origin, at: source ?? zeros, to: destination, at: target ?? zeros, extents: extents)
    guard let parameters else {
      throw .unsupported(node: name, op: "copy", reason: "it moves \(extents) with more than 8 axes or 2^31 elements")
    }
    let call = KernelCall(kernel: UInt16(DLC_KERNEL_copy.rawValue), parameters, operands: [])
    steps.append(
      Step(
        name: name, call: call,
        operands: [
          Operand(slot: from, type: TensorType(fromType.element, origin.shape)),
          Operand(slot: to, type: TensorType(toType.element, destination.shape)),
        ], firstOutput: 1))
  }

  /// A slot for the part of `slot` from `starts` on; nil when its rows do not lie evenly.
  private mutating func part(of slot: Int, from starts: [Int], _ shape: Shape) -> Int? {
    guard let place = slots.resolve(slot), place.view.part(starts: starts, extents: shape) != nil else { return nil }
    let part = slots.add(TensorType(slots.types[slot].element, shape), name: slots.names[slot])
    return slots.tryLink(part, .part(of: slot, starts: starts)) ? part : nil
  }
}

extension KernelCall {
  /// How many operands, the last ones, are written.
  fileprivate var outputCount: Int { Int(dlc_kernel_outputs(kernel, UInt32(operands.count))) }
}
