import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

@Suite struct ReduceTests {
  @Test func evaluatesByHand() throws {
    let x = tensor(.float64, [2, 2], [1, 2, 3, 4])
    let expected: [Reduce.Kind: [Double]] = [
      .sum: [4, 6], .mean: [2, 3], .maximum: [3, 4], .minimum: [1, 2], .product: [3, 8], .l1: [4, 6],
      .sumSquare: [10, 20], .l2: [3.1622776601683795, 4.47213595499958],
      .logSum: [1.3862943611198906, 1.791759469228055], .logSumExp: [3.126928011042972, 4.126928011042972],
    ]
    for (kind, values) in expected {
      let y = try Reduce(kind, axes: [0], keepsAxes: false).evaluate([x])[0]
      #expect(y.shape == [2])
      for (a, b) in zip(y.doubles(), values) { #expect(abs(a - b) < 1e-12, "\(kind)") }
    }
    #expect(
      try Reduce(.mean, axes: [0], keepsAxes: false).evaluate([tensor(.int32, [2], [-3, -4])])[0]
        == tensor(.int32, [], [-3]))
    #expect(
      try Reduce(.sum, axes: [0], keepsAxes: true).evaluate([Tensor([Int64.max, 1], shape: [2])])[0]
        == Tensor([Int64.min], shape: [1]))
    #expect(
      try Reduce(.maximum, axes: [0], keepsAxes: false).evaluate([tensor(.float32, [0, 2], [])])[0].doubles() == [
        -.infinity, -.infinity,
      ])
  }

  @Test func refusesMisfits() {
    let x = TensorType(.float32, [2, 3])
    let refusals: [([Int], String)] = [
      ([2], "expected an axis of 0..<2, found 2"), ([1, 0], "expected ascending axes, found [1, 0]"),
      ([-1], "expected an axis of 0..<2, found -1"),
    ]
    for (axes, text) in refusals {
      #expect(throws: OperatorError(text)) { try Reduce(.sum, axes: axes, keepsAxes: true).infer([x]) }
    }
  }

  @Test(arguments: [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2], []])
  func agreesEverywhere(axes: [Int]) throws {
    for kind in Reduce.Kind.allCases {
      for keeps in [true, false] {
        let op = Reduce(kind, axes: axes, keepsAxes: keeps)
        let low = kind == .logSum ? 0.5 : -2.0
        try checkGradient(op, [random(.float64, [2, 3, 4], low, 2)])
        try checkPermuted(op, [random(.float64, [2, 3, 4], low, 2)], by: [2, 0, 1])
        try checkLowered(op, [random(.float32, [3, 5, 17], low, 2)], tolerance: 1e-4)
        try checkLowered(op, [random(.float64, [3, 5, 7], low, 2)], tolerance: 1e-10)
        try checkLowered(op, [random(.int32, [3, 5, 7], 1, 4)])
      }
    }
    for kind in [Reduce.Kind.maximum, .minimum] {
      try checkLowered(Reduce(kind, axes: axes, keepsAxes: false), [random(.bool, [3, 5, 2], -1, 1)])
    }
  }

  @Test func productGradientIsSoundWithZeros() throws {
    try checkGradient(Reduce(.product, axes: [1], keepsAxes: false), [tensor(.float64, [2, 3], [0, 2, 3, 0, 0, 5])])
  }
}

@Suite struct LineTests {
  @Test func positionsByHand() throws {
    let x = tensor(.float32, [2, 3], [1, 3, 3, .nan, 5, .nan])
    #expect(
      try ArgReduce(.maximum, axis: 1, keepsAxis: false, selectsLast: false).evaluate([x])[0]
        == tensor(.int64, [2], [1, 0]))
    #expect(
      try ArgReduce(.maximum, axis: 1, keepsAxis: true, selectsLast: true).evaluate([x])[0]
        == tensor(.int64, [2, 1], [2, 2]))
    for axis in 0..<3 {
      for kind in [ArgReduce.Kind.maximum, .minimum] {
        for (keeps, last) in [(true, false), (false, true)] {
          let op = ArgReduce(kind, axis: axis, keepsAxis: keeps, selectsLast: last)
          try checkLowered(op, [random(.int8, [3, 4, 5], -3, 3)])
          try checkLowered(op, [random(.float32, [3, 4, 5])])
          try checkPermuted(op, [random(.float32, [3, 4, 5])], by: [1, 2, 0])
        }
      }
    }
    #expect(throws: OperatorError("expected elements along axis 0, found f32[0,2]")) {
      try ArgReduce(.maximum, axis: 0, keepsAxis: true, selectsLast: false).infer([TensorType(.float32, [0, 2])])
    }
  }

  @Test func runningSumsByHand() throws {
    let x = tensor(.int32, [4], [1, 2, 3, 4])
    let cases: [(Bool, Bool, [Double])] = [
      (false, false, [1, 3, 6, 10]), (true, false, [0, 1, 3, 6]), (false, true, [10, 9, 7, 4]),
      (true, true, [9, 7, 4, 0]),
    ]
    for (exclusive, reverse, values) in cases {
      #expect(
        try Cumulative(.sum, axis: 0, exclusive: exclusive, reverse: reverse).evaluate([x])[0]
          == tensor(.int32, [4], values))
      for kind in [Cumulative.Kind.sum, .product] {
        for axis in 0..<2 {
          let op = Cumulative(kind, axis: axis, exclusive: exclusive, reverse: reverse)
          try checkGradient(op, [random(.float64, [3, 4], 0.5, 2)])
          try checkLowered(op, [random(.float32, [3, 9])])
          try checkLowered(op, [random(.int64, [3, 4], -3, 3)])
          try checkPermuted(op, [random(.float64, [3, 4])], by: [1, 0])
        }
      }
    }
  }

  @Test func softmaxByHand() throws {
    let x = tensor(.float64, [1, 2], [0, 0])
    #expect(try Softmax(.softmax, axis: 1).evaluate([x])[0].doubles() == [0.5, 0.5])
    #expect(try Softmax(.hardmax, axis: 1).evaluate([x])[0].doubles() == [1, 0])
    let large = tensor(.float32, [2], [1000, 0])
    #expect(try Softmax(.softmax, axis: 0).evaluate([large])[0] == tensor(.float32, [2], [1, 0]))
    for axis in 0..<3 {
      for kind in [Softmax.Kind.softmax, .logSoftmax, .hardmax] {
        let op = Softmax(kind, axis: axis)
        if kind != .hardmax { try checkGradient(op, [random(.float64, [2, 3, 4])]) }
        try checkLowered(op, [random(.float32, [3, 4, 19])])
        try checkLowered(op, [random(.float64, [3, 4, 5])], tolerance: 1e-12)
        try checkPermuted(op, [random(.float64, [2, 3, 4])], by: [2, 0, 1])
      }
    }
  }
}
