"""Puts dlc's int8 beside ONNX Runtime's static quantization and NNCF's, from the same calibration samples, in one table.

    python3 scripts/compare_int8.py --models DIR --data DIR --cifar DIR --networks DIR --calibration DIR... --work DIR
                                    [--dlc PROGRAM] [--extra "FLAG..."] [--only NAME...] [--without ENGINE...] [--report FILE]

  --models       ultraface_rfb320.onnx, yolox_nano.onnx and the other public models; absent ones are left out
  --data         real inputs for them, NAME/calib.npz and NAME/test.npz (scripts/int8_inputs.py makes them)
  --cifar        the CIFAR-10 image folder with test/CLASS/N.jpg
  --calibration  500 training images in the same form; several such folders: each is a comparison of its own, and their means are given,
                 because which images are drawn moves top-1 by about as much as the tools differ
  --networks     resnet8.onnx, mobilenetv2.onnx, vgg.onnx (samples/train_cifar.py makes them and the calibration folder)
  --work         where prepared and quantized models and the peers' figures are kept; delete it to measure them anew
  --extra        further flags for dlc compile

Reference: the float model in ONNX Runtime. Activations u8 and weights s8 per channel in all three. Needs the Python packages
numpy, onnx, onnxruntime, nncf and Pillow. A missing package, model or dlc is said, and what can be measured still is.
"""

import argparse
import glob
import json
import os
import shlex
import sys
from dataclasses import dataclass

import int8_dlc
import int8_peers as peers

CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
HERE = os.path.dirname(os.path.abspath(__file__))
# Outputs of dlc are collected with one process a sample: so many samples, evenly spread, give the distances of all engines.
SPREAD = 100


@dataclass
class Case:
    """One network with its samples. `calibration` and `test` are what dlc is given: folders or files."""

    name: str
    network: str
    model: str
    calibration: str
    test: str
    folder: bool

    def samples(self):
        """(input name, calibration samples, test samples, labels or None), float32 with a leading sample axis."""
        import numpy as np

        if self.folder:
            from PIL import Image

            def images(root):
                paths = [(k, p) for k, c in enumerate(sorted(os.listdir(root))) for p in sorted(glob.glob(f"{root}/{c}/*"))]
                pixels = np.stack([np.asarray(Image.open(p).convert("RGB"), np.float32) for _, p in paths]) / 255
                scaled = (pixels - np.float32(CIFAR_MEAN)) / np.float32(CIFAR_STD)
                return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), np.float32), np.array([k for k, _ in paths])

            (calibration, _), (test, labels) = images(self.calibration), images(self.test)
            key = peers.session(self.model).get_inputs()[0].name
            return key, calibration, test, labels
        with np.load(self.calibration) as calibration, np.load(self.test) as test:
            key = next(name for name in test.files if name != "label")
            labels = test["label"] if "label" in test.files else None
            return key, calibration[key].astype(np.float32), test[key].astype(np.float32), labels


def cases(options):
    found = []
    if options.networks:
        for path in sorted(glob.glob(f"{options.networks}/*.onnx")):
            name = os.path.basename(path)[: -len(".onnx")]
            for draw, calibration in enumerate(options.calibration, start=1):
                label = f"cifar_{name}" + (f"_{draw}" if draw > 1 else "")
                found.append(Case(label, f"cifar_{name}", path, calibration, f"{options.cifar}/test", True))
    if options.models:
        for folder in sorted(glob.glob(f"{options.data}/*/test.npz")):
            name = os.path.basename(os.path.dirname(folder))
            path = f"{options.models}/{name}.onnx"
            if os.path.exists(path):
                found.append(Case(name, name, path, f"{options.data}/{name}/calib.npz", folder, False))
            else:
                print(f"{name}: no {path}", file=sys.stderr)
    return [case for case in found if not options.only or case.network in options.only]


