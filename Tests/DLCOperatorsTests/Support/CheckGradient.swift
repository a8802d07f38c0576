import DLCGraph
import DLCTensor
import GraphTestSupport
import Testing

/// Compares an operator's gradient rule with central differences of its reference evaluation, for every f64 input.
///
/// The loss is the sum of all f64 outputs weighted by random numbers. Inputs must stay clear of kinks.
func checkGradient(
  _ op: any Operator, _ inputs: [Tensor], step: Double = 1e-5, tolerance: Double = 1e-6,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  guard case .rule(let rule) = op.gradient else {
    Issue.record("\(op.mnemonic) has no gradient", sourceLocation: sourceLocation)
    return
  }
  var graph = Graph(name: "gradient")
  let arguments = inputs.enumerated().map { k, input in
    graph.addInput(name: "x\(k)", type: input.type, declared: [])
  }
  let outputs = try graph.add(op, arguments)
  let seeds = outputs.enumerated().map { k, output in
    graph[output].type.element == .float64
      ? random(.float64, graph[output].type.shape.dimensions, 0.5, 1.5, seed: UInt64(100 + k)) : nil
  }
  // A placeholder per input, read by a graph output: the patch puts the gradient in its place.
  let placeholders = inputs.map { graph.addInput(name: "placeholder", type: $0.type, declared: []) }
  let outputGradients = seeds.map { seed in seed.map { graph.addConstant($0) } }
  var patch = GraphPatch(graph, "gradient of \(op.mnemonic)")
  let request = GradientRequest(inputs: arguments, outputs: outputs, outputGradients: outputGradients)
  let gradients = try rule(request, &patch)
  #expect(gradients.count == inputs.count, "one gradient an input", sourceLocation: sourceLocation)
  for (placeholder, gradient) in zip(placeholders, gradients) {
    guard let gradient else { continue }
    graph.outputs.append(Port(name: "gradient", value: placeholder, declared: []))
    patch.replace(placeholder, with: gradient)
  }
  graph.apply(patch)
  #expect(graph.firstDefect() == nil, "\(op.mnemonic)", sourceLocation: sourceLocation)
  let found = try graph.evaluated(inputs)

  func loss(_ inputs: [Tensor]) throws -> Double {
    var sum = 0.0
    for (output, seed) in zip(try op.evaluate(inputs), seeds) {
      guard let seed else { continue }
      for (y, weight) in zip(output.doubles(), seed.doubles()) { sum += y * weight }
    }
    return sum
  }
  var next = 0
  for (k, input) in inputs.enumerated() {
    guard gradients[k] != nil else {
      #expect(input.element != .float64, "\(op.mnemonic): input \(k) has no gradient", sourceLocation: sourceLocation)
      continue
    }
    let gradient = found[next].doubles()
    next += 1
    let values = input.doubles()
    for i in values.indices {
      var moved = inputs
      var nudged = values
      nudged[i] = values[i] + step
      moved[k] = Tensor(doubles: nudged, type: input.type)
      let above = try loss(moved)
      nudged[i] = values[i] - step
      moved[k] = Tensor(doubles: nudged, type: input.type)
      let expected = (above - (try loss(moved))) / (2 * step)
      let error = abs(gradient[i] - expected)
      #expect(
        error <= tolerance * max(1, abs(expected)) * 10,
        "\(op.mnemonic) input \(k) element \(i): gradient \(gradient[i]), differences \(expected)",
        sourceLocation: sourceLocation)
    }
  }
}
