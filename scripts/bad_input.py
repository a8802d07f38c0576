"""Runs dlc on damaged and hand-made bad files and judges each run. Called by scripts/bad-input.

Every run must end by itself with a status of the contract, within the time and memory given, leave nothing half-written, and
say in one message where and what is wrong when it fails.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import bad_models

Run = collections.namedtuple("Run", "command allowed keep")
Outcome = collections.namedtuple("Outcome", "run faults seconds megabytes status message")


def damaged(source, truncations, flips, seed):
    """Yields (how, function that makes the bytes): `source` cut short and with single bits turned."""
    generator = random.Random(seed)
    for _ in range(truncations):
        length = generator.randrange(len(source))
        yield f"cut-{length}", lambda length=length: source[:length]
    for _ in range(flips):
        # Half of the damage goes to the first kilobyte, where tables and headers stand.
        place = generator.randrange(min(1024, len(source)) if generator.random() < 0.5 else len(source))
        bit = generator.randrange(8)
        yield f"flip-{place}-{bit}", lambda place=place, bit=bit: flipped(source, place, bit)


def flipped(source, place, bit):
    content = bytearray(source)
    content[place] ^= 1 << bit
    return content


def measure(run, output, options):
    """Runs one command; returns its outcome. `output` is where a plan may be written, or None."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as error:
        process = subprocess.Popen(
            run.command, stdin=subprocess.DEVNULL, stdout=error, stderr=error,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
        # The CPU limit of the kernel, not a timer here: other processes on the machine must not decide the answer.
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (options.seconds + 1, options.seconds + 2))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        error.seek(0)
        message = error.read().decode(errors="replace")
    elapsed = time.monotonic() - start
    seconds, megabytes, code = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode
    faults = []
    if code not in run.allowed:
        faults.append(f"signal {-code}" if code < 0 else f"status {code}, expected {' or '.join(map(str, run.allowed))}")
    if seconds > options.seconds:
        faults.append(f"{seconds:.1f} s of processor time ({elapsed:.1f} s)")
    if megabytes > options.megabytes:
        faults.append(f"{megabytes:.0f} MB")
    # What check finds is its result, not an error of its own.
    errors = [line for line in message.splitlines() if line.startswith("error: ") or line.endswith(" it:")]
    if code > 1 and (len(errors) != 1 or len(errors[0]) > 1200):
        faults.append(f"{len(errors)} error messages" if len(errors) != 1 else "a message without end")
    if output is not None:
        found = sorted(entry.name for entry in output.iterdir())
        if found != (["out.plan"] if code == 0 else []):
            faults.append(f"left {found}")
    return Outcome(run, faults, seconds, megabytes, code, message.strip())


def attempt(job, work, options):
    """Writes the job's file, runs its commands on it, and keeps the file when one of them misbehaves."""
    name, content, commands, allowed = job
    with tempfile.TemporaryDirectory(dir=work) as folder:
        folder = pathlib.Path(folder)
        if content is None:
            path = pathlib.Path(name)
        else:
            path = folder / "input"
            path.write_bytes(content())
        outcomes = []
        for arguments in commands:
            output = None
            if "-o" in arguments:
                output = folder / "output"
                shutil.rmtree(output, ignore_errors=True)
                output.mkdir()
            words = [str(path) if a == "FILE" else str(output / "out.plan") if a == "OUT" else a for a in arguments]
            outcome = measure(Run([options.dlc, *words], allowed, name), output, options)
            outcomes.append((name, arguments[0], outcome))
            if outcome.faults and content is not None:
                options.found.mkdir(parents=True, exist_ok=True)
                (options.found / name.replace("/", "_")).write_bytes(content())
    return outcomes


def jobs(work, options):
    """Yields (name, function that makes the content or None, commands, statuses that are right).

    Contents are made where they are used: a process counts the memory of this one as its own until it starts the program.
    """
    onnx = [["check", "FILE"], ["compile", "FILE", "-o", "OUT", "--quiet"]]
    if not options.only or "made" in options.only:
        for path, allowed in bad_models.write(work / "made"):
            yield str(path), None, onnx, allowed
    for index, source in enumerate(map(pathlib.Path, options.models)):
        if not options.only or "models" in options.only:
            for how, content in damaged(source.read_bytes(), options.truncations, options.flips, options.seed + index):
                yield f"{source.stem}-{how}.onnx", content, onnx, (0, 65)
        if not options.only or "plans" in options.only:
            plan = work / f"{source.stem}.plan"
            made = subprocess.run(
                [options.dlc, "compile", str(source), "-o", str(plan), "--quiet"], capture_output=True, check=False)
            if made.returncode != 0:
                sys.exit(f"bad-input: {source} does not compile: {made.stderr.decode()}")
            run = [["run", "FILE", "--random", "1", "--threads", "1"]]
            for how, content in damaged(plan.read_bytes(), options.truncations, options.flips, options.seed + index):
                yield f"{source.stem}-{how}.plan", content, run, (0, 65)
            # Compile takes no plan, and says so.
            yield str(plan), None, [["compile", "FILE", "-o", "OUT"]], (65,)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bad-input", description="Runs dlc on bad files.")
    parser.add_argument("--dlc", required=True)
    parser.add_argument("--truncations", type=int, default=500)
    parser.add_argument("--flips", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=int, default=2, help="processor time that a run may take")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--only", action="append", choices=["made", "models", "plans"])
    parser.add_argument("--verbose", action="store_true", help="print every run of a hand-made file with its message")
    parser.add_argument("--found", type=pathlib.Path, default=pathlib.Path(".build/bad-input"))
    parser.add_argument("models", nargs="+")
    options = parser.parse_args()

    counts, faults, slowest, largest = collections.Counter(), 0, (0, ""), (0, "")
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = pathlib.Path(work) / "work"
        work.mkdir()
        for outcomes in pool.map(lambda job: attempt(job, work, options), jobs(work, options)):
            for name, command, outcome in outcomes:
                counts[outcome.status] += 1
                slowest = max(slowest, (outcome.seconds, f"{command} {pathlib.Path(name).name}"))
                largest = max(largest, (outcome.megabytes, f"{command} {pathlib.Path(name).name}"))
                if outcome.faults:
                    faults += 1
                    print(f"bad-input: {command} {name}: {'; '.join(outcome.faults)}\n  {outcome.message[:400]}")
                elif options.verbose and "/made/" in name:
                    print(f"{outcome.status} {command} {pathlib.Path(name).name}: {outcome.message}")
    print(f"bad-input: {sum(counts.values())} runs, " + ", ".join(f"{n} status {s}" for s, n in sorted(counts.items()))
          + f"; slowest {slowest[0]:.2f} s ({slowest[1]}), largest {largest[0]:.0f} MB ({largest[1]}); {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
