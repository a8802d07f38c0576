import DLCGraph
import DLCTensor

/// An operator that works element by element under numpy broadcasting: it is its own counterpart in every axis order.
/// Scalars stay as they are; nil when another input lacks axes.
func permutedElementwise(_ op: any Operator, by permutation: [Int], inputs: [TensorType]) -> PermutedOperator? {
  let scalars = Set(inputs.indices.filter { inputs[$0].rank == 0 })
  for (k, input) in inputs.enumerated() where !scalars.contains(k) {
    if input.rank != permutation.count { return nil }
  }
  return PermutedOperator(op, outputPermutations: [permutation], unchangedInputs: scalars)
}

/// The order of the axes that are left, counted among themselves, when `removed` (axes of the original) are taken out:
/// what a permutation becomes for a result without those axes.
func permutation(_ permutation: [Int], without removed: Set<Int>) -> [Int] {
  let kept = permutation.enumerated().filter { !removed.contains($0.offset) }.map(\.element)
  let rank = Dictionary(uniqueKeysWithValues: kept.sorted().enumerated().map { ($0.element, $0.offset) })
  return kept.compactMap { rank[$0] }
}
