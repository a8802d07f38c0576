// swift-tools-version: 6.1
import PackageDescription

// A package that uses the runtime from Swift: the functions of dlc.h by way of the product DLCRuntime.
let package = Package(
  name: "swift-host",
  dependencies: [.package(name: "dlc", path: "../..")],
  targets: [
    .executableTarget(name: "classify", dependencies: [.product(name: "DLCRuntime", package: "dlc")])
  ]
)
