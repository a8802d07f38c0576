import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Functions of real numbers with a derivative, and a range on which it is checked clear of kinks.
private let smooth: [(Function, ClosedRange<Double>)] = [
  (.identity, -2...2), (.relu, -2...2), (.clip(low: -1, high: 1.25), -2...2), (.leakyRelu(slope: 0.1), -2...2),
  (.sigmoid, -3...3), (.tanh, -2...2), (.silu(alpha: 1.5), -3...3), (.hardSigmoid(alpha: 0.25, beta: 0.5), -4...4),
  (.hardSwish, -5...5), (.gelu, -3...3), (.geluTanh, -3...3), (.elu(alpha: 0.5), -2...2),
  (.selu(alpha: 1.5, gamma: 1.25), -2...2), (.celu(alpha: 2), -2...2), (.softplus, -3...3), (.softsign, -2...2),
  (.mish, -3...3), (.thresholdedRelu(alpha: 0.5), -2...2), (.shrink(bias: 0.25, lambda: 0.5), -2...2),
  (.abs, -2...2), (.negate, -2...2), (.reciprocal, 0.5...2), (.sqrt, 0.5...2), (.rsqrt, 0.5...2), (.exp, -2...2),
  (.log, 0.5...3), (.sin, -3...3), (.cos, -3...3), (.tan, -1...1), (.asin, -0.9...0.9), (.acos, -0.9...0.9),
  (.atan, -2...2), (.sinh, -2...2), (.cosh, -2...2), (.asinh, -2...2), (.acosh, 1.5...3), (.atanh, -0.9...0.9),
  (.erf, -2...2), (.square, -2...2),
]

/// Functions that jump.
private let steps: [Function] = [.ceil, .floor, .round, .sign]

@Suite struct UnaryTests {
  @Test func evaluatesByHand() throws {
    let cases: [(Function, Double, Double)] = [
      (.relu, -1, 0), (.clip(low: -1, high: 1), 3, 1), (.leakyRelu(slope: 0.5), -2, -1), (.sigmoid, 0, 0.5),
      (.hardSwish, 1, 4.0 / 6), (.hardSigmoid(alpha: 0.5, beta: 0.25), 1, 0.75), (.gelu, 1, 0.8413447460685429),
      (.geluTanh, 1, 0.8411919906082768), (.elu(alpha: 2), -1, -1.2642411176571153), (.softplus, 0, 0.6931471805599453),
      (.softsign, -1, -0.5), (.mish, 1, 0.8650983882673103), (.thresholdedRelu(alpha: 2), 2, 0),
      (.shrink(bias: 0.5, lambda: 1), -2, -1.5), (.round, 2.5, 2), (.sign, -3, -1), (.rsqrt, 4, 0.5),
      (.selu(alpha: 2, gamma: 3), -1, -3.7927233529713459), (.celu(alpha: 2), -1, -0.7869386805747332),
      (.silu(alpha: 1), 1, 0.7310585786300049), (.square, -3, 9), (.erf, 1, 0.8427007929497149),
    ]
    for (function, x, y) in cases {
      let found = try Unary(function).evaluate([tensor(.float64, [1], [x])])[0].doubles()[0]
      #expect(abs(found - y) < 1e-12, "\(function.name)")
    }
  }

  @Test func integersStayExact() throws {
    let x = Tensor([Int64.max, Int64.min, -3], shape: [3])
    #expect(try Unary(.abs).evaluate([x])[0] == Tensor([Int64.max, Int64.min, 3], shape: [3]))
    #expect(try Unary(.bitwiseNot).evaluate([x])[0] == Tensor([Int64.min, Int64.max, 2], shape: [3]))
    #expect(try Unary(.relu).evaluate([x])[0] == Tensor([Int64.max, 0, 0], shape: [3]))
    #expect(try Unary(.clip(low: -2, high: 2)).evaluate([x])[0] == Tensor([Int64(2), -2, -2], shape: [3]))
    #expect(try Unary(.not).evaluate([tensor(.bool, [2], [0, 1])])[0] == tensor(.bool, [2], [1, 0]))
  }

