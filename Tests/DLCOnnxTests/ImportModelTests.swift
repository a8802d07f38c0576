import DLCGraph
import DLCTensor
import Foundation
import Testing

@testable import DLCOnnx

/// Imports every model under the folders that `DLC_MODELS` names (colon between them); without it the suite is skipped.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DLC_MODELS"] != nil))
struct ImportModelTests {
  @Test func importsModels() throws {
    let folders = (ProcessInfo.processInfo.environment["DLC_MODELS"] ?? "").split(separator: ":").map(String.init)
    var imported = 0
    for folder in folders {
      for path in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() where path.hasSuffix(".onnx") {
        let model = try OnnxModel(path: folder + "/" + path)
        let outcome = Swift.Result { () throws(ImportError) in
          try Importer.run(model, file: path, options: bindings(model))
        }
        switch outcome {
        case .success(let result):
          #expect(result.graph.topologicalOrder() != nil)
          #expect(result.graph.outputs.count == model.graph.outputs.count)
          imported += 1
          if !result.notes.isEmpty { print("NOTES \(path): \(result.notes.joined(separator: " "))") }
        case .failure(let error):
          guard case .problems(_, let problems) = error else { throw error }
          print("REFUSED \(folder)/\(path):")
          for problem in Set(problems.map { "\($0.op): \($0)" }).sorted().prefix(4) { print("    \(problem)") }
        }
      }
    }
    print("IMPORTED \(imported)")
  }

  /// Every open axis becomes 1, but images and sequences something more: axes from the second on 64.
  private func bindings(_ model: OnnxModel) -> ImportOptions {
    var options = ImportOptions()
    let weights = Set(model.graph.initializers.map(\.name))
    for input in model.graph.inputs where !weights.contains(input.name) {
      guard case .tensor(_, let shape?) = input.type else { continue }
      options.inputShapes[input.name] = shape.enumerated().map { axis, dimension in
        if case .fixed(let extent) = dimension { extent } else { axis < 1 ? 1 : 64 }
      }
    }
    return options
  }
}
