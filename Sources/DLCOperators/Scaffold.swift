import DLCGraph
import DLCTensor
// Scaffolding while the families are being written: each conformance moves to its operator's file.

