import DLCOnnx

/// The table of supported ONNX operators.
package enum OperatorSupport {
  /// The table as Markdown: operator, the first opset of each version that the importer tells apart, and what it refuses.
  package static var markdown: String {
    var text = """
      # Supported ONNX operators

      Made by `dlc support-table`; a test compares it. Models of opset \(SupportedOperators.oldestOpset) to \(SupportedOperators.newestOpset) are read. "Versions" are the opsets from
      which the importer treats the operator differently; each holds up to the next one.

      For all operators: inputs that decide a shape, or that older opsets had as attributes (axes, pads, k, bounds), must be known
      when compiling, and element types are those of the kernels: f32, f64, f16 and bf16 (computed as f32), bool, and integers of 8 to
      64 bits where ONNX allows them; no strings, complex numbers, float8 and types below 8 bits. `dlc check MODEL` says for a given
      model what is missing.

      | operator | versions | restrictions |
      |---|---|---|

      """
    for entry in SupportedOperators.all {
      let name = entry.domain.isEmpty ? entry.name : "\(entry.domain).\(entry.name)"
      text += "| \(name) | \(entry.since.map(String.init).joined(separator: ", ")) | \(entry.restriction) |\n"
    }
    return text
  }
}
