import DLCGraph
import DLCOperators
import DLCTensor

/// Gives a draft its integers: parameters of activations from what was observed, weights rounded to nearest.
struct DraftAssembly {
  let options: QuantizationOptions

  /// Elements along the depth that share a scale in 4-bit weights.
  private static let groupSize = 32
  /// Fewest elements of a table that are worth a step when run.
  private static let smallestTable = 1024
  /// Largest quantized bias: sums and bias together must fit 31 bits.
  private static let biasLimit: Float = 0x1p29

  /// Whether the options let a node take part.
  func allows(_ id: NodeID, _ network: PreparedNetwork) -> Bool {
    let node = network.graph[id]
    if options.floatNodes.contains(node.name) { return false }
    if options.mode == .int16x8, !hasWideForm(id, network) { return false }
    return gain(id, network) != .none
  }

  /// What the cost model says of a node.
  func gain(_ id: NodeID, _ network: PreparedNetwork) -> QuantizationCostModel.Gain {
    let node = network.graph[id]
    return options.costModel.gain(
      node, node.inputs.map { network.graph[$0].type }, node.outputs.map { network.graph[$0].type })
  }

  /// Whether a node computes in 16 bits: functions would take tables of 65,536 entries, and products of two activations or
  /// transposed convolutions have no kernel. What has none reads and gives real numbers.
  private func hasWideForm(_ id: NodeID, _ network: PreparedNetwork) -> Bool {
    let op = network.graph[id].op
    switch network.role(id) {
    case .contraction(let constantWeights): return constantWeights && !(op is ConvolutionTranspose)
    case .scaled: return (op as? Binary).map { QuantizedBinary.takes($0.kind) } ?? (op is Reduce || op is Pool)
    case .shared: return true
    case .float, .fixed, .table: return false
    }
  }

  /// Parameters of every value that integer nodes touch, and the choices behind them. `others`: methods of single
  /// values, each the first of those that share its scale. `leastCut`: see `RangeSearch.Constraints`.
  func assignParameters(
    _ draft: inout QuantizationDraft, _ observers: [ValueID: ValueObserver], method: RangeMethod,
    except others: [ValueID: RangeMethod] = [:], leastCut: Double = 0
  ) -> [ValueID: RangeChoice] {
    var classes = ScaleClasses(draft.network, draft.participation)
    let choices = classes.assign(
      observers, method: method, except: others, element: options.mode == .int16x8 ? .int16 : .uint8,
      leastCut: leastCut)
    draft.parameters = choices.mapValues(\.parameters)
    return choices
  }

  /// Integer weights of every contraction that computes in integers, or in weight-only modes of all, and of tables.
  func assignWeights(_ draft: inout QuantizationDraft) {
    assignTables(&draft)
    for id in draft.network.weighted {
      let isInteger = draft.participation.nodes.contains(id)
      guard isInteger || (!options.mode.quantizesActivations && allows(id, draft.network)) else { continue }
      guard let matrix = draft.matrix(id), let weights = draft.constant(id, 1),
        weights.floats().allSatisfy(\.isFinite)
      else { continue }
      var quantizer = WeightQuantizer(matrix: matrix, shape: weights.shape, clips: options.clipsWeights)
      let inputs = draft.network.graph[id].inputs
      if isInteger, let scale = draft.parameters[inputs[0]]?.scale, let bias = draft.constant(id, 2) {
        quantizer.floors = floors(matrix, bias.floats(), scale)
      }
      if isInteger { quantizer.requantization = requantization(id, draft) }
      if options.mode == .int4Weights {
        draft.weights[id] = fourBits(&quantizer, weights.floats())
      } else {
        draft.weights[id] = quantizer.perChannel(weights.floats())
      }
    }
  }

  /// A step of the input over one of the result, where that is stored as integers.
  private func requantization(_ id: NodeID, _ draft: QuantizationDraft) -> Double? {
    let node = draft.network.graph[id]
    guard let input = draft.parameters[node.inputs[0]] else { return nil }
    let isStored = draft.participation.stores(node.outputs[0], draft.network)
    let output = isStored ? draft.parameters[node.outputs[0]] : nil
    return Double(input.scale) / Double(output?.scale ?? 1)
  }

  /// Integers for the tables, such as embeddings, of lookups that stay in floating point.
  private func assignTables(_ draft: inout QuantizationDraft) {
    draft.tables = [:]
    for id in draft.network.order where !draft.participation.nodes.contains(id) {
      let node = draft.network.graph[id]
      guard let op = node.op as? Gather, !options.floatNodes.contains(node.name),
        let table = draft.network.graph.constant(node.inputs[0]), table.element == .float32,
        table.count >= Self.smallestTable
      else { continue }
      let rows = table.shape[op.axis]
      let inner = table.shape.dimensions[(op.axis + 1)...].reduce(1, *)
      guard inner > 1 else { continue }
      var largest = [Float](repeating: 0, count: rows)
      table.withElements(as: Float.self) { values in
        for (k, value) in values.enumerated() {
          largest[k / inner % rows] = max(largest[k / inner % rows], value.magnitude)
        }
      }
      guard largest.allSatisfy(\.isFinite) else { continue }
      let scales = largest.map { max($0 / 127, .leastNormalMagnitude) }
      draft.tables[id] = QuantizationParameters(
        .int8, scales: scales, zeroPoints: [Int32](repeating: 0, count: rows), axis: op.axis)
    }
  }

  /// 4 bits in groups along the depth where the depth allows; else 8 bits per channel, which small kernels need anyway.
  private func fourBits(_ quantizer: inout WeightQuantizer, _ weights: [Float]) -> QuantizedWeights {
    let depth = quantizer.matrix.depth
    guard let size = Self.groupSize(depth) else { return quantizer.perChannel(weights) }
    quantizer.bits = 4
    return quantizer.perGroup(weights, size: size)
  }

  /// The largest divisor of the depth that is at most 32 and at least 8.
  private static func groupSize(_ depth: Int) -> Int? {
    (8...groupSize).reversed().first { depth % $0 == 0 }
  }

  /// Smallest scale of each channel for which its bias, in units of both scales, stays under the limit.
  private func floors(_ matrix: WeightMatrix, _ bias: [Float], _ inputScale: Float) -> [Float] {
    var result = [Float](repeating: 0, count: matrix.channels)
    for group in 0..<matrix.groups {
      for row in 0..<matrix.rows {
        let output = matrix.output(group, row)
        guard output < bias.count else { continue }
        let floor = bias[output].magnitude / inputScale / Self.biasLimit
        let channel = matrix.channel(group, row)
        if floor.isFinite { result[channel] = max(result[channel], floor) }
      }
    }
    return result
  }
}
