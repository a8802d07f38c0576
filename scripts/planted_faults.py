"""Plants faults in quantized networks and asks `dlc diff --per-layer` where they are.

    python3 scripts/planted_faults.py --work DIR --data DATA [--dlc PROGRAM] [--flags "FLAG..."] [--layers N] [--samples N] MODEL.onnx...

For convolutions and matrix products from the first to the last, evenly spread, at most --layers of them, it makes three candidates:

  model   the plan quantized from a model whose layer has one output channel's weights scaled by 100
  range   the quantized network (--emit onnx) with the layer's output range clipped to an eighth
  weight  the quantized network with one output channel's weight scale multiplied by 100

The first line of the table must be that layer, with saturation for a clipped range and a channel's gain (or channels of unequal
strength) for the others; status 1 when one is not. --flags go to every command that reads data (--preprocess, --dim).
Needs the Python packages numpy and onnx.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys

import numpy as np
import onnx
from onnx import numpy_helper

FACTOR, CLIP = 100, 8
EXPECTED = {"model": {"channel gain", "channel imbalance"}, "weight": {"channel gain"}, "range": {"saturation"}}


def run(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(arguments)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def products(graph, initializers):
    """(node, axis of the output channels in its weights) of each convolution and product with constant weights, in order."""
    found = []
    for node in graph.node:
        name = node.input[1] if len(node.input) > 1 else None
        if node.op_type in ("Conv", "Gemm", "MatMul") and name in initializers:
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            found.append((node, 0 if node.op_type == "Conv" or transposed else len(initializers[name].dims) - 1))
    return found


def label(node):
    """The name that dlc gives a node."""
    return node.name or node.output[0]


def replace(graph, name, values):
    for k, tensor in enumerate(graph.initializer):
        if tensor.name == name:
            graph.initializer[k].CopyFrom(numpy_helper.from_array(values, name))
            return
    sys.exit(f"no initializer {name}")


def spread(items, count):
    if len(items) <= count:
        return items
    return [items[round(k * (len(items) - 1) / (count - 1))] for k in range(count)]


def usual_channel(weights, axis):
    """The output channel of the median strength."""
    strength = np.sqrt((np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1).astype(np.float64) ** 2).sum(1))
    return int(np.argsort(strength)[len(strength) // 2])


def scaled(weights, axis, channel):
    result = np.moveaxis(weights.copy(), axis, 0)
    result[channel] = result[channel] * FACTOR
    return np.ascontiguousarray(np.moveaxis(result, 0, axis))


def quantized_layer(graph, name):
    """The layer `name` of a quantized graph, its weights' DequantizeLinear, and the QuantizeLinear of its result."""
    producers = {output: node for node in graph.node for output in node.output}
    readers = {}
    for node in graph.node:
        for value in node.input:
            readers.setdefault(value, []).append(node)
    # An exported layer keeps its name; what was fused into it follows with the name and a suffix, or none.
    node = next((n for n in graph.node if n.name == name and n.op_type in ("Conv", "Gemm", "MatMul")), None)
    if node is None:
        return None, None, None
    weights = producers.get(node.input[1])
    while weights is not None and weights.op_type in ("Reshape", "Transpose"):
        weights = producers.get(weights.input[0])
    value = node
    while True:
        following = readers.get(value.output[0], [])
        if len(following) != 1:
            return node, weights, None
        value = following[0]
        if value.op_type == "QuantizeLinear":
            return node, weights, value
        if value.op_type not in ("Add", "Relu", "Clip", "LeakyRelu", "Identity"):
            return node, weights, None


def main():
    parser = argparse.ArgumentParser(description="Plants faults and asks dlc diff --per-layer for them.")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--work", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--dlc", default=".build/release/dlc")
    parser.add_argument("--flags", default="")
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--samples", default="80")
    parser.add_argument("--only", choices=sorted(EXPECTED))
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    flags = shlex.split(options.flags)
    missed = total = 0
    for path in options.models:
        stem = os.path.join(options.work, os.path.splitext(os.path.basename(path))[0])
        model = onnx.load(path)
        initializers = {tensor.name: tensor for tensor in model.graph.initializer}
        calibrate = ["--quantize", "int8", "--calibrate", options.data, "--samples", "60", "--quiet", *flags]
        run(options.dlc, "compile", path, "-o", stem + ".qdq.onnx", "--emit", "onnx", *calibrate)
        quantized = onnx.load(stem + ".qdq.onnx")
        for node, axis in spread(products(model.graph, initializers), options.layers):
            weights = numpy_helper.to_array(initializers[node.input[1]])
            channel = usual_channel(weights, axis)
            for kind in sorted(EXPECTED):
                if options.only not in (None, kind):
                    continue
                candidate = f"{stem}.{kind}.onnx"
                if kind == "model":
                    faulty = onnx.ModelProto()
                    faulty.CopyFrom(model)
                    replace(faulty.graph, node.input[1], scaled(weights, axis, channel))
                    onnx.save(faulty, candidate)
                    run(options.dlc, "compile", candidate, "-o", stem + ".plan", *calibrate)
                    candidate = stem + ".plan"
                else:
                    faulty = onnx.ModelProto()
                    faulty.CopyFrom(quantized)
                    constants = {t.name: numpy_helper.to_array(t) for t in faulty.graph.initializer}
                    layer, dequantize, quantize = quantized_layer(faulty.graph, label(node))
                    changed = dequantize if kind == "weight" else quantize
                    if kind == "weight" and layer is not None and layer.input[1] in constants:
                        # The layer stayed in floats: its weights themselves.
                        replace(faulty.graph, layer.input[1], scaled(constants[layer.input[1]], axis, channel))
                    elif changed is None or changed.input[1] not in constants:
                        print(f"{os.path.basename(path)}: {label(node)}: {kind}: nothing is quantized there")
                        continue
                    else:
                        scale = constants[changed.input[1]].copy()
                        if kind == "weight":
                            scale[channel] = scale[channel] * FACTOR
                        else:
                            scale = (scale / CLIP).astype(scale.dtype)
                        # Scales may be shared with healthy layers: this one gets its own.
                        name = "planted scale"
                        faulty.graph.initializer.append(numpy_helper.from_array(scale, name))
                        changed.input[1] = name
                        if kind == "range":
                            for user in faulty.graph.node:
                                if user.op_type == "DequantizeLinear" and user.input[0] == changed.output[0]:
                                    user.input[1] = name
                    onnx.save(faulty, candidate)
                answer = json.loads(run(options.dlc, "diff", path, candidate, "--per-layer", "--json", "--quiet",
                                        "--data", options.data, "--samples", options.samples, *flags))
                first = answer["layers"][0]
                found = first["name"] == label(node) and first["cause"] in EXPECTED[kind]
                total += 1
                missed += not found
                place = next((k + 1 for k, l in enumerate(answer["layers"]) if l["name"] == label(node)), None)
                own = answer["layers"][place - 1] if place else {}
                print(f"{'ok    ' if found else 'MISSED'} {os.path.basename(path)} {kind:6} {label(node)} channel {channel}: first '{first['name']}'"
                      f" {first['cause']} {first['share']:.3f} ({first['explanation']}); the layer is {place} {own.get('cause')} {own.get('share', 0):.3f}", flush=True)
    print(f"{total - missed} of {total} faults named first")
    sys.exit(1 if missed or not total else 0)


if __name__ == "__main__":
    main()
