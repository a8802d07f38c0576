import CDLCKernels
import DLCGraph
import DLCTensor
import Testing

@testable import DLCOperators

/// Every function once.
private let functions: [Function] = [
  .identity, .relu, .clip(low: 0, high: 6), .leakyRelu(slope: 0.5), .sigmoid, .tanh, .silu(alpha: 1),
  .hardSigmoid(alpha: 0.5, beta: 0.25), .hardSwish, .gelu, .geluTanh, .elu(alpha: 1), .selu(alpha: 1.5, gamma: 1),
  .celu(alpha: 1), .softplus, .softsign, .mish, .thresholdedRelu(alpha: 1), .shrink(bias: 0.5, lambda: 1), .abs,
  .negate,
  .ceil, .floor, .round, .sign, .reciprocal, .sqrt, .rsqrt, .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan, .sinh,
  .cosh, .asinh, .acosh, .atanh, .erf, .square, .not, .bitwiseNot, .isNaN, .isInfinite(negative: true, positive: false),
]

@Suite struct ComputeRulesTests {
  @Test func functionCodesAndNamesAreDistinct() {
    #expect(Set(functions.map(\.kernel.code)).count == functions.count)
    #expect(Set(functions.map(\.name)).count == functions.count)
    #expect(functions.filter(\.isEpilogue).count == 19)
    #expect(Function.shrink(bias: 0.5, lambda: 1).kernel == (DLC_FN_SHRINK.rawValue, 0.5, 1))
    #expect(Function.selu(alpha: 1.5, gamma: 2).kernel == (DLC_FN_SELU.rawValue, 1.5, 2))
    #expect(Function.isInfinite(negative: true, positive: false).kernel == (DLC_FN_IS_INF.rawValue, 1, 0))
    #expect(Set(Binary.Kind.allCases.map(\.code)).count == Binary.Kind.allCases.count)
  }

