import DLCTensor
import Foundation

/// An output in one line or one JSON object.
package enum OutputSummary {
  /// `probabilities f32[1,10]: argmax 7 (0.9982), then 2 (0.0011), 3 (0.0003)`; other tensors: range and mean.
  package static func line(_ name: String, _ tensor: Tensor) -> String {
    let head = "\(name) \(tensor.type): "
    let values = tensor.doubles()
    guard !values.isEmpty else { return head + "empty" }
    if values.count == 1 { return head + format(values[0]) }
    if looksLikeScores(tensor) {
      let ranked = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(3)
      let entries = ranked.map { "\($0) (\(format(values[$0])))" }
      return head + "argmax \(entries[0])"
        + (entries.count > 1 ? ", then " + entries.dropFirst().joined(separator: ", ") : "")
    }
    let finite = values.filter(\.isFinite)
    let strange = finite.count < values.count ? ", \(values.count - finite.count) not finite" : ""
    let mean = finite.reduce(0, +) / Double(max(finite.count, 1))
    return head
      + "min \(format(finite.min() ?? .nan)), max \(format(finite.max() ?? .nan)), mean \(format(mean))\(strange)"
  }

  /// The outputs as JSON: name, type, shape, and for scores `argmax` and `score`.
  package static func json(_ outputs: [(name: String, tensor: Tensor)]) -> JSONValue {
    .object([
      (
        "outputs",
        .array(
          outputs.map { name, tensor in
            var members: [(String, JSONValue)] = [
              ("name", .string(name)), ("type", .string(tensor.element.name)),
              ("shape", .array(tensor.shape.dimensions.map { .integer($0) })),
            ]
            let values = tensor.doubles()
            if looksLikeScores(tensor), !values.isEmpty {
              let best = largest(values[...])
              members += [("argmax", .integer(best)), ("score", .number(values[best]))]
            }
            return .object(members)
          })
      )
    ])
  }

  /// One row of 2 to 100,000 floats: class scores.
  private static func looksLikeScores(_ tensor: Tensor) -> Bool {
    let rows = tensor.shape.dimensions.dropLast().reduce(1, *)
    return tensor.element.isFloat && rows == 1 && (2...100_000).contains(tensor.count)
  }

  private static func format(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e6 { return String(Int(value)) }
    return String(format: "%.4g", value)
  }
}
