import CDLCKernels
import DLCGraph
import DLCTensor

extension MatMul {
  package func lower(_ request: LoweringRequest) throws(OperatorError) -> Lowering {
    if let limit = request.limit { return .undefined(limit) }
    let y = request.outputs[0]
    if y.element != .float32 && epilogue != .none {
      return .undefined("the matmul kernel has an epilogue for f32 only, not \(y)")
    }
    var steps = MatMulSteps(op: self, request)
    let a = try steps.left()
    let b = y.element == .float32 ? try steps.packedRight() : try steps.plainRight()
    let parameters = dlc_matmul_params(
      n: try Int32(parameter: steps.columns), epilogue: try epilogue.function.epilogue())
    let view = Shape([steps.batches, steps.rows, steps.columns])
    let pitched = y.element == .float32
    var residual = epilogue.operands(request, residualAs: view)
    if !pitched { residual = [.absent, .absent] }
    steps.calls.append(
      KernelCall(
        DLC_KERNEL_matmul, parameters, operands: [a, b] + residual + [request.output(as: view, acceptsPitch: pitched)],
        macs: operations(steps.batches, steps.rows, steps.columns, steps.depth)))
    return try .checked(steps.calls, temporaries: steps.temporaries)
  }
}

/// The steps of one product, which the kernel takes as a `[G, M, K]`, b `[G, K, N]` (or packed), y `[G, M, N]`.
struct MatMulSteps {
  let op: MatMul
  let request: LoweringRequest
  /// The batch of y, and the extents of its product as the kernel sees it.
  let batch: Shape
  let batches: Int
  let rows: Int
  let columns: Int
  let depth: Int
  /// Whether all batches share b, so that a's rows are one matrix.
  private let folds: Bool
  var calls: [KernelCall] = []
  var temporaries: [TensorType] = []

  init(op: MatMul, _ request: LoweringRequest) {
    self.op = op
    self.request = request
    let (a, b) = (request.inputs[0].shape, request.inputs[1].shape)
    let size = op.extents(a, b)
    batch = MatMul.batch(request.outputs[0].shape)
    folds = MatMul.batch(b).count == 1 && MatMul.batch(a).count == batch.count
    batches = folds ? 1 : batch.count
    rows = folds ? batch.count * size.rows : size.rows
    columns = size.columns
    depth = size.depth
  }

  /// Adds a step's result.
  mutating func temporary(_ type: TensorType) -> Operand {
    temporaries.append(type)
    return Operand(.temporary(temporaries.count - 1), type)
  }

  /// Input `index` with its last two axes swapped when `transposes`, under its own batch.
  private mutating func matrix(_ index: Int, transposes: Bool) throws(OperatorError) -> Operand {
    let input = request.input(index)
    if !transposes { return input }
    let order = MatMul.swap(rank: input.type.rank)
    let output = temporary(TensorType(input.type.element, input.type.shape.permuted(by: order)))
    calls.append(try .transpose(input, to: output, permutation: order))
    return output
  }

  /// A matrix repeated over the whole batch of y unless it is one matrix or has that batch already.
  mutating func batched(_ operand: Operand) throws(OperatorError) -> Operand {
    let own = MatMul.batch(operand.type.shape)
    if own.count == 1 || own.count == batch.count { return operand }
    let shape = try Shape(result: batch.dimensions + operand.type.shape.dimensions.suffix(2))
    let output = temporary(TensorType(operand.type.element, shape))
    calls.append(try .expand(operand, to: output))
    return output
  }

  /// An operand as `[G, rows, columns]` of its two last axes.
  func stacked(_ operand: Operand, acceptsPitch: Bool = false) -> Operand {
    let shape = operand.type.shape
    let view = Shape([MatMul.batch(shape).count] + shape.dimensions.suffix(2))
    return Operand(operand.source, TensorType(operand.type.element, view), acceptsPitch: acceptsPitch)
  }

  /// a as the kernel takes it.
  mutating func left() throws(OperatorError) -> Operand {
    let pitched = [.float32, .uint8, .int16].contains(request.inputs[0].element)
    let a = try batched(matrix(0, transposes: op.transposeA))
    if !folds { return stacked(a, acceptsPitch: pitched) }
    return Operand(a.source, TensorType(a.type.element, Shape([1, rows, depth])), acceptsPitch: pitched)
  }

  /// b of types without packing, in plain order.
  mutating func plainRight() throws(OperatorError) -> Operand {
    try stacked(batched(matrix(1, transposes: op.transposeB)))
  }

  /// b as a constant `[G, rows, columns]`, repeated over the whole batch of y unless G is 1; nil when it is no constant.
  func constantRight() throws(OperatorError) -> Tensor? {
    guard let constant = request.constants[1] else { return nil }
    let own = MatMul.batch(constant.shape)
    let whole =
      own.count == 1 || own.count == batch.count
      ? constant
      : constant.expanded(to: try Shape(result: batch.dimensions + constant.shape.dimensions.suffix(2)))
    return whole.reshaped(to: stacked(.constant(whole)).type.shape)
  }

  /// b in panels: at compile time when constant, else by a step.
  mutating func packedRight() throws(OperatorError) -> Operand {
    let parameters = dlc_matmul_pack_params(transposed: op.transposeB ? 1 : 0)
    let panels = (columns + panelWidth - 1) / panelWidth
    func packed(_ source: Operand) throws(OperatorError) -> TensorType {
      TensorType(.float32, try Shape(result: [source.type.shape[0], panels, depth, panelWidth]))
    }
    if let constant = try constantRight() {
      let source = Operand.constant(constant)
      let call = KernelCall(
        DLC_KERNEL_matmul_pack, parameters, operands: [source, Operand(.output(0), try packed(source))])
      return .constant(try call.evaluated())
    }
    let source = stacked(try batched(request.input(1)))
    let output = temporary(try packed(source))
    calls.append(KernelCall(DLC_KERNEL_matmul_pack, parameters, operands: [source, output]))
    return output
  }
}
