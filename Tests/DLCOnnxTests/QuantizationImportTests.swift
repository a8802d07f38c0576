import DLCGraph
import DLCOperators
import DLCTensor
import Testing

@testable import DLCOnnx

/// Quantized operators of the standard domain.
@Suite struct QuantizationImportTests {
  private func u8(_ values: [UInt8], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape ?? [values.count]) }
  private func f32(_ values: [Float], _ shape: Shape? = nil) -> Tensor {
    Tensor(values, shape: shape ?? [values.count])
  }
  private func operators(_ graph: Graph) -> [String] { graph.nodes.compactMap { $0?.op.mnemonic } }

  @Test func knownScalesBecomeParameters() throws {
    let model = ModelBuilder(opset: 13) {
      $0.input("x", [2, 3])
      $0.weights("s", f32([0.5, 0.25, 2]))
      $0.weights("z", u8([0, 10, 128]))
      $0.node("QuantizeLinear", ["x", "s", "z"], ["q"])
      $0.node("DequantizeLinear", ["q", "s", "z"], ["y"])
      $0.output("y", [2, 3])
    }
    let graph = try model.imported().graph
    #expect(operators(graph) == ["quantize", "dequantize"])
    let node = try #require(graph.nodes[0])
    let quantize = try #require(node.op as? Quantize)
    #expect(
      quantize.parameters
        == QuantizationParameters(.uint8, scales: [0.5, 0.25, 2], zeroPoints: [0, 10, 128], axis: 1))
    // 0.75 / 0.5 is half-way and goes to the even 2; 100 / 0.25 saturates at 255 - 10; -1000 / 2 at -128.
    let y = try model.run(["x": f32([0.75, 100, 7, -3, 0.3, -1000], [2, 3])])
    #expect(y == [f32([1, 61.25, 8, 0, 0.25, -256], [2, 3])])
  }

  @Test func weightsStayIntegersBesideTheirScales() throws {
    let graph = try ModelBuilder(opset: 17) {
      $0.input("x", [1, 2])
      $0.weights("w", Tensor([1, -2, 3, 4] as [Int8], shape: [2, 2]))
      $0.weights("s", f32([0.5]))
      $0.node("DequantizeLinear", ["w", "s"], ["r"])
      $0.node("MatMul", ["x", "r"], ["y"])
      $0.output("y")
    }.imported().graph
    #expect(operators(graph) == ["dequantize", "matmul"])
    #expect(graph.nodes[0].flatMap { graph.constant($0.inputs[0])?.element } == .int8)
  }

  /// x, scale and zero point as inputs and as constants give the same.
  @Test(arguments: [ElementType.uint8, .int8, .uint16, .int16])
  func arithmeticOfUnknownScalesAgreesWithTheOperators(element: ElementType) throws {
    let x = f32((0..<24).map { Float($0 * $0) * 0.37 - 60.5 }, [2, 3, 4])
    let scale = f32([0.5, 0.033, 7])
    let zero = Tensor(doubles: [0, 3, 100], type: TensorType(element, [3]))
    func model(known: Bool) -> ModelBuilder {
      ModelBuilder(opset: 21) {
        $0.input("x", [2, 3, 4])
        if known {
          $0.weights("s", scale)
          $0.weights("z", zero)
        } else {
          $0.input("s", [3])
          $0.input("z", [3], type: Int(element.rawValue))
        }
        $0.node("QuantizeLinear", ["x", "s", "z"], ["q"], [("axis", .int(-2))])
        $0.node("DequantizeLinear", ["q", "s", "z"], ["y"], [("axis", .int(1))])
        $0.output("q", type: Int(element.rawValue))
        $0.output("y")
      }
    }
    let known = try model(known: true).run(["x": x])
    #expect(try model(known: false).run(["x": x, "s": scale, "z": zero]) == known)
    #expect(Set(known[0].doubles()).count > 3)
  }

  @Test func blocksShareAScaleAlongTheirAxis() throws {
    func model(known: Bool) -> ModelBuilder {
      ModelBuilder(opset: 21) {
        if known {
          $0.weights("q", u8([1, 2, 3, 4, 5, 6], [3, 2]))
        } else {
          $0.input("q", [3, 2], type: 2)
        }
        $0.weights("s", f32([1, 10, 100, 1000], [2, 2]))
        $0.weights("z", u8([0, 1, 2, 3], [2, 2]))
        $0.node(
          "DequantizeLinear", ["q", "s", "z"], ["y"], [("axis", .int(0)), ("block_size", .int(2))])
        $0.output("y")
      }
    }
    let expected = [f32([1, 10, 3, 30, 300, 3000], [3, 2])]
    #expect(try model(known: true).run() == expected)
    #expect(try model(known: false).run(["q": u8([1, 2, 3, 4, 5, 6], [3, 2])]) == expected)
    #expect(try model(known: true).imported().graph.nodeCount == 0)
  }

  @Test func halfScalesGiveHalves() throws {
    let y = try ModelBuilder(opset: 19) {
      $0.input("q", [2], type: 3)
      $0.weights("s", Tensor([Float16Bits(0.5)], shape: []))
      $0.node("DequantizeLinear", ["q", "s"], ["y"])
      $0.output("y", type: 10)
    }.run(["q": Tensor([3, -4] as [Int8], shape: [2])])
    #expect(y[0].element == .float16 && y[0].doubles() == [1.5, -2])
  }

  @Test func negativeAndZeroScalesKeepTheirMeaning() throws {
    let y = try ModelBuilder(opset: 13) {
      $0.input("q", [3], type: 2)
      $0.weights("s", f32([-0.5, 0, 2]))
      $0.node("DequantizeLinear", ["q", "s"], ["y"], [("axis", .int(0))])
      $0.output("y")
    }.run(["q": u8([2, 3, 4])])
    #expect(y[0].doubles() == [-1, 0, 8])
  }

  /// QLinearConv against the sum of its definition, in integers.
  @Test func convolutionMindsZeroPointsOfWeights() throws {
    let x: [UInt8] = (0..<32).map { UInt8($0 * 7 % 251) }
    let w: [UInt8] = (0..<12).map { UInt8($0 * 41 % 256) }
    let (xZero, wZeros, bias) = (13, [128, 7, 200], [100, -50, 4000])
    let (xScale, wScales, yScale) = (Float(0.02), [Float(0.01), 0.02, 0.005], Float(0.11))
    let y = try ModelBuilder(opset: 10) {
      $0.input("x", [1, 2, 4, 4], type: 2)
      $0.weights("xs", f32([xScale], .scalar))
      $0.weights("xz", u8([UInt8(xZero)], .scalar))
      $0.weights("w", u8(w, [3, 1, 2, 2]))
      $0.weights("ws", f32(wScales))
      $0.weights("wz", u8(wZeros.map { UInt8($0) }))
      $0.weights("ys", f32([yScale], .scalar))
      $0.weights("yz", u8([128], .scalar))
      $0.weights("b", Tensor(bias.map { Int32($0) }, shape: [3]))
      $0.node(
        "QLinearConv", ["c", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], ["y"], [("pads", .ints([1, 0, 0, 0]))])
      $0.weights("starts", [0])
      $0.weights("ends", [1])
      $0.weights("axes", [1])
      $0.node("Slice", ["x", "starts", "ends", "axes"], ["c"])
      $0.output("y", type: 2)
    }.run(["x": u8(x, [1, 2, 4, 4])])
    var expected: [UInt8] = []
    for o in 0..<3 {
      for row in 0..<4 {
        for column in 0..<3 {
          var sum = bias[o]
          for (r, c) in [(0, 0), (0, 1), (1, 0), (1, 1)] where row + r >= 1 {
            sum += (Int(x[(row + r - 1) * 4 + column + c]) - xZero) * (Int(w[o * 4 + r * 2 + c]) - wZeros[o])
          }
          let real = Double(sum) * Double(xScale) * Double(wScales[o]) / Double(yScale)
          expected.append(UInt8(min(max(real.rounded(.toNearestOrEven) + 128, 0), 255)))
        }
      }
    }
    #expect(y == [u8(expected, [1, 3, 4, 3])])
  }

  @Test func productTakesZeroPointsByRowAndColumn() throws {
    let y = try ModelBuilder(opset: 10) {
      $0.input("a", [2, 2], type: 3)
      $0.weights("az", Tensor([1, -1] as [Int8], shape: [2]))
      $0.weights("b", u8([1, 2, 3, 255], [2, 2]))
      $0.weights("bz", u8([0, 128]))
      $0.node("MatMulInteger", ["a", "b", "az", "bz"], ["y"])
      $0.output("y", type: 6)
    }.run(["a": Tensor([127, -128, 0, 5] as [Int8], shape: [2, 2])])
    // rows 126, -129 and 1, 6; columns 1, 3 and -126, 127
    #expect(y == [Tensor([-261, -32259, 19, 636] as [Int32], shape: [2, 2])])
  }

  /// Sums far beyond what f32 holds exactly: 460 channels of 3 x 3 taps, nearly all products 255 x 255.
  @Test(arguments: [1, 2])
  func integerConvolutionIsExact(groups: Int) throws {
    let channels = 460 * groups
    let x = (0..<channels * 9).map { UInt8(255 - $0 % 7) }
    let w = (0..<groups * 460 * 9).map { UInt8(255 - $0 * $0 % 13) }
    let y = try ModelBuilder(opset: 10) {
      $0.input("x", [1, .fixed(channels), 3, 3], type: 2)
      $0.weights("w", u8(w, Shape([groups, 460, 3, 3])))
      $0.weights("z", u8([1], .scalar))
      $0.node("ConvInteger", ["x", "w", "", "z"], ["y"], [("group", .int(groups))])
      $0.output("y", type: 6)
    }.run(["x": u8(x, Shape([1, channels, 3, 3]))])
    let expected = (0..<groups).map { group in
      (0..<4140).reduce(0) { $0 + Int(x[group * 4140 + $1]) * (Int(w[group * 4140 + $1]) - 1) }
    }
    #expect(y == [Tensor(expected.map { Int32($0) }, shape: Shape([1, groups, 1, 1]))])
    let rounded = expected.map { Int(Float($0)) }
    #expect(rounded != expected)
  }

  @Test func dynamicRangeOfZerosHasScaleOne() throws {
    let model = ModelBuilder(opset: 11) {
      $0.input("x", [3])
      $0.node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"])
      $0.output("q", type: 2)
      $0.output("s")
      $0.output("z", type: 2)
    }
    #expect(try model.run(["x": f32([0, 0, 0])]) == [u8([0, 0, 0]), Tensor(Float(1)), u8([0], .scalar)])
    let y = try model.run(["x": f32([-1, 0, 1.55])])
    #expect(y == [u8([0, 100, 255]), Tensor(Float(2.55) / 255), u8([100], .scalar)])
  }
}

