import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Makes one `Unary` of a function that the exporter spelled as arithmetic.
  ///
  ///     Given:  %0 = sigmoid(%x); %1 = mul(%x, %0)
  ///     Result: %1 = silu(%x)
  package static let recognizeFunctions = Pass(
    "recognize-functions", "activations spelled as arithmetic", level: 2, requires: [.canonical, .constantsFolded],
    establishes: [.functionsRecognized],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard node.op is Binary || node.op is Unary, let output = node.outputs.first,
        graph[output].type.element == .float32
      else { return nil }
      for spelling in spellings {
        guard let found = spelling.pattern.match(output, in: graph), graph[found[0]].type == graph[output].type,
          graph.constant(found[0]) == nil, let function = spelling.function(found, graph)
        else { continue }
        var patch = GraphPatch(graph, "recognize \(Unary(function).mnemonic) at '\(node.name)'")
        patch.replace(output, with: try patch.emit(Unary(function), found[0], name: node.name))
        return patch
      }
      return nil
    })

  /// A function of the value bound to 0, and how it may be spelled.
  private struct Spelling: Sendable {
    let pattern: Pattern
    let function: @Sendable (Pattern.Bindings, Graph) -> Function?

    init(_ function: Function, _ pattern: Pattern) {
      self.pattern = pattern
      self.function = { _, _ in function }
    }

    init(_ pattern: Pattern, _ function: @escaping @Sendable (Pattern.Bindings, Graph) -> Function?) {
      self.pattern = pattern
      self.function = function
    }
  }

  private static let spellings: [Spelling] =
    simpleSpellings + hardSpellings + geluSpellings + parametricSpellings

  private static let x = Pattern.any(0)

  private static let simpleSpellings: [Spelling] = [
    Spelling(.silu(alpha: 1), x * .unary(.sigmoid, x)),
    Spelling(.mish, x * .unary(.tanh, .unary(.softplus, x))),
    Spelling(.softplus, .unary(.log, .unary(.exp, x) + .scalar(1))),
    Spelling(.softsign, x / (.unary(.abs, x) + .scalar(1))),
    Spelling(.sigmoid, .scalar(1) / (.unary(.exp, .unary(.negate, x)) + .scalar(1))),
    Spelling(.sigmoid, .unary(.reciprocal, .unary(.exp, .unary(.negate, x)) + .scalar(1))),
    Spelling(.rsqrt, .unary(.reciprocal, .unary(.sqrt, x))),
    Spelling(.rsqrt, .scalar(1) / .unary(.sqrt, x)),
    Spelling(.rsqrt, .unary(.sqrt, .unary(.reciprocal, x))),
  ]

  /// clip(x + 3, 0, 6), whatever function spells it.
  private static let shiftedRelu6 = Pattern.function({ $0 == .clip(low: 0, high: 6) }, x + .scalar(3))
  private static let hardSigmoidOfHardSwish = Pattern.function(
    {
      guard case .hardSigmoid(let alpha, let beta) = $0 else { return false }
      return abs(alpha - 1 / 6) < 1e-4 && beta == 0.5
    }, x)

  private static let hardSpellings: [Spelling] = [
    Spelling(.hardSwish, x * hardSigmoidOfHardSwish),
    Spelling(.hardSwish, (x * shiftedRelu6) / .scalar(6)),
    Spelling(.hardSwish, (x * shiftedRelu6) * .scalar(1 / 6)),
    Spelling(.hardSwish, x * (shiftedRelu6 / .scalar(6))),
    Spelling(.hardSwish, x * (shiftedRelu6 * .scalar(1 / 6))),
    Spelling(.hardSwish, (x / .scalar(6)) * shiftedRelu6),
    Spelling(.hardSwish, (x * .scalar(1 / 6)) * shiftedRelu6),
    Spelling(.hardSigmoid(alpha: 1 / 6, beta: 0.5), shiftedRelu6 / .scalar(6)),
    Spelling(.hardSigmoid(alpha: 1 / 6, beta: 0.5), shiftedRelu6 * .scalar(1 / 6)),
  ]

  private static let geluSpellings: [Spelling] = {
    let half = Pattern.scalar(0.5)
    let one = Pattern.scalar(1)
    let errors: [Pattern] = [
      .unary(.erf, x / .scalar(2.0.squareRoot())),
      .unary(.erf, x * .scalar(0.5.squareRoot())),
    ]
    let cube: [Pattern] = [
      .binary(.power, x, .scalar(3)), x * .unary(.square, x), (x * x) * x,
    ]
    let factor = Pattern.scalar((2 / Double.pi).squareRoot())
    let cubic = Pattern.scalar(0.044715)
    let tangents: [Pattern] =
      cube.map { .unary(.tanh, (x + $0 * cubic) * factor) }
      + [
        .unary(.tanh, (x * factor) * (.unary(.square, x) * cubic + one)),
        .unary(.tanh, x * ((.unary(.square, x) * cubic + one) * factor)),
        .unary(.tanh, (x * ((x * cubic) * x + one)) * factor),
        .unary(.tanh, (x * factor) * ((x * cubic) * x + one)),
        .unary(.tanh, (x * (.unary(.square, x) * cubic + one)) * factor),
        .unary(.tanh, (x + (x * cubic) * .unary(.square, x)) * factor),
      ]
    func outer(_ inner: Pattern) -> [Pattern] {
      let sum = inner + one
      return [(x * half) * sum, (x * sum) * half, x * (sum * half), x * (inner * half + half)]
    }
    return errors.flatMap(outer).map { Spelling(.gelu, $0) }
      + tangents.flatMap(outer).map { Spelling(.geluTanh, $0) }
  }()

  private static let parametricSpellings: [Spelling] = [
    Spelling(x * .unary(.sigmoid, x * .parameter(1))) { found, graph in
      graph.scalar(found[1]).map { .silu(alpha: Float($0)) }
    },
    Spelling(.binary(.maximum, x, x * .parameter(1))) { found, graph in
      graph.scalar(found[1]).flatMap { $0 > 0 && $0 < 1 ? .leakyRelu(slope: Float($0)) : nil }
    },
    Spelling(.binary(.prelu, x, .parameter(1))) { found, graph in
      graph.scalar(found[1]).map { .leakyRelu(slope: Float($0)) }
    },
  ]
}

extension Pattern {
  static func + (a: Pattern, b: Pattern) -> Pattern { .binary(.add, a, b) }
  static func - (a: Pattern, b: Pattern) -> Pattern { .binary(.subtract, a, b) }
  static func * (a: Pattern, b: Pattern) -> Pattern { .binary(.multiply, a, b) }
  static func / (a: Pattern, b: Pattern) -> Pattern { .binary(.divide, a, b) }
}