  @Test func testsGiveBool() throws {
    let x = Tensor([Float.nan, .infinity, -.infinity, 1], shape: [4])
    #expect(try Unary(.isNaN).evaluate([x])[0] == tensor(.bool, [4], [1, 0, 0, 0]))
    #expect(
      try Unary(.isInfinite(negative: false, positive: true)).evaluate([x])[0] == tensor(.bool, [4], [0, 1, 0, 0]))
  }

  @Test func refusesOtherTypes() {
    #expect(throws: OperatorError("expected x of bool, found f32[2]")) {
      try Unary(.not).infer([TensorType(.float32, [2])])
    }
    #expect(throws: OperatorError("expected 1 inputs (x), found 0")) { try Unary(.relu).infer([]) }
    #expect(throws: OperatorError("expected x of f32, f64, f16, bf16, found i32[2]")) {
      try Unary(.exp).infer([TensorType(.int32, [2])])
    }
  }

  @Test func gradientsMatchDifferences() throws {
    for (k, (function, range)) in smooth.enumerated() {
      let x = random(.float64, [7], range.lowerBound, range.upperBound, seed: UInt64(k + 1))
      try checkGradient(Unary(function), [x])
    }
    for function in steps {
      guard case .undefined = Unary(function).gradient else {
        Issue.record("\(function.name) has a gradient")
        continue
      }
    }
  }

  @Test func kernelsAgree() throws {
    for (k, (function, range)) in smooth.enumerated() {
      let x = random(.float32, [3, 37], range.lowerBound, range.upperBound, seed: UInt64(k + 1))
      try checkLowered(Unary(function), [x], tolerance: 2e-6)
      try checkLowered(Unary(function), [x.cast(to: .float64)], tolerance: 1e-12)
    }
    for function in steps { try checkLowered(Unary(function), [random(.float32, [5, 5])]) }
    for element in [ElementType.int8, .uint8, .int32, .int64] {
      for function in [Function.relu, .abs, .square, .bitwiseNot, .clip(low: 1, high: 9)] {
        try checkLowered(Unary(function), [random(element, [33], 0, 100)])
      }
    }
    try checkLowered(Unary(.not), [tensor(.bool, [3], [1, 0, 1])])
    try checkLowered(Unary(.isInfinite(negative: true, positive: false)), [Tensor([-Float.infinity, 1], shape: [2])])
  }

  @Test func permutes() throws { try checkPermuted(Unary(.tanh), [random(.float32, [2, 3, 4])], by: [2, 0, 1]) }
}

private let arithmetic: [Binary.Kind] = [
  .add, .subtract, .multiply, .divide, .power, .minimum, .maximum, .modulo, .remainder, .prelu,
]
private let comparisons: [Binary.Kind] = [.equal, .less, .lessEqual, .greater, .greaterEqual]
private let bitwise: [Binary.Kind] = [.and, .or, .xor]

@Suite struct BinaryTests {
  @Test func evaluatesByHand() throws {
    let cases: [(Binary.Kind, Double, Double, Double)] = [
      (.modulo, -7, 3, 2), (.remainder, -7, 3, -1), (.modulo, 7, -3, -2), (.prelu, -2, 0.25, -0.5),
      (.power, 2, 10, 1024),
      (.maximum, -1, 2, 2), (.divide, 1, 4, 0.25),
    ]
    for (kind, a, b, y) in cases {
      let found = try Binary(kind).evaluate([tensor(.float32, [], [a]), tensor(.float32, [1], [b])])[0]
      #expect(found == tensor(.float32, [1], [y]), "\(kind)")
    }
  }

  @Test func integersWrapAndNeverTrap() throws {
    let a = Tensor([Int32.min, 7, -7, 1], shape: [4])
    let b = Tensor([Int32(-1), 0, 3, 40], shape: [4])
    let expected: [Binary.Kind: [Int32]] = [
      .divide: [Int32.min, 0, -2, 0], .modulo: [0, 0, 2, 1], .remainder: [0, 0, -1, 1],
      .add: [Int32.max, 7, -4, 41], .shiftLeft: [0, 7, -56, 0], .power: [0, 1, -343, 1],
    ]
    for (kind, values) in expected {
      #expect(try Binary(kind).evaluate([a, b])[0] == Tensor(values, shape: [4]), "\(kind)")
    }
  }

  @Test func broadcasts() throws {
    let y = try Binary(.add).evaluate([tensor(.float32, [2, 1], [10, 20]), tensor(.float32, [3], [1, 2, 3])])[0]
    #expect(y == tensor(.float32, [2, 3], [11, 12, 13, 21, 22, 23]))
  }

  @Test func refusesMisfits() {
    let refusals: [(Binary, [TensorType], String)] = [
      (
        Binary(.add), [TensorType(.float32, [2]), TensorType(.float64, [2])],
        "expected a and b of one element type, found f32[2] and f64[2]"
      ),
      (
        Binary(.add), [TensorType(.float32, [2]), TensorType(.float32, [3])],
        "expected shapes that broadcast, found [2] and [3]"
      ),
      (
        Binary(.shiftLeft), [TensorType(.float32, [2]), TensorType(.float32, [2])],
        "expected a of i8, i16, i32, i64, u8, u16, u32, u64, found f32[2]"
      ),
      (
        Binary(.add, then: .relu), [TensorType(.int32, [2]), TensorType(.int32, [2])],
        "expected f32 to fuse relu, found i32[2]"
      ),
      (
        Binary(.add, then: .exp), [TensorType(.float32, [2]), TensorType(.float32, [2])],
        "expected a function that can be fused, found exp"
      ),
    ]
    for (op, inputs, text) in refusals {
      #expect(throws: OperatorError(text)) { try op.infer(inputs) }
    }
  }

