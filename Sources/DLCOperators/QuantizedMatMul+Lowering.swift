import CDLCKernels
import DLCGraph
import DLCTensor

extension QuantizedMatMul {
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    if (request.inputs + request.outputs).contains(where: \.shape.isEmpty) {
      return .undefined("the tensors are empty")
    }
    if request.constants[1] == nil, base.epilogue.bias {
      return .undefined("a product of two activations takes its bias from their sums")
    }
    var steps = MatMulSteps(op: base, request)
    let a = try steps.left()
    let parameters = dlc_qmatmul_params(
      n: try Int32(parameter: steps.columns), a_zero: scheme.input.zeroPoint,
      b_zero: request.inputs[1].element == .int8 ? 0 : scheme.weightZeroPoint - ContractionScheme.weightOffset,
      requantize: scheme.requantize(base.epilogue.function))
    let (b, bias) = try steps.packedIntegers(
      scheme.input.zeroPoint, offset: request.inputs[1].element == .int8 ? 0 : ContractionScheme.weightOffset)
    let view = Shape([steps.batches, steps.rows, steps.columns])
    let operands: [Operand] = [
      a, b, bias, .scales(scheme.channelScales(steps.columns)),
      base.epilogue.positions.residual.map { request.input($0, as: view, acceptsPitch: true) } ?? .absent,
      .table(scheme.table), request.output(as: view, acceptsPitch: true),
    ]
    steps.calls.append(
      KernelCall(
        DLC_KERNEL_qmatmul, parameters, operands: operands,
        macs: operations(steps.batches, steps.rows, steps.columns, steps.depth)))
    return try .checked(steps.calls, temporaries: steps.temporaries)
  }
}

extension MatMulSteps {
  /// b in integer panels and the bias that holds what a's zero point adds: at compile time when b is constant, else by a
  /// step.
  /// `offset` is taken off b.
  fileprivate mutating func packedIntegers(
    _ zero: Int32, offset: Int32
  ) throws(OperatorError) -> (b: Operand, bias: Operand) {
    let parameters = dlc_qmatmul_pack_params(transposed: op.transposeB ? 1 : 0, a_zero: zero, b_offset: offset)
    let panels = (columns + panelWidth - 1) / panelWidth
    func packed(_ matrices: Int) throws(OperatorError) -> TensorType {
      TensorType(.int8, try Shape(result: [matrices, panels, (depth + 3) / 4, panelWidth, 4]))
    }
    if let constant = try constantRight() {
      let call = KernelCall(
        DLC_KERNEL_qmatmul_pack, parameters,
        operands: [.constant(constant), Operand(.output(0), try packed(constant.shape[0]))])
      var b = try call.evaluated()
      if let narrow = narrowPanel(b, columns: constant.shape[0] == 1 ? columns : 0, rows: batches * rows) {
        b = narrow.reshaped(to: try Shape(result: [1, 1, (depth + 3) / 4, columns, 4]))
      }
      let bias = try bias(constant, zero, offset: Int(offset))
      return (.constant(b), bias.shape.rank == 1 ? .biases(bias) : .constant(bias))
    }
    let source = stacked(try batched(request.input(1)))
    let matrices = source.type.shape[0]
    let b = temporary(try packed(matrices))
    let sums = temporary(TensorType(.int32, try Shape(result: [matrices, columns])))
    calls.append(KernelCall(DLC_KERNEL_qmatmul_pack, parameters, operands: [source, b, sums]))
    let bias = Operand(sums.source, TensorType(.int32, matrices == 1 ? [columns] : sums.type.shape))
    return (b, bias)
  }

  /// The constant bias less a's zero point times the sums of b's columns: `[N]`, or `[G, N]` for several matrices.
  private func bias(_ b: Tensor, _ zero: Int32, offset: Int) throws(OperatorError) -> Tensor {
    let matrices = b.shape[0]
    var result = [Int32](repeating: 0, count: matrices * columns)
    if let position = op.epilogue.positions.bias {
      guard let constant = request.constants[position]?.elements(as: Int32.self) else {
        throw OperatorError("its bias is no constant")
      }
      for k in result.indices { result[k] = constant[k % columns] }
    }
    let values = b.asWeights.integers() ?? []
    for (k, value) in values.enumerated() {
      let column = op.transposeB ? k / depth % columns : k % columns
      let matrix = k / (depth * columns)
      result[matrix * columns + column] &-= zero &* Int32(value - offset)
    }
    return Tensor(result, shape: matrices == 1 ? Shape([columns]) : Shape([matrices, columns]))
  }
}
