/// Each layer's part in a candidate's error.
package struct LayerAttributionResult {
  /// One compared layer.
  package struct Layer {
    package var name: String
    package var mnemonic: String
    /// Signal to noise in dB: of everything up to here, and of the error that arises here.
    package var cumulativeSQNR: Double
    package var ownSQNR: Double
    /// What this layer's own error alone does to the outputs, over the sum of all layers: 0 to 1.
    package var share: Double
    /// A word for scripts, what was seen, and what helps; nil for a layer without error.
    package var cause: String?
    package var explanation: String?
    package var remedy: String?
  }

  /// By share, largest first.
  package var layers: [Layer]

  init(_ errors: [LayerError]) {
    let total = errors.reduce(0) { $0 + $1.outputNoise }
    layers = errors.enumerated().map { position, error in
      let cause = LayerCause(error)
      return (
        position,
        Layer(
          name: error.name, mnemonic: error.mnemonic, cumulativeSQNR: error.cumulativeSQNR, ownSQNR: error.ownSQNR,
          share: total > 0 ? error.outputNoise / total : 0, cause: cause?.name, explanation: cause?.explanation,
          remedy: cause?.remedy)
      )
    }.sorted { ($1.1.share, $0.0) < ($0.1.share, $1.0) }.map(\.1)
  }

  package var json: JSONValue {
    .array(
      layers.map { layer in
        .object([
          ("name", .string(layer.name)), ("operator", .string(layer.mnemonic)),
          ("sqnr_db", .number(layer.cumulativeSQNR)), ("own_sqnr_db", .number(layer.ownSQNR)),
          ("share", .number(layer.share)), ("cause", layer.cause.map { .string($0) } ?? .null),
          ("explanation", layer.explanation.map { .string($0) } ?? .null),
          ("remedy", layer.remedy.map { .string($0) } ?? .null),
        ])
      })
  }

  /// A table of all layers, then the causes of those that matter.
  package var lines: [String] {
    let rows =
      [["layer", "operator", "share %", "own SQNR dB", "SQNR dB so far", "cause"]]
      + layers.map {
        [
          $0.name, $0.mnemonic, short($0.share * 100), short($0.ownSQNR), short($0.cumulativeSQNR), $0.cause ?? "-",
        ]
      }
    let advice = layers.prefix(3).compactMap { layer -> String? in
      guard let cause = layer.cause, let explanation = layer.explanation, let remedy = layer.remedy, layer.share > 0.05
      else { return nil }
      return "\(layer.name): \(cause): \(explanation). Try: \(remedy)."
    }
    return Listing.table(rows, numeric: [2, 3, 4]) + advice
  }
}
