import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Makes one depthwise convolution of one cell of a scale and a shift per channel that no contraction could take.
  ///
  ///     Given:  %0 = mul(%x: [N,H,W,C], s: [1,1,1,C]); %1 = add(%0, t: [1,1,1,C]) then=relu
  ///     Result: %1 = conv(%x, s, t) groups=C kernel=1x1 bias then=relu
  ///
  /// Reads and writes the image once instead of twice: batch normalizations after concatenations (DenseNet).
  package static let affineAsDepthwise = Pass(
    "affine-as-depthwise", "scale and shift per channel in one step", level: 2,
    requires: [.layoutChosen, .affineFolded],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      let type = graph[node.outputs[0]].type
      guard let add = node.op as? Binary, add.kind == .add, (3...5).contains(type.rank), type.element == .float32,
        add.function?.fitsEpilogue ?? true
      else { return nil }
      for (product, shift) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard let (kind, a, b) = graph.binary(product), kind == .multiply, graph.onlyUser(of: product) != nil else {
          continue
        }
        let (x, scale) = graph.constant(b) != nil ? (a, b) : (b, a)
        let channels = type.shape[type.rank - 1]
        // An image of one cell is a vector, which elementwise kernels do as well.
        guard graph[x].type == type, graph.constant(x) == nil, type.shape.count > type.shape[0] * channels,
          let scales = graph.constant(scale)?.alongAxis(type.rank - 1, of: type),
          let shifts = graph.constant(shift)?.alongAxis(type.rank - 1, of: type)
        else { continue }
        var patch = GraphPatch(graph, "scale and shift at '\(node.name)' as depthwise convolution")
        let ones = [Int](repeating: 1, count: type.rank - 2)
        let zeros = [Int](repeating: 0, count: type.rank - 2)
        let op = Convolution(
          window: Window(kernel: ones, strides: ones, dilations: ones, padBegin: zeros, padEnd: zeros),
          groups: channels,
          channels: .last, epilogue: Epilogue(bias: true, function: add.function))
        let weights = patch.addConstant(Tensor(scales.map { Float($0) }, shape: Shape([channels] + ones + [1])))
        let bias = patch.addConstant(Tensor(shifts.map { Float($0) }, shape: Shape([channels])))
        patch.replace(node.outputs[0], with: try patch.emit(op, x, weights, bias, name: node.name))
        return patch
      }
      return nil
    })
}
