import Foundation
import DLCGraph
import DLCOperators
import DLCTensor

extension NodeContext {
  /// Einstein summation as transposes, matrix products and reductions, two operands at a time from the left.
  mutating func einsum(_ equation: String) throws(MappingError) -> ValueID {
    let equation = equation.filter { $0 != " " }
    let sides = equation.components(separatedBy: "->")
    var terms: [[Character]] = []
    let operands = try inputs()
    let written = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard sides.count <= 2, written.count == operands.count else {
      throw MappingError("equation '\(equation)' names \(written.count) operands, found \(operands.count)")
    }
    var ellipsisRank = 0
    for (term, operand) in zip(written, operands) {
      let named = term.replacing("...", with: "").count
      ellipsisRank = max(ellipsisRank, term.contains("...") ? shape(of: operand).rank - named : 0)
    }
    guard ellipsisRank <= 8 else {
      throw MappingError("equation '\(equation)' has an ellipsis of \(ellipsisRank) axes")
    }
    for (term, operand) in zip(written, operands) {
      let own = shape(of: operand).rank - term.replacing("...", with: "").count
      terms.append(try NodeContext.labels(term, ellipsis: own, of: ellipsisRank, equation: equation))
    }
    let counts = terms.joined().reduce(into: [Character: Int]()) { $0[$1, default: 0] += 1 }
    let implicit =
      NodeContext.ellipsisLabels(ellipsisRank, of: ellipsisRank)
      + counts.filter { $0.value == 1 && !$0.key.isNumber }.keys.sorted()
    let output =
      sides.count == 2
      ? try NodeContext.labels(sides[1], ellipsis: ellipsisRank, of: ellipsisRank, equation: equation) : implicit
    guard Set(output).count == output.count, output.allSatisfy({ counts[$0] != nil }) else {
      throw MappingError("equation '\(equation)' has an output axis that is repeated or in no operand")
    }
    var result = try diagonal(operands[0], terms[0])
    for k in operands.indices.dropFirst() {
      let later = Set(terms[(k + 1)...].joined()).union(output)
      result = try contract(result, diagonal(operands[k], terms[k]), keeping: later)
    }
    let summed = result.labels.indices.filter { !output.contains(result.labels[$0]) }
    var value = result.value
    if !summed.isEmpty { value = try emit(Reduce(.sum, axes: Array(summed), keepsAxes: false), value) }
    let left = result.labels.filter { output.contains($0) }
    return try transpose(value, output.map { left.firstIndex(of: $0)! })
  }

  /// A tensor and the label of each of its axes.
  private struct Labelled {
    var value: ValueID
    var labels: [Character]
  }

  private static func ellipsisLabels(_ count: Int, of total: Int) -> [Character] {
    (total - count..<total).map { Character(String($0)) }
  }

  /// Labels of a term; axes of the ellipsis are digits, aligned at the right.
  private static func labels(
    _ term: String, ellipsis: Int, of total: Int, equation: String
  ) throws(MappingError) -> [Character] {
    let parts = term.components(separatedBy: "...")
    let named = parts.joined()
    guard parts.count <= 2, named.allSatisfy({ $0.isASCII && $0.isLetter }), parts.count == 2 ? ellipsis >= 0 : true
    else {
      throw MappingError("equation '\(equation)' cannot be read")
    }
    if parts.count == 1 { return Array(named) }
    return Array(parts[0]) + ellipsisLabels(ellipsis, of: total) + Array(parts[1])
  }

  /// Takes the diagonal of axes that share a label.
  private mutating func diagonal(_ x: ValueID, _ labels: [Character]) throws(MappingError) -> Labelled {
    guard shape(of: x).rank == labels.count else {
      throw MappingError("operand \(shape(of: x)) does not have \(labels.count) axes")
    }
    var (value, names) = (x, labels)
    while let second = names.indices.first(where: { names[..<$0].contains(names[$0]) }),
      let first = names.firstIndex(of: names[second])
    {
      let others = names.indices.filter { $0 != first && $0 != second }
      let extents = shape(of: value)
      guard extents[first] == extents[second] else {
        throw MappingError("label \(names[first]) has two extents in \(extents)")
      }
      let n = extents[first]
      value = try transpose(value, others + [first, second])
      let rest = others.map { extents[$0] }
      value = try reshape(value, Shape(rest + [n * n]))
      let picks = addConstant(Tensor((0..<n).map { Int64($0 * (n + 1)) }, shape: [n]))
      value = try emit(Gather(axis: rest.count), value, picks)
      names = others.map { names[$0] } + [names[first]]
    }
    return Labelled(value: value, labels: names)
  }

  /// The product of two operands, summed over labels that both have and nobody needs later, as a batched matrix product.
  private mutating func contract(_ a: Labelled, _ b: Labelled, keeping later: Set<Character>) throws(MappingError)
    -> Labelled
  {
    let shared = a.labels.filter { b.labels.contains($0) }
    let batch = shared.filter { later.contains($0) }
    let summed = shared.filter { !later.contains($0) }
    let onlyA = a.labels.filter { !shared.contains($0) }
    let onlyB = b.labels.filter { !shared.contains($0) }
    let (shapeA, shapeB) = (shape(of: a.value), shape(of: b.value))
    func extent(_ label: Character) -> Int {
      let inA = a.labels.firstIndex(of: label).map { shapeA[$0] } ?? 1
      let inB = b.labels.firstIndex(of: label).map { shapeB[$0] } ?? 1
      return max(inA, inB)
    }
    for label in shared {
      let (inA, inB) = (shapeA[a.labels.firstIndex(of: label)!], shapeB[b.labels.firstIndex(of: label)!])
      guard inA == inB else { throw MappingError("label \(label) has extents \(inA) and \(inB)") }
    }
    func product(_ labels: [Character]) -> Int { labels.reduce(1) { $0 * extent($1) } }
    let left = try transpose(a.value, (batch + onlyA + summed).map { a.labels.firstIndex(of: $0)! })
    let right = try transpose(b.value, (batch + summed + onlyB).map { b.labels.firstIndex(of: $0)! })
    let matrixA = try reshape(left, Shape([product(batch), product(onlyA), product(summed)]))
    let matrixB = try reshape(right, Shape([product(batch), product(summed), product(onlyB)]))
    let labels = batch + onlyA + onlyB
    let y = try emit(MatMul(), matrixA, matrixB)
    return Labelled(value: try reshape(y, Shape(labels.map(extent))), labels: labels)
  }
}
