"""Checks files that dlc writes as ONNX: python3 scripts/compare_export.py --dlc PATH MODEL...

Each model is exported with `dlc compile --emit onnx`; the file must pass onnx.checker, ONNX Runtime must give with it what it
gives with the model, and dlc must give with it what dlc gives with the model. Differences are relative to the largest answer;
quantized models may round a few elements to the next step, so the share of elements beyond --tolerance is judged too.
Status 1 when more than --share of a model's elements lie beyond it.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx

from compare_qdq import dlc_outputs, feeds_of, session_of


def difference(found, wanted, tolerance):
    """The largest difference relative to the largest answer, and the share of elements beyond the tolerance."""
    largest, beyond, count = 0.0, 0, 0
    for a, b in zip(found, wanted):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise RuntimeError(f"{a.dtype}{list(a.shape)} instead of {b.dtype}{list(b.shape)}")
        a, b = a.astype(np.float64), b.astype(np.float64)
        scale = max(float(np.abs(b).max(initial=0)), 1e-30)
        distance = np.where(a == b, 0, np.abs(a - b)) / scale
        largest = max(largest, float(distance.max(initial=0)))
        beyond += int(np.sum(distance > tolerance))
        count += distance.size
    return largest, beyond / max(count, 1)


def check(options, path, folder):

    exported = pathlib.Path(folder) / path.name
    command = [options.dlc, "compile", str(path), "--emit", "onnx", "-o", str(exported), "--quiet"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=options.timeout, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr.strip())
    model = onnx.load(exported)
    onnx.checker.check_model(model, full_check=True)
    original = session_of(path, False)
    feeds = feeds_of(original, 0)
    names = [output.name for output in original.get_outputs()]
    results = difference(session_of(exported, False).run(names, feeds), original.run(None, feeds), options.tolerance)
    if not options.peer_only:
        own = dlc_outputs(options, path, feeds, names)
        results += difference(dlc_outputs(options, exported, feeds, names), own, options.tolerance)
    return model.opset_import[0].version, results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dlc", required=True)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--share", type=float, default=0.0)
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--peer-only", action="store_true", help="leave the runs of dlc out")
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    missed = 0
    print(f"{'model':<28}{'opset':>6}{'ONNX Runtime':>16}{'beyond':>10}{'dlc':>16}{'beyond':>10}")
    for path in options.models:
        try:
            with tempfile.TemporaryDirectory() as folder:
                opset, results = check(options, path, folder)
        except Exception as error:  # a checker's or a runtime's refusal is what the table is for
            missed += 1
            print(f"{path.stem:<28}  {' '.join(str(error).split())[:200]}", flush=True)
            continue
        missed += max(results[1::2]) > options.share
        cells = "".join(f"{largest:>16.2e}{beyond:>10.4%}" for largest, beyond in zip(results[0::2], results[1::2]))
        print(f"{path.stem:<28}{opset:>6}{cells}", flush=True)
    print(f"{len(options.models) - missed} of {len(options.models)} agree")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
