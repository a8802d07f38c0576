import DLCGraph

/// How one version of an ONNX operator becomes IR.
struct OperatorMapping: Sendable {
  typealias Body = @Sendable (inout NodeContext) throws(MappingError) -> [ValueID?]

  var domain: String
  var name: String
  /// The opset in which this version of the operator begins; it holds up to the next row's.
  var since: Int
  /// Emits IR and gives the node's outputs in order; nil for an optional output that is not produced.
  var body: Body

  init(_ name: String, since: Int = 1, domain: String = "", _ body: @escaping Body) {
    self.domain = domain
    self.name = name
    self.since = since
    self.body = body
  }
}

/// All mappings by domain and name, versions ascending.
struct MappingTable: Sendable {
  /// The newest opset of the standard domain that the rows were written against.
  static let newestOpset = 28

  static let standard = MappingTable(
    elementwiseMappings + unaryMappings + contractionMappings + reductionMappings + poolingMappings
      + normalizationMappings + shapeMappings + movementMappings + indexingMappings + constantMappings
      + resizeMappings + decomposedMappings + listMappings + attentionMappings + sequenceMappings + spectralMappings
      + samplingMappings + unfoldingMappings + selectionMappings + quantizationMappings + microsoftMappings)

  private let rows: [String: [OperatorMapping]]

  init(_ mappings: [OperatorMapping]) {
    rows = Dictionary(grouping: mappings) { "\($0.domain):\($0.name)" }
      .mapValues { $0.sorted { $0.since < $1.since } }
  }

  /// The mapping of an operator as opset `version` defines it.
  func find(domain: String, name: String, version: Int) -> OperatorMapping? {
    rows["\(domain):\(name)"]?.last { $0.since <= version }
  }

  /// The oldest opset that has a mapping of an operator; nil when none has.
  func firstVersion(domain: String, name: String) -> Int? { rows["\(domain):\(name)"]?.first?.since }

  /// Domain, name and first opsets of every row, sorted: the support table.
  var entries: [(domain: String, name: String, since: [Int])] {
    rows.values.map { ($0[0].domain, $0[0].name, $0.map(\.since)) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
  }
}
