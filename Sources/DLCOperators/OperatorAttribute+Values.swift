import DLCGraph
import DLCTensor

extension OperatorAttribute {
  /// A list of integers, printed `1x2x3`; `-` when empty.
  init(_ name: String, list: [Int]) {
    self.init(name, list.isEmpty ? "-" : list.map(String.init).joined(separator: "x"))
  }
}

extension String {
  /// `lessEqual` as `less_equal`.
  var snakeCase: String {
    reduce(into: "") { text, character in
      if character.isUppercase { text += "_" }
      text += character.lowercased()
    }
  }
}
