import DLCOnnx

/// The table of supported ONNX operators.
package enum OperatorSupport {
  /// The table as Markdown: operator and the first opset of each version that the importer tells apart.
  package static var markdown: String {
    var text = """
      # Supported ONNX operators

      Made by `dlc support-table`; a test compares it. "Versions" are the opsets from which the importer treats the
      operator differently; each holds up to the next one, the last up to opset \(SupportedOperators.newestOpset). Element types are those of the kernels: \
      `dlc check MODEL` says for a given model what is missing.

      | operator | versions |
      |---|---|

      """
    for entry in SupportedOperators.all {
      let name = entry.domain.isEmpty ? entry.name : "\(entry.domain).\(entry.name)"
      text += "| \(name) | \(entry.since.map(String.init).joined(separator: ", ")) |\n"
    }
    return text
  }
}