/// What is wrong with a quantized operator is said, whatever it is.
@Suite struct QuantizationErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var reason: String
    var build: @Sendable (inout ModelBuilder) -> Void
    var testDescription: String { reason }

    init(_ reason: String, _ build: @escaping @Sendable (inout ModelBuilder) -> Void) {
      self.reason = reason
      self.build = build
    }
  }

  static let cases: [Case] = [
    Case("its zero point must be i8 like the quantized tensor, found u8[]") {
      $0.node("DequantizeLinear", ["i8", "s", "u8zero"], ["y"])
    },
    Case("its zero point must have the scale's shape [3], found i8[2]") {
      $0.node("DequantizeLinear", ["i8", "s3", "z2"], ["y"])
    },
    Case("it needs one scale for each index along axis 0 of [2,3], found 3") {
      $0.node("DequantizeLinear", ["i8", "s3"], ["y"], [("axis", .int(0))])
    },
    Case("axis 2 is outside -2...1") { $0.node("DequantizeLinear", ["i8", "s3"], ["y"], [("axis", .int(2))]) },
    Case("its result must be f32, f16 or bf16, found i8") { $0.node("DequantizeLinear", ["i8", "z2"], ["y"]) },
    Case("a quantized tensor must be u8, i8, u16, i16 or i32, found f32[2,3]") {
      $0.node("DequantizeLinear", ["x", "s"], ["y"])
    },
    Case("element type float8e4m3fn is not supported") {
      $0.node("QuantizeLinear", ["x", "s"], ["y"], [("output_dtype", .int(17))])
    },
    Case("it quantizes to i32; u8, i8, u16 and i16 are supported") {
      $0.node("QuantizeLinear", ["x", "s"], ["y"], [("output_dtype", .int(6))])
    },
    Case("its zero point must be i8 like the quantized tensor, found u8[]") {
      $0.node("QuantizeLinear", ["x", "s", "u8zero"], ["y"], [("output_dtype", .int(3))])
    },
    Case("attribute 'precision' asks for a quotient in float16; f32 is supported") {
      $0.node("QuantizeLinear", ["x", "s"], ["y"], [("precision", .int(10))])
    },
    Case("attribute 'block_size' must be positive and axis 1 not empty, found -1 for i8[2,3]") {
      $0.node("DequantizeLinear", ["i8", "s"], ["y"], [("block_size", .int(-1))])
    },
    Case("blocks of 2 along axis 1 of [2,3] need float scales of shape [2,2], found f32[3]") {
      $0.node("DequantizeLinear", ["i8", "s3"], ["y"], [("block_size", .int(2))])
    },
    Case("input 1 is missing; the operator needs it") { $0.node("QuantizeLinear", ["x"], ["y"]) },
    Case("x must be f32, f16, bf16 or i32, found i8[2,3]") { $0.node("QuantizeLinear", ["i8", "s"], ["y"]) },
    Case("input 7 is missing; the operator needs it") {
      $0.node("QLinearMatMul", ["i8", "s", "zero", "square", "s", "zero", "s"], ["y"])
    },
    Case("expected equal inner extents, found 3 of f32[2,3] and 2 of f32[2,3]") {
      $0.node("QLinearMatMul", ["i8", "s", "zero", "i8", "s", "zero", "s", "zero"], ["y"])
    },
    Case("its bias must be i32, found f32[3]") {
      $0.node("QLinearConv", ["image", "s", "zero", "image", "s", "zero", "s", "zero", "s3"], ["y"])
    },
    Case("x must be [N, C, spatial...] and weights of the same rank, found [2,3] and [1,1,2,2]") {
      $0.node("ConvInteger", ["i8", "image"], ["y"])
    },
    Case("weights [1,1,2,2] do not fit x [1,1,2,2] in 0 groups") {
      $0.node("ConvInteger", ["image", "image"], ["y"], [("group", .int(0))])
    },
    Case("the zero point i8[3] of b does not fit i8[3,2]") {
      $0.node("MatMulInteger", ["i8", "square", "zero", "bad"], ["y"])
    },
    Case("a must be u8 or i8, found f32[2,3]") { $0.node("MatMulInteger", ["x", "i8"], ["y"]) },
    Case("x must be f32, found i8[2,3]") { $0.node("DynamicQuantizeLinear", ["i8"], ["y", "s9", "z9"]) },
    Case("its inputs must be a scale, a zero point, and three for each tensor, found 4 inputs") {
      $0.node("QLinearConcat", ["s", "zero", "i8", "s"], ["y"], domain: "com.microsoft")
    },
    Case("input 3 is missing; the operator needs it") {
      $0.node("QLinearSigmoid", ["i8", "s", "zero"], ["y"], domain: "com.microsoft")
    },
  ]

  @Test(arguments: cases) func says(_ test: Case) throws {
    let problems = try ModelBuilder(opset: 23) {
      $0.imports("com.microsoft")
      $0.input("x", [2, 3])
      $0.input("i8", [2, 3], type: 3)
      $0.input("square", [3, 2], type: 3)
      $0.input("image", [1, 1, 2, 2], type: 3)
      $0.weights("s", Tensor(Float(0.5)))
      $0.weights("s3", Tensor([0.5, 1, 2] as [Float], shape: [3]))
      $0.weights("zero", Tensor(Int8(0)))
      $0.weights("u8zero", Tensor(UInt8(0)))
      $0.weights("z2", Tensor([0, 1] as [Int8], shape: [2]))
      $0.weights("bad", Tensor([0, 1, 2] as [Int8], shape: [3]))
      test.build(&$0)
      $0.output("y", type: 0)
    }.problems()
    #expect(problems.map(\.reason) == [test.reason])
  }
}
