import DLCGraph
import DLCTensor
import Foundation
import GraphTestSupport
import Testing

@testable import DLCOnnx

/// ONNX's own node tests by reference evaluation; `DLC_NODE_TESTS` names their folder, without it the suite is skipped.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DLC_NODE_TESTS"] != nil))
struct ImportNodeTests {
  /// What came of one node test.
  enum Outcome {
    case agrees
    /// Import problems.
    case refused(String)
    /// The file or its test data cannot be read: sequences, strings, element types that tensors do not have.
    case unreadable(String)
    /// A wrong answer, or an evaluation that failed.
    case wrong(String)
  }

  @Test func agreesWithExpectedOutputs() throws {
    let environment = ProcessInfo.processInfo.environment
    let root = environment["DLC_NODE_TESTS"] ?? ""
    let filter = environment["DLC_NODE_FILTER"] ?? ""
    var counts: [String: [String: Int]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: root).sorted()
    where name.contains(filter) || filter.isEmpty {
      let folder = root + "/" + name
      guard FileManager.default.fileExists(atPath: folder + "/model.onnx") else { continue }
      if environment["DLC_NODE_TRACE"] != nil { print("BEGIN \(name)") }
      let kind = text(folder + "/class") ?? "?"
      let outcome = try check(folder)
      let label: String
      switch outcome {
      case .agrees: label = "agrees"
      case .refused(let reason):
        label = "refused"
        print("REFUSED [\(kind)] \(name): \(reason)")
      case .unreadable(let reason):
        label = "unreadable"
        print("UNREADABLE [\(kind)] \(name): \(reason)")
      case .wrong(let reason):
        label = "wrong"
        print("WRONG [\(kind)] \(name): \(reason)")
        Issue.record("\(name): \(reason)")
      }
      counts[kind, default: [:]][label, default: 0] += 1
    }
    for (kind, labels) in counts.sorted(by: { $0.key < $1.key }) {
      print(
        "CLASS \(kind): \(labels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
    }
  }

  private func text(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func check(_ folder: String) throws -> Outcome {
    let tolerances = (text(folder + "/tolerance") ?? "1e-3 1e-7").split(separator: " ").compactMap { Double($0) }
    let model: OnnxModel
    do { model = try OnnxModel(path: folder + "/model.onnx") } catch { return .unreadable("\(error)") }
    let inputs: [String: Tensor]
    let expected: [Tensor?]
    do {
      let tensors = try load(folder, "input", model.graph.inputs.count)
      inputs = Dictionary(
        zip(model.graph.inputs.map(\.name), tensors).compactMap { name, tensor in tensor.map { (name, $0) } }
      ) { $1 }
      expected = try load(folder, "output", model.graph.outputs.count)
    } catch { return .unreadable("\(error)") }

    let graph: Graph
    do { graph = try importBinding(model, inputs) } catch { return .refused("\(error)") }
    let results: [Tensor]
    do { results = try graph.evaluated(inputs) } catch { return .wrong("\(error)") }
    for (k, (result, wanted)) in zip(results, expected).enumerated() {
      guard let wanted else { continue }
      if let reason = difference(result, wanted, relative: tolerances[0], absolute: tolerances[1]) {
        return .wrong("output \(k): \(reason)")
      }
    }
    return .agrees
  }

  /// Imports with shapes of the test data, and as constants those inputs that a mapping asks for.
  private func importBinding(_ model: OnnxModel, _ inputs: [String: Tensor]) throws(ImportError) -> Graph {
    var options = ImportOptions()
    for (name, tensor) in inputs { options.inputShapes[name] = tensor.shape.dimensions }
    while true {
      do {
        return try Importer.run(model, file: "model.onnx", options: options).graph
      } catch .problems(let file, let problems) {
        let needed = Set(problems.flatMap(\.neededConstants)).filter {
          options.constants[$0] == nil && inputs[$0] != nil
        }
        guard !needed.isEmpty else { throw .problems(file: file, problems) }
        for name in needed {
          options.constants[name] = inputs[name]
          options.inputShapes[name] = nil
        }
      }
    }
  }

  private func load(_ folder: String, _ kind: String, _ count: Int) throws -> [Tensor?] {
    try (0..<count).map { k in
      let path = "\(folder)/test_data_set_0/\(kind)_\(k).pb"
      return FileManager.default.fileExists(atPath: path) ? try OnnxTensor(path: path).tensor() : nil
    }
  }

  private func difference(_ result: Tensor, _ wanted: Tensor, relative: Double, absolute: Double) -> String? {
    guard result.type == wanted.type else { return "\(result.type), expected \(wanted.type)" }
    // The expected values are themselves rounded: one unit in the last place of the largest is never an error.
    let unit: Double =
      switch wanted.element {
      case .bfloat16: 0x1p-7
      case .float16: 0x1p-10
      case .float32: 0x1p-23
      default: 0
      }
    let expected = wanted.doubles()
    let slack = absolute + unit * (expected.lazy.filter(\.isFinite).map(abs).max() ?? 0)
    for (k, (a, b)) in zip(result.doubles(), expected).enumerated() {
      if a == b || a.isNaN && b.isNaN { continue }
      guard abs(a - b) <= slack + relative * abs(b) else { return "element \(k) is \(a), expected \(b)" }
    }
    return nil
  }
}
