/// What the importer translates, for tables and messages.
package enum SupportedOperators {
  /// One operator of the table.
  package struct Entry {
    /// Domain; "" is the standard one.
    package var domain: String
    package var name: String
    /// The opsets from which versions differ, ascending.
    package var since: [Int]
    /// What of the operator is refused, beyond the limits that hold for all; empty when nothing.
    package var restriction: String
  }

  /// The newest opset of the standard domain that is read.
  package static let newestOpset = MappingTable.newestOpset
  /// The oldest opset of the standard domain that is read.
  package static let oldestOpset = 6

  /// Sorted by domain and name.
  package static var all: [Entry] {
    let entries = MappingTable.standard.entries + [("", "If", [1])]
    return entries.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { domain, name, since in
      Entry(domain: domain, name: name, since: since, restriction: restrictions[name] ?? "")
    }
  }

  /// Beyond the rule for all operators that inputs which decide a shape are known when compiling.
  private static let restrictions: [String: String] = {
    let lists = "number of elements known when compiling; no sequence as input or output of the model"
    var table = [
      "Attention": "bf16 results are rounded once, not after every inner step (up to 2 ulp apart)",
      "Compress": "condition known when compiling",
      "DFT": "parts that are 0 in exact arithmetic come out as rounding error",
      "Dropout": "inference only",
      "If": "condition known when compiling",
      "NonZero": "input known when compiling",
      "OptionalGetElement": "no optional as input of the model",
      "OptionalHasElement": "no optional as input of the model",
      "TopK": "no u64",
      "Unique": "input known when compiling",
    ]
    for name in ["At", "Construct", "Empty", "Erase", "Insert", "Length"] { table["Sequence" + name] = lists }
    for name in ["ConcatFromSequence", "SplitToSequence"] { table[name] = lists }
    return table
  }()

  /// Operators that a restriction names and the table lacks; a test keeps it empty.
  static var strayRestrictions: [String] {
    let names = Set(all.map(\.name))
    return restrictions.keys.filter { !names.contains($0) }.sorted()
  }
}