  @Test func gradientsMatchDifferences() throws {
    for kind in arithmetic {
      let low = kind == .power ? 0.5 : -2.0
      let a = random(.float64, [2, 3, 2], low, 2, seed: 3)
      let b = random(.float64, [3, 1], 0.6, 1.7, seed: 9)
      try checkGradient(Binary(kind), [a, b])
      try checkGradient(Binary(kind), [b, a.permuted(by: [0, 1, 2])].map { Unary.positive($0) })
    }
    try checkGradient(Binary(.power), [random(.float64, [4], 0.5, 2), tensor(.int32, [4], [2, 3, 0, -1])])
  }

  @Test func kernelsAgree() throws {
    for kind in arithmetic + comparisons {
      let low = kind == .power ? 0.25 : -2.0
      for shapes in [([3, 37], [3, 37]), ([3, 37], [37]), ([3, 37], []), ([2, 1, 5], [4, 1]), ([37], [3, 37])] {
        let inputs = [random(.float32, shapes.0, low, 2, seed: 4), random(.float32, shapes.1, 0.5, 2, seed: 5)]
        try checkLowered(Binary(kind), inputs, tolerance: 2e-6)
        try checkLowered(Binary(kind), inputs.map { $0.cast(to: .float64) }, tolerance: 1e-12)
        if kind != .power { try checkLowered(Binary(kind), inputs.map { $0.cast(to: .int32) }) }
      }
    }
    try checkLowered(Binary(.add, then: .relu), [random(.float32, [4, 9]), random(.float32, [9], seed: 2)])
    for kind in bitwise {
      try checkLowered(Binary(kind), [random(.bool, [8], -1, 1), tensor(.bool, [8], [0, 1, 0, 1, 0, 1, 0, 1])])
      try checkLowered(Binary(kind), [random(.uint8, [9], 0, 255), random(.uint8, [9], 0, 255, seed: 2)])
    }
    try checkLowered(Binary(.power), [random(.int32, [6], -5, 5), tensor(.int64, [6], [0, 1, 2, 3, 4, -1])])
  }

  @Test func permutes() throws {
    try checkPermuted(
      Binary(.subtract), [random(.float32, [2, 3, 4]), random(.float32, [1, 3, 1], seed: 2)], by: [2, 0, 1])
    try checkPermuted(Binary(.multiply), [random(.float32, [2, 3]), random(.float32, [])], by: [1, 0])
    #expect(
      Binary(.add).permuted(by: [1, 0], inputs: [TensorType(.float32, [2, 3]), TensorType(.float32, [3])]) == nil)
  }
}

extension Unary {
  /// |x| + 1/2: values for which every binary operator has a derivative.
  fileprivate static func positive(_ x: Tensor) -> Tensor {
    Tensor(doubles: x.doubles().map { abs($0) + 0.5 }, type: x.type)
  }
}

@Suite struct SelectAndCastTests {
  private let condition = tensor(.bool, [2, 1], [1, 0])

  @Test func selectsWithBroadcasting() throws {
    let a = tensor(.int16, [3], [1, 2, 3])
    #expect(
      try Select().evaluate([condition, a, tensor(.int16, [], [9])])[0] == tensor(.int16, [2, 3], [1, 2, 3, 9, 9, 9]))
    try checkGradient(Select(), [condition, random(.float64, [3]), random(.float64, [2, 3], seed: 2)])
    try checkLowered(Select(), [condition, random(.float32, [3]), random(.float32, [2, 3], seed: 2)])
    try checkLowered(
      Select(), [random(.bool, [5, 7], -1, 1), random(.int64, [5, 7]), random(.int64, [5, 7], seed: 2)])
    try checkPermuted(
      Select(), [condition, random(.float32, [2, 3]), random(.float32, [1, 3], seed: 2)], by: [1, 0])
    #expect(throws: OperatorError("expected condition of bool, found f32[1]")) {
      try Select().infer([TensorType(.float32, [1]), TensorType(.float32, [1]), TensorType(.float32, [1])])
    }
  }

  @Test func castsAsOnnxDoes() throws {
    let x = Tensor([Float(-1.75), 300, .nan, 0], shape: [4])
    #expect(try Cast(to: .int32).evaluate([x])[0] == Tensor([Int32(-1), 300, 0, 0], shape: [4]))
    #expect(try Cast(to: .bool).evaluate([x])[0] == tensor(.bool, [4], [1, 1, 1, 0]))
    for element in ElementType.allCases {
      try checkLowered(Cast(to: element), [random(.float32, [3, 5], 0, 100)])
      try checkLowered(Cast(to: .float32), [random(element, [3, 5], 0, 100)])
    }
    try checkGradient(Cast(to: .float64), [random(.float64, [4])])
    try checkPermuted(Cast(to: .int32), [random(.float32, [2, 3])], by: [1, 0])
  }
}
