import DLCGraph
import DLCOperators
import DLCTensor

/// Values that must have one scale and zero point, and what restricts it.
struct ScaleClasses {
  let network: PreparedNetwork
  let participation: Participation
  private let values: [ValueID]
  private var parent: [ValueID: ValueID] = [:]

  init(_ network: PreparedNetwork, _ participation: Participation) {
    self.network = network
    self.participation = participation
    var touched: Set<ValueID> = []
    for id in participation.nodes {
      let node = network.graph[id]
      touched.formUnion(participation.dataInputs(id, network).map { node.inputs[$0] })
      touched.insert(node.outputs[0])
    }
    values = touched.sorted()
    for id in network.order where participation.nodes.contains(id) {
      guard case .shared(let inputs) = network.role(id), !(network.graph[id].op is Concatenate) else { continue }
      let node = network.graph[id]
      for index in inputs { unite(node.inputs[index], node.outputs[0]) }
    }
  }

  /// The values to observe: not constants, and not what only rearranges another value.
  var observed: [ValueID] {
    values.filter { value in
      if network.graph.constant(value) != nil { return false }
      guard let (id, node) = network.graph.producer(of: value), participation.nodes.contains(id) else { return true }
      return !(node.op is Reshape || node.op is Transpose)
    }
  }

  /// The first value of every class.
  mutating func representatives(_ observers: [ValueID: ValueObserver]) -> [ValueID] {
    uniteConcatenations(observers)
    return Set(values.map(root)).sorted()
  }

  private func root(_ value: ValueID) -> ValueID {
    var value = value
    while let next = parent[value], next != value { value = next }
    return value
  }

  private mutating func unite(_ a: ValueID, _ b: ValueID) {
    let (a, b) = (root(a), root(b))
    if a != b { parent[max(a, b)] = min(a, b) }
  }

  /// How far ranges may differ, as a factor, for a concatenation to put them under one scale.
  private static let concatenationRatio = 4.0

  /// Chooses the parameters of every value, from the observers of `observed`: by `method`, or that of `others` for the
  /// first value of a class. `leastCut`: see `RangeSearch.Constraints`.
  mutating func assign(
    _ observers: [ValueID: ValueObserver], method: RangeMethod, except others: [ValueID: RangeMethod] = [:],
    element: ElementType, leastCut: Double = 0
  ) -> [ValueID: RangeChoice] {
    uniteConcatenations(observers)
    var members: [ValueID: [ValueID]] = [:]
    for value in values { members[root(value), default: []].append(value) }
    var result: [ValueID: RangeChoice] = [:]
    for (first, group) in members.sorted(by: { $0.key < $1.key }) {
      var constraints = RangeSearch.Constraints()
      constraints.element = element
      constraints.leastCut = leastCut
      let choice = choose(group, observers, others[first] ?? method, constraints)
      for value in group { result[value] = choice }
    }
    cutAddends(&result, element)
    return result
  }

  /// Lets concatenations share one scale with those inputs that lose nothing by it.
  private mutating func uniteConcatenations(_ observers: [ValueID: ValueObserver]) {
    for id in network.order where participation.nodes.contains(id) {
      let node = network.graph[id]
      guard node.op is Concatenate, case .shared(let inputs) = network.role(id) else { continue }
      let whole = span(observers[node.outputs[0]]?.histogram)
      for index in inputs {
        let input = node.inputs[index]
        let own = observers[input]?.histogram ?? constantHistogram(input)
        let alone = values.filter { root($0) == root(input) }.allSatisfy(isReadByMovementOnly)
        if alone || own == nil || span(own) * Self.concatenationRatio >= whole { unite(input, node.outputs[0]) }
      }
    }
  }

  private func span(_ histogram: Histogram?) -> Double {
    histogram.map { max($0.maximum, 0) - min($0.minimum, 0) } ?? 0
  }

  /// Whether nothing computes with the value: another scale for it would gain nothing.
  private func isReadByMovementOnly(_ value: ValueID) -> Bool {
    network.graph[value].users.allSatisfy { id in
      if case .shared = network.role(id) { return participation.nodes.contains(id) }
      return false
    }
  }

  private func constantHistogram(_ value: ValueID) -> Histogram? {
    network.graph.constant(value).map {
      var histogram = Histogram()
      histogram.add($0)
      return histogram
    }
  }

  /// exp of less than this is below a thousandth of a step of 1/256 of a softmax's result.
  private static let softmaxDepth = 20.0

  private func choose(
    _ group: [ValueID], _ observers: [ValueID: ValueObserver], _ method: RangeMethod,
    _ known: RangeSearch.Constraints
  ) -> RangeChoice {
    var histogram = Histogram()
    var averages: (low: Double, high: Double)?
    var constraints = known
    for value in group {
      if let observer = observers[value] {
        histogram.merge(observer.histogram)
        averages = (
          min(averages?.low ?? 0, observer.averageLow), max(averages?.high ?? 0, observer.averageHigh)
        )
      } else if let constant = constantHistogram(value) {
        histogram.merge(constant)
      }
      if network.graph.isOutput(value) { constraints.keepsRange = true }
      for user in network.graph[value].users where participation.nodes.contains(user) {
        let node = network.graph[user]
        if network.role(user) == .contraction(constantWeights: false), node.inputs[1] == value {
          constraints.symmetric = true
        }
        if node.op is Softmax {
          constraints.keepsRange = true
          constraints.depthBelowMaximum = Self.softmaxDepth
        }
      }
    }
    // A masked argument of softmax may have other readers: then nothing of it may be cut.
    if constraints.depthBelowMaximum != nil, !group.allSatisfy(isReadBySoftmaxOnly) {
      constraints.depthBelowMaximum = nil
    }
    constraints.function = group.count == 1 ? functionAfter(group[0]) : nil
    if let fixed = fixedParameters(group, histogram), constraints.element == .uint8, !constraints.symmetric {
      return RangeChoice(
        parameters: fixed, method: "fixed", error: RangeSearch(histogram, constraints).error(fixed),
        power: histogram.power)
    }
    return RangeSearch(histogram, constraints, averages: averages).choose(method)
  }

  private func isReadBySoftmaxOnly(_ value: ValueID) -> Bool {
    network.graph[value].users.allSatisfy { id in
      let node = network.graph[id]
      if node.op is Softmax { return true }
      if case .shared = network.role(id) { return isReadBySoftmaxOnly(node.outputs[0]) }
      return false
    }
  }

  /// The only reader's function, when that is a table.
  private func functionAfter(_ value: ValueID) -> Function? {
    guard let user = network.graph.onlyUser(of: value), participation.nodes.contains(user),
      let unary = network.graph[user].op as? Unary
    else { return nil }
    switch network.role(user) {
    case .table, .fixed: return unary.function
    case .float, .contraction, .scaled, .shared: return nil
    }
  }

  /// The parameters that an operator of the group knows beforehand, where they serve what was seen.
  private func fixedParameters(_ group: [ValueID], _ histogram: Histogram) -> QuantizationParameters? {
    for value in group {
      guard let (id, _) = network.graph.producer(of: value), participation.nodes.contains(id),
        case .fixed(let scale, let zeroPoint) = network.role(id)
      else { continue }
      let fixed = QuantizationParameters(.uint8, scale: scale, zeroPoint: zeroPoint)
      let range = fixed.realRange()
      let tolerance = Double(scale)
      if histogram.minimum >= range.lowerBound - tolerance, histogram.maximum <= range.upperBound + tolerance {
        return fixed
      }
    }
    return nil
  }
}
