import CDLCKernels
import DLCGraph
import DLCTensor

/// A function of one 8-bit argument as its 256 answers: x u8 or i8 -> y of the table's type (u8, i8, f32), y = table[x].
///
/// The table is indexed by x's byte, so that of an i8 x has -1 at 255.
package struct LookupTable: Sendable, Hashable {
  /// `[256]`.
  package var table: Tensor
  package var element: ElementType
  /// What x and y stand for; nil where unknown or, for y, f32.
  package var input: QuantizationParameters?
  package var output: QuantizationParameters?

  /// A table over x of type `element`.
  package init(
    _ table: Tensor, of element: ElementType = .uint8, input: QuantizationParameters? = nil,
    output: QuantizationParameters? = nil
  ) {
    self.table = table
    self.element = element
    self.input = input
    self.output = output
  }
}

extension LookupTable {
  /// Integers as other integers: y = clamp(round-half-even((x - zero) * scale / scale') + zero'), via f32 as
  /// `Quantize(Dequantize(x))` computes it. Both are of 8 bits and per tensor.
  package static func requantize(_ from: QuantizationParameters, to: QuantizationParameters) -> LookupTable {
    let answers = bytes(of: from.element).map { Double(to.quantize(from.dequantize($0))) }
    return LookupTable(
      Tensor(doubles: answers, type: TensorType(to.element, [256])), of: from.element, input: from, output: to)
  }

  /// What each byte from 0 to 255 is as `element`.
  package static func bytes(of element: ElementType) -> [Int32] {
    (0..<256).map { element == .int8 ? Int32(Int8(bitPattern: UInt8($0))) : Int32($0) }
  }

  /// A word that tells tables apart in print (FNV-1a, Fowler, Noll and Vo).
  static func digest(_ bytes: some Sequence<UInt8>) -> String {
    String(bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
  }
}

extension LookupTable: IntegerOperator {
  package var mnemonic: String { "lookup" }

  package var attributes: [OperatorAttribute] {
    [
      OperatorAttribute("to", table.element),
      OperatorAttribute("table", table.withBytes { Self.digest($0) }),
    ] + (output.map { [OperatorAttribute("y", $0)] } ?? [])
  }

  package func infer(_ inputs: [TensorType]) throws(OperatorError) -> [TensorType] {
    try OperatorError.require(inputs, named: "x")
    try OperatorError.require(element == .uint8 || element == .int8, "expected a table over 8 bits, found \(element)")
    try OperatorError.require(inputs[0], "x", in: [element])
    try OperatorError.require(
      table.shape == [256] && [.uint8, .int8, .float32].contains(table.element),
      "expected a table of 256 u8, i8 or f32, found \(table.type)")
    return [TensorType(table.element, inputs[0].shape)]
  }

  package func evaluate(_ inputs: [Tensor]) throws(OperatorError) -> [Tensor] {
    let y = try infer(inputs.map(\.type))[0]
    let size = table.element.size
    return [
      Tensor(y) { target in
        table.withBytes { entries in
          inputs[0].withBytes { x in
            for (k, byte) in x.enumerated() {
              for b in 0..<size { target[k * size + b] = entries[Int(byte) * size + b] }
            }
          }
        }
      }
    ]
  }

  package var gradient: GradientRule { .undefined("its input is not a real number") }

  package var quantization: QuantizationRule { .float("it computes in integers already") }

  package func quantization(ofInput index: Int) -> QuantizationParameters? { input }
  package func quantization(ofOutput index: Int) -> QuantizationParameters? { output }
  package var isConversion: Bool { false }

  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    // The kernel knows u8 alone; i8 goes through it as the same bytes.
    func bytes(_ operand: Operand) -> Operand {
      let element: ElementType = operand.type.element == .int8 ? .uint8 : operand.type.element
      return Operand(operand.source, TensorType(element, operand.type.shape), acceptsPitch: operand.acceptsPitch)
    }
    let entries = Tensor(
      TensorType(table.element == .int8 ? .uint8 : table.element, table.shape), storage: table.storage)
    let call = KernelCall(
      DLC_KERNEL_lookup, dlc_lookup_params(reserved: 0),
      operands: [
        bytes(request.input(0, acceptsPitch: true)), .constant(entries), bytes(request.output(acceptsPitch: true)),
      ],
      inPlace: table.element == .float32 ? [] : [InPlacePair(input: 0, output: 2)])
    return try .checked([call])
  }

  package func permuted(by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
    permutedElementwise(self, by: permutation, inputs: inputs)
  }
}