def spread(samples):
    step = max(1, len(samples) // SPREAD)
    return samples[::step][:SPREAD]


def measure_peers(case, options, kept):
    """Fills what is missing of kept[case.name]: figures by engine."""
    import int8_metrics as metrics

    prepared = peers.prepare(case.model, f"{options.work}/{case.name}.f32.onnx")
    engines = [("f32", None, None)]
    engines += [(f"ORT {m}", peers.quantize_onnxruntime, m) for m in peers.ORT_METHODS]
    engines += [(f"NNCF {m}", peers.quantize_nncf, m) for m in peers.NNCF_METHODS]
    engines = [engine for engine in engines if not options.without or not engine[0].startswith(tuple(options.without))]
    figures = kept.setdefault(case.name, {})
    if all(engine in figures for engine, _, _ in engines):
        return
    key, calibration, test, labels = case.samples()
    full = peers.infer(prepared, key, test if labels is not None else spread(test))
    for engine, quantize, method in engines:
        if engine in figures:
            continue
        try:
            path = prepared
            if quantize:
                path = f"{options.work}/{case.name}.{engine.replace(' ', '_').replace(',', '')}.onnx"
                quantize(prepared, path, key, calibration, method)
            answers = peers.infer(path, key, test if labels is not None else spread(test))
            figures[engine] = metrics.judge(case.name, full, answers, labels)
            if labels is not None:
                pick = lambda outputs: {name: spread(value) for name, value in outputs.items()}
                figures[engine]["outputs"] = metrics.judge(case.name, pick(full), pick(answers), None)["outputs"]
        except Exception as error:  # a peer that fails on a model is a finding, not the end of the comparison
            figures[engine] = {"failed": f"{type(error).__name__}: {str(error)[:160]}"}
        save(options, kept)
        print(f"{case.name}: {engine} measured", file=sys.stderr, flush=True)


def measure_dlc(case, options, dlc):
    """dlc's figures for a case."""
    import int8_metrics as metrics
    import numpy as np

    plan = f"{options.work}/{case.name}.plan"
    session = peers.session(case.model)
    dims = sorted({d for info in session.get_inputs() for d in info.shape if isinstance(d, str)})
    preprocess = f"{HERE}/../samples/cifar10.json" if case.folder else None
    report = dlc.compile(case.model, plan, case.calibration, preprocess, dims, shlex.split(options.extra))
    key, _, test, labels = case.samples()
    reference = peers.infer(f"{options.work}/{case.name}.f32.onnx", key, spread(test))
    kind = np.float16 if session.get_inputs()[0].type == "tensor(float16)" else np.float32
    answers = dlc.outputs(plan, key, spread(test).astype(kind), list(reference))
    result = metrics.judge(case.name, reference, answers, None if labels is None else spread(labels))
    if labels is not None:
        result["accuracy"] = dlc.accuracy(plan, case.test, preprocess)
    return {**result, "plan_bytes": report.get("plan_bytes"), "seconds": report.get("seconds")}


def save(options, kept):
    with open(f"{options.work}/figures.json.new", "w") as file:
        json.dump(kept, file, indent=1)
    os.replace(f"{options.work}/figures.json.new", f"{options.work}/figures.json")


def load(options):
    os.makedirs(options.work, exist_ok=True)
    if not os.path.exists(f"{options.work}/figures.json"):
        return {}
    with open(f"{options.work}/figures.json") as file:
        return json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--models", "--data", "--cifar", "--networks", "--dlc", "--report"):
        parser.add_argument(flag)
    parser.add_argument("--calibration", nargs="+", default=[], metavar="DIR")
    parser.add_argument("--work", required=True)
    parser.add_argument("--extra", default="")
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--without", nargs="*", metavar="ENGINE", help="leave out, e.g. NNCF, or \"ORT Entropy\": some take long")
    options = parser.parse_args()
    if absent := peers.missing():
        return print(f"Python packages are missing: {' '.join(absent)}; pip install {' '.join(absent)}", file=sys.stderr) or 66

    import int8_table

    kept, dlc, why = load(options), int8_dlc.Dlc(options.dlc), None
    try:
        dlc.check()
    except int8_dlc.Absent as error:
        why = str(error)
    chosen = cases(options)
    for case in chosen:
        measure_peers(case, options, kept)
        try:
            if not why:
                kept[case.name]["dlc"] = measure_dlc(case, options, dlc)
                save(options, kept)
        except int8_dlc.Absent as error:
            kept[case.name]["dlc"] = {"failed": str(error)}
    text = int8_table.text({case.name: kept[case.name] for case in chosen}, {case.name: case.network for case in chosen})
    if why:
        text += f"\ndlc's column is absent or old: {why}\n"
    print(text)
    if options.report:
        with open(options.report, "w") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
