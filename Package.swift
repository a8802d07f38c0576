// swift-tools-version: 6.1
import PackageDescription

// Layers, lowest first; scripts/check-layers holds the sources to the dependencies written here.
let package = Package(
  name: "dlc",
  products: [
    .executable(name: "dlc", targets: ["dlc"]),
    .library(name: "DLCRuntime", targets: ["DLCRuntime"]),
    // The runtime as a shared library for C programs, on machines that have Swift's libraries.
    .library(name: "dlcruntime", type: .dynamic, targets: ["DLCRuntime"]),
    .library(name: "DLCCompiler", targets: ["DLCCompiler"]),
    // Accuracy checks for the tests of programs that use models.
    .library(name: "DLCTesting", targets: ["DLCTesting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // The runtime: kernels and platform shims in C, the plan reader behind a C interface, the engine in Swift.
    .target(
      name: "CDLCKernels", path: "runtime/kernels", exclude: ["tests"],
      cSettings: [.headerSearchPath("."), .unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno"])]),
    .target(name: "CDLCPlatform", path: "runtime/platform", exclude: ["tests"], cSettings: [.unsafeFlags(["-O2"])]),
    .target(
      name: "CDLCPlan", path: "runtime/plan", cSettings: [.unsafeFlags(["-O2"])]),
    .target(
      name: "CDLCPreprocess", path: "runtime/preprocess", exclude: ["tests"],
      cSettings: [.unsafeFlags(["-O2", "-ffp-contract=off", "-fno-math-errno"])]),
    .systemLibrary(name: "CDLC", path: "runtime/include"),
    .target(
      name: "DLCRuntime", dependencies: ["CDLC", "CDLCKernels", "CDLCPlan", "CDLCPlatform"],
      path: "runtime/swift"),

    // The compiler.
    .target(name: "DLCTensor"),
    .target(name: "DLCGraph", dependencies: ["DLCTensor"]),
    .target(name: "DLCOperators", dependencies: ["DLCGraph", "DLCTensor", "CDLCKernels"]),
    .target(name: "COnnxProto", linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(name: "DLCOnnx", dependencies: ["DLCOperators", "DLCGraph", "DLCTensor", "COnnxProto"]),
    .target(name: "DLCPasses", dependencies: ["DLCOperators", "DLCGraph", "DLCTensor"]),
    .target(name: "DLCQuantization", dependencies: ["DLCOperators", "DLCGraph", "DLCTensor"]),
    .target(
      name: "CDLCPlanBuilder",
      cxxSettings: [
        .define("FLATBUFFERS_MAX_ALIGNMENT", to: "64")
      ]),
    .target(
      name: "DLCPlanWriter",
      dependencies: ["DLCOperators", "DLCGraph", "DLCTensor", "CDLCPlanBuilder", "CDLCKernels"]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    // Pictures: libpng and libjpeg behind C functions, because they report errors by longjmp.
    .target(name: "CImageCodecs", cSettings: [.unsafeFlags(["-O2"])]),
    .target(
      name: "DLCData", dependencies: ["DLCTensor", "DLCOnnx", "CZlib", "CImageCodecs", "CDLCPreprocess"]),
    .target(
      name: "DLCCompiler",
      dependencies: ["DLCOnnx", "DLCPasses", "DLCPlanWriter", "DLCOperators", "DLCGraph", "DLCTensor"]),
    .target(name: "CHostMemory"),
    .target(
      name: "DLCReport",
      dependencies: [
        "CHostMemory",
        "DLCCompiler", "DLCQuantization", "DLCPlanWriter", "DLCOnnx", "DLCOperators", "DLCGraph", "DLCRuntime",
        "DLCData", "DLCTensor",
        "CDLC", "CDLCPlatform", "CDLCKernels",
      ]),
    .target(name: "DLCTesting", dependencies: ["DLCReport", "DLCCompiler"]),
    .executableTarget(
      name: "dlc",
      dependencies: [
        "DLCReport", "DLCCompiler", "DLCQuantization", "DLCData", "DLCTensor",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .target(name: "GraphTestSupport", dependencies: ["DLCGraph", "DLCTensor"], path: "Tests/GraphTestSupport"),
    .target(
      name: "PlanTestSupport",
      dependencies: ["GraphTestSupport", "DLCPlanWriter", "DLCRuntime", "DLCOperators", "DLCGraph", "DLCTensor"],
      path: "Tests/PlanTestSupport"),
    .testTarget(
      name: "DLCPlanWriterTests",
      dependencies: [
        "PlanTestSupport", "DLCPlanWriter", "DLCPasses", "DLCOperators", "DLCGraph", "DLCTensor", "DLCRuntime",
        "CDLCPlan", "CDLCPlanBuilder", "CDLCKernels",
      ]),
    .testTarget(
      name: "DLCRuntimeTests",
      dependencies: [
        "PlanTestSupport", "DLCPlanWriter", "DLCRuntime", "CDLC", "CDLCPlan", "DLCOperators", "DLCGraph", "DLCTensor",
      ],
      exclude: ["plans"]),
    .testTarget(
      name: "DLCDataTests", dependencies: ["DLCData", "DLCTensor", "CZlib"], exclude: ["fixtures", "make_fixtures.py"]),
    .testTarget(
      name: "DLCReportTests",
      dependencies: [
        "PlanTestSupport", "DLCReport", "DLCCompiler", "DLCQuantization", "DLCData", "DLCOnnx", "DLCOperators",
        "DLCRuntime", "DLCGraph", "DLCTensor", "CDLCKernels",
      ]),
    .testTarget(name: "DLCTestingTests", dependencies: ["DLCTesting"]),
    .testTarget(
      name: "DLCPassesTests",
      dependencies: ["GraphTestSupport", "DLCPasses", "DLCOperators", "DLCGraph", "DLCTensor"]),
    .testTarget(
      name: "DLCQuantizationTests", dependencies: ["DLCQuantization", "DLCOperators", "DLCGraph", "DLCTensor"]),
    .testTarget(
      name: "DLCOnnxTests", dependencies: ["GraphTestSupport", "DLCOnnx", "DLCOperators", "DLCGraph", "DLCTensor"]),
    .testTarget(
      name: "DLCOperatorsTests",
      dependencies: ["GraphTestSupport", "DLCOperators", "DLCGraph", "DLCTensor", "CDLCKernels"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
