import DLCCompiler
import DLCGraph
import DLCTensor

/// What a model holds.
package enum Inspection {
  package struct Outcome {
    package var lines: [String]
    package var json: JSONValue
    package var notes: [String]
  }

  /// Opens the model and lists ports, steps by kernel, work and memory.
  package static func run(_ path: String, options: CompileOptions) throws -> Outcome {
    let model = try Engine.open(path, options: options)
    let info = model.info
    let steps = try model.session(threads: 1).steps
    let integers = steps.count { integerKernels.contains($0.kernel) }
    var kernels: [String: (count: Int, macs: Int)] = [:]
    for step in steps {
      kernels[step.kernel, default: (0, 0)].count += 1
      kernels[step.kernel, default: (0, 0)].macs += step.macs
    }
    let ranked = kernels.sorted { ($0.value.macs, $0.value.count, $1.key) > ($1.value.macs, $1.value.count, $0.key) }
    var lines = [
      "\(path): \(String(cString: info.compiler)) from '\(String(cString: info.source))' (\(String(cString: info.source_hash))), options \(String(cString: info.options))"
    ]
    for (kind, ports) in [("input ", model.inputs), ("output", model.outputs)] {
      for port in ports {
        let declared = port.declared.isEmpty ? "" : "  declared [\(port.declared.joined(separator: ","))]"
        lines.append("\(kind) \(port)\(declared)")
      }
    }
    lines += [
      "parameters  \(Listing.grouped(info.weights_bytes)) bytes of weights, plan \(Listing.grouped(info.plan_bytes)) bytes",
      "memory      arena \(Listing.grouped(info.arena_bytes)) bytes (lower bound \(Listing.grouped(info.arena_lower_bound_bytes))), scratch \(Listing.grouped(info.scratch_bytes)) bytes per thread",
      "work        \(Listing.grouped(Int(clamping: info.macs))) MACs in \(steps.count) steps\(integers == 0 ? "" : ", \(integers) of them in integers")",
    ]
    let certificate = model.program.certificateEntry
    if certificate.present {
      let code =
        certificate.code_bytes == 0
        ? "" : ", code of its library \(Listing.grouped(Int(clamping: certificate.code_bytes))) bytes"
      lines.append("certificate stack at most \(Listing.grouped(Int(certificate.stack_bytes))) bytes\(code)")
    }
    let contract = model.contract
    if let contract { lines += contract.lines }
    if let text = model.preprocessingText { lines.append("preprocess  \(text)") }
    lines += Listing.table(
      [["kernel", "steps", "MACs"]] + ranked.map { [$0.key, String($0.value.count), Listing.grouped($0.value.macs)] },
      numeric: [1, 2])
    let json = JSONValue.object([
      ("inputs", ports(model.inputs)), ("outputs", ports(model.outputs)), ("plan_bytes", .integer(info.plan_bytes)),
      ("weights_bytes", .integer(info.weights_bytes)), ("arena_bytes", .integer(info.arena_bytes)),
      ("arena_lower_bound_bytes", .integer(info.arena_lower_bound_bytes)),
      ("scratch_bytes", .integer(info.scratch_bytes)), ("stack_bound_bytes", .integer(model.stackBound)),
      ("code_bytes", certificate.code_bytes == 0 ? .null : .integer(Int(clamping: certificate.code_bytes))),
      ("macs", .integer(Int(clamping: info.macs))), ("steps", .integer(steps.count)),
      ("quantized_operators", .integer(integers)),
      (
        "kernels",
        .array(
          ranked.map {
            .object([
              ("kernel", .string($0.key)), ("steps", .integer($0.value.count)), ("macs", .integer($0.value.macs)),
            ])
          })
      ),
      ("source", .string(String(cString: info.source))), ("source_hash", .string(String(cString: info.source_hash))),
      ("options", .string(String(cString: info.options))), ("compiler", .string(String(cString: info.compiler))),
      ("contract", contract?.json ?? .null),
      ("preprocessing", model.preprocessingText.map { .string($0) } ?? .null),
    ])
    return Outcome(lines: lines, json: json, notes: model.notes)
  }

  /// Kernel families that compute with integers that stand for real numbers.
  private static let integerKernels: Set<String> = [
    "qmatmul", "qconv", "qdwconv", "qconv_transpose", "lookup", "qbinary", "qpool", "qreduce", "qsoftmax",
  ]

  private static func ports(_ ports: [PortInfo]) -> JSONValue {
    .array(
      ports.map {
        .object(
          [
            ("name", .string($0.name)), ("type", .string($0.type.element.name)),
            ("shape", .array($0.type.shape.dimensions.map { .integer($0) })),
            ("declared", .array($0.declared.map { .string($0) })),
          ]
            + ($0.quantization.map { [("scale", .number(Double($0.scale))), ("zero", .integer(Int($0.zeroPoint)))] }
              ?? []))
      })
  }

  /// The optimized graph in Graphviz's language.
  package static func dot(_ path: String, options: CompileOptions) throws -> String {
    guard let graph = try Engine.open(path, options: options).compiled?.graph else {
      throw Failure(.usage, "--dot needs an .onnx model; '\(path)' is a plan.")
    }
    func quoted(_ text: String) -> String {
      "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    var text = "digraph model {\n  node [shape=box, fontname=\"sans-serif\"];\n"
    for port in graph.inputs {
      text += "  v\(port.value.index) [label=\(quoted("\(port.name) \(graph[port.value].type)")), shape=ellipse];\n"
    }
    for id in graph.topologicalOrder() ?? [] {
      let node = graph[id]
      let types = node.outputs.map { graph[$0].type.description }.joined(separator: ", ")
      text += "  n\(id.index) [label=\(quoted("\(node.op.mnemonic)\n\(types)"))];\n"
      for input in node.inputs where graph.constant(input) == nil {
        let source = graph[input].producer.map { "n\($0.index)" } ?? "v\(input.index)"
        text += "  \(source) -> n\(id.index);\n"
      }
    }
    for (k, port) in graph.outputs.enumerated() {
      text += "  o\(k) [label=\(quoted(port.name)), shape=ellipse];\n"
      if let producer = graph[port.value].producer { text += "  n\(producer.index) -> o\(k);\n" }
    }
    return text + "}"
  }
}
