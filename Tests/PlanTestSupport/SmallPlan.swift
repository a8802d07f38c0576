import DLCGraph
import DLCOperators
import DLCTensor

/// A small network with a bit of everything that a plan holds: packed weights, views, an in-place step, indices, scratch, two
/// outputs. `x0` f32 [1, 4, 4, 3], `x1` i64 [3] (indices below 4).
package func smallGraph() -> Graph {
  var graph = Graph(name: "small")
  let x = graph.input([1, 4, 4, 3]), indices = graph.input([3], .int64)
  let window = Window(kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padBegin: [1, 1], padEnd: [1, 1])
  let convolution = Convolution(window: window, channels: .last, epilogue: Epilogue(bias: true, function: .relu))
  let a = graph.node(convolution, x, graph.constant([5, 3, 3, 3], seed: 1), graph.constant([5], seed: 2))
  let b = graph.node(Pool(.maximum, window: window, channels: .last), x)
  let joined = graph.node(Concatenate(axis: 3), a, b)
  let rows = graph.node(Reshape(shape: Shape([4, 32])), graph.node(Unary(.tanh), joined))
  let product = graph.node(MatMul(), rows, graph.constant([32, 7], seed: 3))
  graph.output(graph.node(Softmax(.softmax, axis: 1), product))
  graph.output(graph.node(Gather(axis: 0), product, indices))
  return graph
}
