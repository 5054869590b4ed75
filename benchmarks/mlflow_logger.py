"""What `--mirror mlflow` costs a run: CPU time of the whole program with and without it, the two taking turns.

Run: python benchmarks/mlflow_mirror.py [--recipe digits] [--epochs 2 15] [--repeats 3]
Each run is a program of its own on one thread, its CPU time that of all its threads, the mirror's included, as the system counts it. The
database is made beforehand (MLflow takes about a second for its tables, once in a folder of runs). Prints both medians, and the medians of
the differences and of their shares. Most of it is fixed: loading MLflow.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from scratchlab.checks import Problem
from scratchlab.loggers.catalog import chosen


def seconds(runs: Path, recipe: str, epochs: int, *words: str) -> float:
    """CPU seconds of one run."""
    command = [sys.executable, "-m", "scratchlab", "run", recipe, "--again", "--runs", str(runs), "-s", f"training.epochs={epochs}", *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment | {"OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compared(runs: Path, recipe: str, epochs: int, repeats: int) -> None:
    """Both in turn, in the other order every second time; prints what each took."""
    taken: list[tuple[float, float]] = []
    for repeat in range(repeats):
        ways = [(), ("--mirror", "mlflow")]
        found = {way: seconds(runs, recipe, epochs, *way) for way in (ways if repeat % 2 == 0 else ways[::-1])}
        taken.append((found[ways[0]], found[ways[1]]))
    plain, mirrored = (median(column) for column in zip(*taken, strict=True))
    more = median(b - a for a, b in taken)
    slower = [b / a - 1 for a, b in taken]
    print(f"{recipe}, {epochs:3} epochs: without {plain:6.2f}, with {mirrored:6.2f} CPU s; {more:+.2f} s, ", end="")
    print(f"{median(slower):+.1%} ({min(slower):+.1%} to {max(slower):+.1%})", flush=True)


def main() -> None:
    """Short runs and longer ones: how the difference grows is what epochs cost."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--recipe", default="digits")
    asked.add_argument("--epochs", type=int, nargs="+", default=[2, 15])
    asked.add_argument("--repeats", type=int, default=3)
    words = asked.parse_args()
    try:
        chosen("mlflow")
    except Problem as problem:
        print(f"Left out: {problem}")
        return
    with tempfile.TemporaryDirectory() as folder:
        seconds(Path(folder), words.recipe, 2, "--mirror", "mlflow")
        for epochs in words.epochs:
            compared(Path(folder), words.recipe, epochs, words.repeats)


if __name__ == "__main__":
    main()