  @Test func printsWhatIdentifiesAnOperator() {
    let window = Window(kernel: [3, 3], strides: [2, 2], dilations: [1, 1], padBegin: [1, 1], padEnd: [0, 0])
    let cases: [(any Operator, String)] = [
      (Unary(.leakyRelu(slope: 0.5)), "leaky_relu slope=0.5"), (Binary(.lessEqual), "less_equal"),
      (Binary(.add, then: .clip(low: 0, high: 6)), "add then=clip(0.0,6.0)"), (Select(), "select"),
      (Cast(to: .int8), "cast to=i8"),
      (
        Convolution(window: window, groups: 2, epilogue: Epilogue(bias: true, function: .relu)),
        "conv kernel=3x3 strides=2x2 pads=1x1x0x0 groups=2 channels=first bias=true then=relu"
      ),
      (
        ConvolutionTranspose(window: window, outputPadding: [1, 0], channels: .last),
        "conv_transpose kernel=3x3 strides=2x2 pads=1x1x0x0 output_padding=1x0 channels=last"
      ),
      (MatMul(transposeB: true), "matmul transpose_b=true"),
      (Reduce(.sumSquare, axes: [0, 2], keepsAxes: true), "reduce.sum_square axes=0x2 keep=true"),
      (ArgReduce(.minimum, axis: 1, keepsAxis: false, selectsLast: true), "arg_min axis=1 keep=false selects=last"),
      (Cumulative(.sum, axis: 0, exclusive: true, reverse: false), "cumulative.sum axis=0 exclusive=true"),
      (Softmax(.logSoftmax, axis: 1), "log_softmax axis=1"),
      (
        LayerNormalization(axis: 1, epsilon: 0.5, hasScale: true, hasBias: false),
        "layer_norm axis=1 epsilon=0.5 scale=true"
      ),
      (InstanceNormalization(epsilon: 0.5), "instance_norm epsilon=0.5 channels=first"),
      (BatchNormalization(epsilon: 0.5), "batch_norm epsilon=0.5 channels=first"),
      (
        LocalResponseNormalization(size: 3, alpha: 0.5, beta: 1, bias: 2),
        "lrn size=3 alpha=0.5 beta=1.0 bias=2.0 channels=first"
      ),
      (
        Pool(.average(countsPadding: true), window: window, ceilMode: true),
        "pool.average kernel=3x3 strides=2x2 pads=1x1x0x0 ceil=true counts_padding=true channels=first"
      ),
    ]
    for (op, text) in cases {
      let printed = ([op.mnemonic] + op.attributes.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
      #expect(printed == text)
    }
  }

  @Test func integerNetworksKnowEveryRange() {
    let window = window([2, 2])
    let cases: [(any Operator, QuantizationRule)] = [
      (Unary(.sigmoid), .fixedOutput(scale: 1.0 / 256, zeroPoint: -128)),
      (Unary(.tanh), .fixedOutput(scale: 1.0 / 128, zeroPoint: 0)), (Unary(.gelu), .lookupTable),
      (Unary(.identity), .sharedScale(inputs: [0])), (Binary(.add), .integer(weights: nil, axis: 0)),
      (Binary(.maximum), .sharedScale(inputs: [0, 1])), (Select(), .sharedScale(inputs: [1, 2])),
      (Convolution(window: window), .integer(weights: 1, axis: 0)),
      (ConvolutionTranspose(window: window, outputPadding: [0, 0]), .integer(weights: 1, axis: 1)),
      (ConvolutionTranspose(window: window, outputPadding: [0, 0], channels: .last), .integer(weights: 1, axis: 3)),
      (MatMul(), .integer(weights: 1, axis: -1)), (MatMul(transposeB: true), .integer(weights: 1, axis: -2)),
      (Softmax(.softmax, axis: 0), .fixedOutput(scale: 1.0 / 256, zeroPoint: -128)),
      (Pool(.maximum, window: window), .sharedScale(inputs: [0])),
      (Reduce(.maximum, axes: [0], keepsAxes: true), .sharedScale(inputs: [0])),
    ]
    for (op, rule) in cases { #expect(op.quantization == rule, "\(op.mnemonic)") }
  }

  @Test func fusedOperatorsHaveNoGradient() {
    let fused: [any Operator] = [
      Binary(.add, then: .relu), Convolution(window: window([1]), epilogue: Epilogue(function: .relu)),
      ConvolutionTranspose(window: window([1]), outputPadding: [0], epilogue: Epilogue(function: .relu)),
      MatMul(epilogue: Epilogue(function: .relu)), InstanceNormalization(epsilon: 0, function: .relu),
    ]
    for op in fused {
      guard case .undefined("gradients are taken before fusion") = op.gradient else {
        Issue.record("\(op.mnemonic) has a gradient")
        continue
      }
    }
  }

  @Test func halfPrecisionKernelsAgree() throws {
    for element in [ElementType.float16, .bfloat16] {
      let tolerance = element == .float16 ? 2e-3 : 2e-2
      let x = random(element, [3, 9], 0.25, 2)
      for function in [Function.relu, .exp, .gelu, .sqrt] {
        try checkLowered(Unary(function), [x], tolerance: tolerance)
      }
      for kind in [Binary.Kind.add, .multiply, .divide, .maximum, .less] {
        try checkLowered(Binary(kind), [x, random(element, [9], 0.5, 2, seed: 3)], tolerance: tolerance)
      }
      try checkLowered(Reduce(.mean, axes: [1], keepsAxes: false), [x], tolerance: tolerance)
      try checkLowered(MatMul(transposeB: true), [x, random(element, [4, 9], seed: 2)], tolerance: 5 * tolerance)
    }
  }

  @Test func refusesWhatNoMachineHolds() {
    let half = Int(Int32.max) / 2
    let wide = TensorType(.float32, [half, 1])
    #expect(throws: OperatorError.self) {
      try Binary(.add).infer([wide, TensorType(.float32, [half, 1, half])])
    }
    #expect(throws: OperatorError.self) { try MatMul().infer([wide, TensorType(.float32, [1, half])]) }
    let stride = Int(Int32.max)
    #expect(throws: OperatorError.self) {
      try ConvolutionTranspose(window: window([1, 1, 1], strides: stride), outputPadding: [0, 0, 0]).infer([
        TensorType(.float32, [1, 1, 4096, 4096, 4096]), TensorType(.float32, [1, 1, 1, 1, 1]),
      ])
    }
  }

  @Test func kernelBoundsAreReasonsNotTraps() throws {
    let op = Convolution(window: window([300, 300], pads: (200, 200)), channels: .last)
    let types = [TensorType(.float32, [1, 8, 8, 1]), TensorType(.float32, [1, 300, 300, 1])]
    let request = LoweringRequest(inputs: types, outputs: try op.infer(types), constants: [nil, nil])
    guard case .undefined = try op.lower(request) else {
      Issue.record("a window of 90,000 cells was lowered")
      return
    }
  }
}
