import DLCGraph

/// The passes in the order in which they run.
package enum Pipeline {
  /// Optimization levels: 0 only what the plan writer needs, 1 what is cheap and always pays, 2 everything.
  package static let levels = 0...2

  /// All passes up to `level`.
  package static func standard(level: Int) -> [Pass] { all.filter { $0.level <= level } }

  /// The passes up to `level` in two parts: those that leave a channels-first float graph with its fusions made, which is what
  /// quantization works on, and the rest.
  package static func parts(level: Int) -> (float: [Pass], rest: [Pass]) {
    let cut = (all.firstIndex { $0.name == Pass.fuseResidual.name } ?? all.endIndex - 1) + 1
    return (all[..<cut].filter { $0.level <= level }, all[cut...].filter { $0.level <= level })
  }

  /// The table of contents.
  package static let all: [Pass] = [
    .widenHalf,
    .removeDead,
    .shareCommon,
    .canonicalize,
    .foldConstants,
    .recognizeFunctions,
    .recognizeLayerNorm,
    .fuseBatchNorm,
    .decomposeBatchNorm,
    .foldAffine,
    .fusePadding,
    .fuseActivation,
    .fuseResidual,
    .unsignedActivations,
    .integerMovement,
    .integerFunctions,
    .formIntegers,
    .fuseTables,
    .dequantizeConstants,
    .spatialChannelsLast,
    .alignRanks,
    .shareCommon,
    .chooseLayout,
    .mergeTransposes,
    .flattenIntoWeights,
    .canonicalize,
    .foldConstants,
    .recognizeLayerNorm,
    .foldAffine,
    .fuseActivation,
    .affineAsDepthwise,
    .fuseResidual,
    .transposesIntoMatMul,
    .shareCommon,
    .removeDead,
  ]
}
