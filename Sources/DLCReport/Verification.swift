import DLCCompiler
import DLCData
import DLCTensor
import Foundation

/// Compares a model's answers with stored ones.
package struct Verification {
  package var model: String
  package var data: DataRequest
  package var relativeTolerance: Double
  package var absoluteTolerance: Double
  package var threads: Int

  package init(model: String, data: DataRequest, relativeTolerance: Double, absoluteTolerance: Double, threads: Int) {
    self.model = model
    self.data = data
    self.relativeTolerance = relativeTolerance
    self.absoluteTolerance = absoluteTolerance
    self.threads = threads
  }

  /// What came of it.
  package struct Outcome {
    package var cases = 0
    package var failed = 0
    package var maxAbsolute = 0.0
    package var maxRelative = 0.0
    package var notes: [String] = []
    package var lines: [String] = []

    package var passed: Bool { failed == 0 }

    /// Adds the line that sums up.
    mutating func conclude() {
      let verdict = passed ? "passed" : "FAILED (\(failed) of \(cases))"
      lines.append(
        "\(verdict): \(cases) \(cases == 1 ? "case" : "cases"), max absolute error \(short(maxAbsolute)), max relative error \(short(maxRelative))"
      )
    }

    package var json: JSONValue {
      .object([
        ("passed", .bool(passed)), ("cases", .integer(cases)), ("failed", .integer(failed)),
        ("max_abs_error", .number(maxAbsolute)), ("max_rel_error", .number(maxRelative)),
      ])
    }
  }

  /// Runs every data set. Throws `Failure` for a model or data that cannot be read.
  package func run(options: CompileOptions) throws -> Outcome {
    var outcome = Outcome()
    guard TestDataSet.isFound(at: data.path) else { return try runSamples(options) }
    let ports = try Engine.ports(of: model)
    let sets = try TestDataSet.load(data.path, outputNames: ports.outputs)
    var loaded: LoadedModel?
    var compiledFor: [String: Tensor]?
    for set in sets {
      var inputs: [String: Tensor] = [:]
      for (k, name) in ports.inputs.enumerated() { inputs[name] = set.inputs.tensor(name, at: k) }
      if loaded == nil || compiledFor.map({ !fits($0, inputs) }) ?? false {
        let (opened, bound): (LoadedModel, Set<String>)
        do {
          (opened, bound) = try open(inputs, options)
        } catch let error as UncompilableModel {
          if outcome.cases == 0, let streamed = try manySamples(set, options) { return streamed }
          throw error.failure
        }
        loaded = opened
        compiledFor = Engine.isOnnx(model) ? inputs : nil
        outcome.notes += opened.notes
        if !bound.isEmpty { outcome.notes.append("compiled as constants: \(bound.sorted().joined(separator: ", "))") }
      }
      guard let loaded else { continue }
      if outcome.cases == 0, !takes(loaded, inputs), let streamed = try manySamples(set, options) { return streamed }
      guard loaded.outputs.enumerated().contains(where: { set.outputs.tensor($1.name, at: $0) != nil }) else {
        let names = loaded.outputs.map { "'\($0.name)'" }.joined(separator: ", ")
        throw Failure(.badData, "'\(set.name)' holds no answer for any output; the model's outputs are \(names).")
      }
      compare(try loaded.session(threads: threads).run(try loaded.fill(inputs, seed: nil)), set, loaded, &outcome)
    }
    if data.preprocessing != nil { outcome.notes.append(data.withoutEffect) }
    outcome.conclude()
    return outcome
  }

  /// What comes of an .npz whose arrays hold many samples along the leading axis; nil when it does not. Throws what is wrong
  /// with a preprocessing that was asked for.
  private func manySamples(_ set: TestDataSet, _ options: CompileOptions) throws -> Outcome? {
    guard case .named = set.inputs else { return nil }
    guard data.preprocessing == nil else { return try runSamples(options) }
    return try? runSamples(options)
  }

  /// Whether the arrays are of the model's types; one that has more along the leading axis holds many samples.
  private func takes(_ loaded: LoadedModel, _ inputs: [String: Tensor]) -> Bool {
    loaded.inputs.allSatisfy { port in inputs[port.name].map { $0.type == port.type } ?? true }
  }

  /// A plan compiled for some inputs serves others of the same shapes, when no value was compiled into it.
  private func fits(_ a: [String: Tensor], _ b: [String: Tensor]) -> Bool {
    a.count == b.count
      && a.allSatisfy { name, tensor in tensor == b[name] || (tensor.element.isFloat && tensor.type == b[name]?.type) }
  }

  /// Compiles for the data's shapes; inputs that must be known when compiling take the data's values.
  private func open(_ inputs: [String: Tensor], _ options: CompileOptions) throws -> (LoadedModel, Set<String>) {
    var options = options
    guard Engine.isOnnx(model) else { return (try Engine.open(model, options: options), []) }
    for (name, tensor) in inputs { options.importing.inputShapes[name] = tensor.shape.dimensions }
    var bound: Set<String> = []
    while true {
      do {
        return (try Engine.open(model, options: options), bound)
      } catch let error as UncompilableModel {
        let needed = Set(error.problems.flatMap(\.neededConstants)).subtracting(bound)
        guard !needed.isEmpty, needed.allSatisfy({ inputs[$0] != nil }) else { throw error }
        for name in needed {
          options.importing.constants[name] = inputs[name]
          options.importing.inputShapes[name] = nil
        }
        bound.formUnion(needed)
      }
    }
  }

  private func compare(_ outputs: [Tensor], _ set: TestDataSet, _ loaded: LoadedModel, _ outcome: inout Outcome) {
    compare(outputs, loaded, set.name, &outcome) { set.outputs.tensor($1, at: $0) }
  }

  /// Compares outputs with what is expected of each, by position and name; nil: not known.
  func compare(
    _ outputs: [Tensor], _ loaded: LoadedModel, _ name: String, _ outcome: inout Outcome,
    _ expectation: (Int, String) -> Tensor?
  ) {
    outcome.cases += 1
    var failures: [String] = []
    for (k, (port, found)) in zip(loaded.outputs, outputs).enumerated() {
      guard let expected = expectation(k, port.name) else { continue }
      guard expected.shape == found.shape, expected.element == found.element else {
        failures.append("output '\(port.name)' is \(found.type), expected \(expected.type)")
        continue
      }
      let difference = TensorDifference(
        reference: expected, candidate: found, relativeTolerance: relativeTolerance,
        absoluteTolerance: absoluteTolerance)
      outcome.maxAbsolute = max(outcome.maxAbsolute, difference.maxAbsolute)
      outcome.maxRelative = max(outcome.maxRelative, difference.maxRelative)
      if difference.outside > 0 {
        failures.append(
          "output '\(port.name)': \(difference.outside) of \(difference.count) elements differ, max absolute error \(short(difference.maxAbsolute))"
        )
      }
    }
    guard !failures.isEmpty else { return }
    outcome.failed += 1
    outcome.lines += failures.map { "\(name): \($0)" }
  }
}

/// Four significant digits.
func short(_ value: Double) -> String { String(format: "%.4g", value) }
