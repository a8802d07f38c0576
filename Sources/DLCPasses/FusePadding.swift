import DLCGraph
import DLCOperators
import DLCTensor

extension Pass {
  /// Lets a window read zeros outside its input instead of padding it first.
  ///
  ///     Given:  %0 = pad(%x) before=[0,0,1,1] after=[0,0,1,1]; %1 = conv(%0, W) pads=0
  ///     Result: %1 = conv(%x, W) pads=1
  ///
  /// For convolutions, and for average pools that count padding. Maximum pools pad with minus infinity, not with zeros.
  package static let fusePadding = Pass(
    "fuse-padding", "zero padding into the window that reads it", level: 1, requires: [.canonical],
    .node { (graph, id) throws(OperatorError) in
      let node = graph[id]
      guard let (_, padding) = graph.producer(of: node.inputs.first ?? ValueID(index: 0)),
        !node.inputs.isEmpty, let pad = padding.op as? Pad, pad.mode == .constant,
        !pad.hasValue || graph.scalar(padding.inputs[1]) == 0
      else { return nil }
      let op: any Operator
      switch node.op {
      case var conv as Convolution:
        guard let window = conv.window.widened(by: pad, conv.channels) else { return nil }
        conv.window = window
        op = conv
      case var pool as Pool:
        guard pool.kind == .average(countsPadding: true), !pool.ceilMode,
          let window = pool.window.widened(by: pad, pool.channels),
          zip(window.padBegin, window.kernel).allSatisfy({ $0 < $1 }),
          zip(window.padEnd, window.kernel).allSatisfy({ $0 < $1 })
        else { return nil }
        pool.window = window
        op = pool
      default: return nil
      }
      var patch = GraphPatch(graph, "pad into '\(node.name)'")
      let outputs = try patch.add(op, [padding.inputs[0]] + node.inputs.dropFirst(), name: node.name)
      for (old, new) in zip(node.outputs, outputs) { patch.replace(old, with: new) }
      return patch
    })
}

extension Window {
  /// This window over an input without `pad`'s zeros; nil when they are not spatial ones, or elements are taken away.
  fileprivate func widened(by pad: Pad, _ channels: ChannelPlacement) -> Window? {
    guard pad.before.count == rank + 2, (pad.before + pad.after).allSatisfy({ $0 >= 0 }) else { return nil }
    let first = channels == .first ? 2 : 1
    for axis in pad.before.indices where axis < first || axis >= first + rank {
      guard pad.before[axis] == 0, pad.after[axis] == 0 else { return nil }
    }
    var result = self
    for k in 0..<rank {
      result.padBegin[k] += pad.before[first + k]
      result.padEnd[k] += pad.after[first + k]
    }
    return result
  }
}
