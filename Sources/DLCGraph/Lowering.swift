import DLCTensor

/// What a lowering may know of its node.
package struct LoweringRequest: Sendable {
  package var inputs: [TensorType]
  package var outputs: [TensorType]
  /// The value of each input that is a constant.
  package var constants: [Tensor?]

  package init(inputs: [TensorType], outputs: [TensorType], constants: [Tensor?]) {
    self.inputs = inputs
    self.outputs = outputs
    self.constants = constants
  }
}

/// What stands in the plan for a node.
package enum Lowering: Sendable {
  /// Kernel calls in order, with the intermediate tensors they use (`Operand.Source.temporary` indexes them).
  case kernels([KernelCall], temporaries: [TensorType] = [])
  /// Output 0 is input 0's bytes under another shape.
  case alias
  /// Output 0 holds the inputs one after another along `axis`; `copies[i]` moves input i when it cannot be built in place.
  case concatenate(axis: Int, copies: [KernelCall])
  /// Output 0 is the part of input 0 from `starts` on, with the output's extents (steps are 1); `copy` does it when a view cannot.
  case slice(starts: [Int], copy: KernelCall)
  /// No kernel does this, for the reason given.
  case undefined(String)
}

/// One step of a plan before memory is assigned.
package struct KernelCall: Sendable {
  /// The kernel family's id (`dlc_kernel_ids.h`).
  package var kernel: UInt16
  /// The family's parameter struct, byte for byte.
  package var parameters: [UInt8]
  package var operands: [Operand]
  /// Pairs of operand positions (input, output) that may share memory: same bytes, read before written.
  package var inPlace: [InPlacePair]
  /// Multiply-accumulate operations, 0 for steps that have none.
  package var macs: Int

  package init(
    kernel: UInt16, parameters: [UInt8], operands: [Operand], inPlace: [InPlacePair] = [], macs: Int = 0
  ) {
    self.kernel = kernel
    self.parameters = parameters
    self.operands = operands
    self.inPlace = inPlace
    self.macs = macs
  }

  /// A call whose parameters are the C struct `parameters`.
  package init<P: BitwiseCopyable>(
    kernel: UInt16, _ parameters: P, operands: [Operand], inPlace: [InPlacePair] = [], macs: Int = 0
  ) {
    let bytes = withUnsafeBytes(of: parameters) { [UInt8]($0) }
    self.init(kernel: kernel, parameters: bytes, operands: operands, inPlace: inPlace, macs: macs)
  }
}

/// An input operand's position and the output operand's that may take its memory.
package struct InPlacePair: Sendable, Hashable {
  package var input: Int
  package var output: Int

  package init(input: Int, output: Int) {
    self.input = input
    self.output = output
  }
}

/// What a kernel sees as one tensor: where its elements are, and under which type.
package struct Operand: Sendable {
  package enum Source: Sendable {
    case input(Int)
    case output(Int)
    case temporary(Int)
    case constant(Tensor)
    case absent
  }

  package var source: Source
  /// The view the kernel takes: same element count as the source, any shape with the same last axis when pitched.
  package var type: TensorType
  /// Whether the kernel respects rows that lie further apart than they are long.
  package var acceptsPitch: Bool

  package init(_ source: Source, _ type: TensorType, acceptsPitch: Bool = false) {
    self.source = source
    self.type = type
    self.acceptsPitch = acceptsPitch
  }

  /// An optional operand that is not there.
  package static let absent = Operand(.absent, TensorType(.float32, .scalar))

  /// A constant made at compile time: packed weights.
  package static func constant(_ tensor: Tensor) -> Operand { Operand(.constant(tensor), tensor.type) }
}
