import DLCGraph

/// Why a node has no translation; the importer adds the node's name, operator and opset.
struct MappingError: Error {
  var reason: String
  var advice: String
  /// The value that would have to be a constant, by its name in the model.
  var neededConstant: String?

  init(_ reason: String, advice: String = "", neededConstant: String? = nil) {
    self.reason = reason
    self.advice = advice
    self.neededConstant = neededConstant
  }

  init(_ error: OperatorError) { self.init(error.reason) }
}
