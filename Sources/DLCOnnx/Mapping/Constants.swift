import DLCGraph
import DLCOperators
import DLCTensor

/// Operators whose result is known when the model is compiled.
let constantMappings: [OperatorMapping] = [
  OperatorMapping("Constant") { (c: inout NodeContext) throws(MappingError) in
    if let tensor = try c.tensor("value") { return [c.addConstant(tensor)] }
    if let number = try c.float("value_float") { return [c.addConstant(Tensor(number))] }
    if let number = try c.int("value_int") { return [c.addConstant(Tensor(Int64(number)))] }
    if let numbers = try c.floats("value_floats") { return [c.addConstant(Tensor(numbers, shape: [numbers.count]))] }
    if let numbers = try c.ints("value_ints") {
      return [c.addConstant(Tensor(numbers.map { Int64($0) }, shape: [numbers.count]))]
    }
    if let tensor = try c.sparseTensor("sparse_value") { return [c.addConstant(tensor)] }
    throw MappingError(
      "it holds no numeric value", advice: "Strings are not supported.")
  },
  OperatorMapping("ConstantOfShape", since: 9) { (c: inout NodeContext) throws(MappingError) in
    let extents = try c.integers(0, "shape") ?? []
    guard let shape = Shape(checking: extents) else { throw MappingError("shape \(extents) is impossible") }
    let value = try c.tensor("value") ?? Tensor(Float(0))
    guard value.count == 1 else { throw MappingError("attribute 'value' must hold one element, found \(value.type)") }
    let scalar = c.addConstant(value.reshaped(to: .scalar))
    return try [c.emit(Expand(shape: shape), scalar)]
  },
  OperatorMapping("Range", since: 11) { (c: inout NodeContext) throws(MappingError) in
    c.ignore("stash_type")  // elements are computed in double precision
    let element = try c.element(of: c.input(0))
    guard let start = try c.number(0, "start"), let limit = try c.number(1, "limit"),
      let delta = try c.number(2, "delta"),
      delta != 0
    else { throw MappingError("start, limit and delta must be numbers and delta not zero") }
    let count = max(0, ((limit - start) / delta).rounded(.up))
    guard count <= Double(NodeContext.tableLimit) else {
      throw MappingError("it has \(count) elements; at most \(NodeContext.tableLimit) are supported")
    }
    let values = (0..<Int(count)).map { (k: Int) -> Double in start + Double(k) * delta }
    return [c.addConstant(Tensor(doubles: values, type: TensorType(element, [values.count])))]
  },
  OperatorMapping("EyeLike", since: 9) { (c: inout NodeContext) throws(MappingError) in
    let x = try c.input(0)
    let shape = c.shape(of: x)
    guard shape.rank == 2, shape.count <= NodeContext.tableLimit else {
      throw MappingError("x must be a matrix of moderate size, found \(shape)")
    }
    let element = try c.elementType("dtype") ?? c.element(of: x)
    let diagonal = try c.int("k", default: 0)
    let (rows, columns) = (shape[0], shape[1])
    let values = (0..<rows * columns).map { $0 % columns == $0 / columns &+ diagonal ? 1.0 : 0 }
    return [c.addConstant(Tensor(doubles: values, type: TensorType(element, shape)))]
  },
]
