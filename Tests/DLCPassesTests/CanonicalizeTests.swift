import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCPasses

@Suite struct CanonicalizeTests {
  private func check(
    after: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ build: (inout TestModel, ValueID) throws -> ValueID
  ) throws {
    var model = TestModel()
    let x = try model.add(Unary(.exp), model.input([1, 4, 2, 3]))
    let y = try build(&model, x)
    model.output(try model.add(Unary(.sin), y))
    let result = try optimized(model.graph, [.removeDead, .canonicalize], sourceLocation: sourceLocation)
    let middle = result.outline.split(separator: "\n").dropFirst().dropLast(2).joined(separator: "\n")
    #expect(middle == after, sourceLocation: sourceLocation)
  }

  @Test func removesIdentities() throws {
    try check(after: "") { m, x in try m.add(Cast(to: .float32), x) }
    try check(after: "") { m, x in try m.add(Transpose(permutation: [0, 1, 2, 3]), x) }
    try check(after: "") { m, x in try m.add(Reshape(shape: [1, 4, 2, 3]), x) }
    try check(after: "") { m, x in
      try m.add(Slice(starts: [0, 0, 0, 0], counts: [1, 4, 2, 3], steps: [1, 1, 1, 1]), x)
    }
    try check(after: "") { m, x in try m.add(Pad(.constant, before: [0, 0, 0, 0], after: [0, 0, 0, 0]), x) }
    try check(after: "") { m, x in try m.add(Expand(shape: [1, 4, 2, 3]), x) }
    try check(after: "") { m, x in try m.add(Tile(repeats: [1, 1, 1, 1]), x) }
    try check(after: "") { m, x in try m.add(Concatenate(axis: 1), x) }
    try check(after: "") { m, x in try m.add(Unary(.identity), x) }
    try check(after: "") { m, x in try m.add(Pool(.maximum, window: .square(1)), x) }
    try check(after: "") { m, x in try m.add(Binary(.multiply), m.constant([1]), x) }
    try check(after: "") { m, x in try m.add(Binary(.add), x, m.constant([0, 0, 0, 0], [4, 1, 1])) }
    try check(after: "") { m, x in try m.add(Binary(.subtract), x, m.constant([0])) }
    try check(after: "") { m, x in try m.add(Binary(.divide), x, m.constant([1])) }
    try check(after: "") { m, x in try m.add(Binary(.power), x, m.constant([1])) }
  }

  @Test func keepsWhatOnlyLooksLikeAnIdentity() throws {
    try check(after: "%1 = slice(%0)") { m, x in
      try m.add(Slice(starts: [0, 3, 0, 0], counts: [1, 4, 2, 3], steps: [1, -1, 1, 1]), x)
    }
    // Broadcasting the constant makes the result larger than x.
    try check(after: "%1 = multiply(%0, c[5,1,1,1])") { m, x in
      try m.add(Binary(.multiply), x, m.constant([1, 1, 1, 1, 1], [5, 1, 1, 1]))
    }
    try check(after: "%1 = subtract(1.0, %0)") { m, x in try m.add(Binary(.subtract), m.constant([1]), x) }
    try check(after: "%1 = divide(%0, 3.0)") { m, x in try m.add(Binary(.divide), x, m.constant([3])) }
  }

  @Test func mergesPairs() throws {
    try check(after: "%1 = transpose(%0) [0,3,1,2]") { m, x in
      try m.add(Transpose(permutation: [0, 2, 3, 1]), m.add(Transpose(permutation: [0, 2, 3, 1]), x))
    }
    try check(after: "%1 = reshape(%0) [8,3]") { m, x in
      try m.add(Reshape(shape: [8, 3]), m.add(Reshape(shape: [4, 6]), x))
    }
    try check(after: "%1 = slice(%0)") { m, x in
      let first = try m.add(Slice(starts: [0, 3, 0, 1], counts: [1, 2, 2, 2], steps: [1, -2, 1, 1]), x)
      return try m.add(Slice(starts: [0, 1, 0, 1], counts: [1, 1, 2, 1], steps: [1, 1, 1, 1]), first)
    }
    try check(after: "%1 = concat(%0, %0, %0)") { m, x in
      try m.add(Concatenate(axis: 1), m.add(Concatenate(axis: 1), x, x), x)
    }
    try check(after: "%1 = relu(%0)") { m, x in try m.add(Unary(.relu), m.add(Unary(.relu), x)) }
    try check(after: "%1 = clip(%0)") { m, x in
      try m.add(Unary(.clip(low: -1, high: 6)), m.add(Unary(.relu), x))
    }
    try check(after: "") { m, x in try m.add(Unary(.negate), m.add(Unary(.negate), x)) }
  }

  @Test func givesOneSpelling() throws {
    try check(after: "%1 = reshape(%0) [4,1,2,3]") { m, x in try m.add(Transpose(permutation: [1, 0, 2, 3]), x) }
    try check(after: "%1 = square(%0)") { m, x in try m.add(Binary(.power), x, m.constant([2])) }
    try check(after: "%1 = square(%0)") { m, x in try m.add(Binary(.multiply), x, x) }
    try check(after: "%1 = sqrt(%0)") { m, x in try m.add(Binary(.power), x, m.constant([0.5])) }
    try check(after: "%1 = multiply(%0, 0.25)") { m, x in try m.add(Binary(.divide), x, m.constant([4])) }
    try check(after: "%1 = relu(%0)") { m, x in try m.add(Binary(.maximum), m.constant([0]), x) }
    try check(after: "%1 = clip(%0)") { m, x in
      try m.add(Binary(.minimum), m.add(Binary(.maximum), x, m.constant([-1])), m.constant([1]))
    }
    try check(after: "%1 = add(%0, c[4,1,1])") { m, x in
      try m.add(Binary(.add), x, m.add(Expand(shape: [1, 4, 2, 3]), m.weights([4, 1, 1])))
    }
    try check(after: "%1 = reshape(%0) [4,2,3]") { m, x in try m.add(Reduce(.mean, axes: [0], keepsAxes: false), x) }
  }

  @Test func integersKeepTheirArithmetic() throws {
    var model = TestModel()
    let x = model.input([3], .int32)
    let quarter = try model.add(Binary(.divide), x, model.constant([4], [], .int32))
    model.output(try model.add(Binary(.multiply), quarter, quarter))
    let result = try optimized(model.graph, [.canonicalize])
    #expect(result.outline == model.graph.outline)
  }

  @Test func graphInputIsNeverMadeAnOutput() throws {
    var model = TestModel()
    model.output(try model.add(Unary(.identity), model.input([3])))
    #expect(try optimized(model.graph, [.canonicalize]).nodeCount == 1)
  }
}
