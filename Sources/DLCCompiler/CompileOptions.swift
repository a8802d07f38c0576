import DLCOnnx

/// How a model is compiled.
package struct CompileOptions: Sendable {
  package var importing = ImportOptions()
  /// Optimization level 0, 1 or 2.
  package var level = 2
  /// Number of optional patches to apply; nil for all.
  package var stopAfter: Int?
  /// Folder that receives the graph after every pass that changed it.
  package var dumpFolder: String?
  /// Refuse a plan beyond these, in bytes.
  package var maxPlanBytes: Int?
  package var maxArenaBytes: Int?
  /// How the model was quantized, as text for the plan's provenance.
  package var quantization: String?
  /// Whether activations of integer weights are quantized when run; part of `quantization`'s text.
  package var quantizesDynamically = false
  /// From pixels to inputs, as canonical JSON text that the plan keeps.
  package var preprocessing: String?

  package init() {}

  /// The options as one line, recorded in the plan: what has to be repeated to get the same bytes.
  package var provenance: String {
    var words = ["-O\(level)"]
    if let stopAfter { words.append("--stop-after \(stopAfter)") }
    words += importing.dimensions.sorted { $0.key < $1.key }.map { "--dim \($0.key)=\($0.value)" }
    words += importing.inputShapes.sorted { $0.key < $1.key }.map {
      "--input \($0.key)=" + $0.value.map(String.init).joined(separator: ",")
    }
    words += importing.constants.keys.sorted().map { "--constant \($0)" }
    if let quantization { words.append(quantization) }
    return words.joined(separator: " ")
  }
}
