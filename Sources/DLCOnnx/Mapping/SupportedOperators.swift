/// What the importer translates, for tables and messages.
package enum SupportedOperators {
  /// The newest opset of the standard domain that is read.
  package static let newestOpset = MappingTable.newestOpset

  /// Domain ("" is the standard one), name, and the opsets from which versions differ, sorted by domain and name.
  package static var all: [(domain: String, name: String, since: [Int])] {
    MappingTable.standard.entries + [("", "If", [1])]
  }
}
