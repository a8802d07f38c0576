import Foundation

/// What quantization has divided channels of values by, to balance them, by the names of values and of the nodes that compute
/// them. Nothing is computed with it: it says which numbers of the model the quantized values stand for.
package struct ChannelScales: Sendable, Hashable {
  package var scales: [String: [Float]] = [:]

  package init(_ scales: [String: [Float]] = [:]) { self.scales = scales }

  /// The key under which ONNX files carry them, as a JSON object of arrays.
  private static let key = "dlc.channel_scales"

  /// What an ONNX file carries. A text that says nothing of the kind is passed over, for no answer depends on it.
  init(metadata: [String: String]) {
    guard let text = metadata[Self.key],
      let found = try? JSONDecoder().decode([String: [Float]].self, from: Data(text.utf8))
    else { return }
    scales = found.filter { $0.value.allSatisfy { $0.isFinite && $0 > 0 } }
  }

  /// As named texts of an ONNX file.
  package var metadata: [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard !scales.isEmpty, let text = try? encoder.encode(scales) else { return [:] }
    return [Self.key: String(decoding: text, as: UTF8.self)]
  }
}
