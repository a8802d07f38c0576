"""dlc's own int8 in the comparison: compiles with --quantize int8, evaluates, and collects outputs. Used by compare_int8.py."""

import json
import os
import subprocess
import tempfile

import numpy as np


class Absent(Exception):
    """Why dlc has no column."""


class Dlc:
    """One dlc program. Every call is a process of its own, on one thread."""

    def __init__(self, program):
        self.program = program

    def call(self, *arguments):
        """The JSON object of a command; raises Absent with the command's own words."""
        run = subprocess.run([self.program, *arguments, "--json", "--quiet"], capture_output=True, text=True, check=False)
        if run.returncode not in (0, 1):
            words = (run.stderr.strip().splitlines() or [f"status {run.returncode}"])[0]
            raise Absent(f"dlc {arguments[0]}: {words}")
        return json.loads(run.stdout)

    def check(self):
        """Raises Absent when this dlc does not quantize."""
        if not self.program or not os.path.exists(self.program):
            raise Absent("no dlc program; --dlc names it")
        words = subprocess.run([self.program, "compile", "--help"], capture_output=True, text=True, check=False).stdout
        if "int8" not in words:
            raise Absent("this dlc has no --quantize int8")

    def compile(self, model, plan, calibration, preprocess=None, dims=(), extra=()):
        """An int8 plan calibrated on DATA."""
        arguments = ["compile", model, "-o", plan, "--quantize", "int8", "--calibrate", calibration, "--threads", "1"]
        for name in dims:
            arguments += ["--dim", f"{name}=1"]
        return self.call(*arguments, *(["--preprocess", preprocess] if preprocess else []), *extra)

    def accuracy(self, plan, data, preprocess=None):
        """Top-1 in percent on labelled DATA."""
        pictures = ["--preprocess", preprocess] if preprocess else []
        return self.call("evaluate", plan, "--data", data, "--threads", "1", *pictures)["accuracy"] * 100

    def outputs(self, plan, key, samples, names):
        """Every output over the samples, each [samples, ...]."""
        collected = {name: [] for name in names}
        with tempfile.TemporaryDirectory() as folder:
            for sample in samples:
                np.save(f"{folder}/input.npy", sample[None])
                self.call("run", plan, "--input", f"{key}={folder}/input.npy", "--output", f"{folder}/out", "--threads", "1")
                files = sorted(os.listdir(f"{folder}/out"))
                for name in names:
                    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
                    file = files[0] if len(files) == 1 else f"{plain}.npy"
                    collected[name].append(np.asarray(np.load(f"{folder}/out/{file}"), np.float32))
        return {name: np.concatenate(parts) for name, parts in collected.items()}
