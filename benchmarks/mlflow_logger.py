"""Overhead of `--mirror mlflow`: CPU time of a run with and without it, in turns.

Run: python benchmarks/mlflow_logger.py [--recipe digits] [--epochs 2 15] [--repeats 3]
Each run is a separate process with one compute thread; its CPU time includes all its threads, also the logger's. The database is created
beforehand (MLflow takes about a second for its tables, once per folder of runs). Prints both medians, and the medians of the absolute and
relative differences. Most of the overhead is fixed: importing MLflow.
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
    """Time both in turns, in alternating order; print the times."""
    taken: list[tuple[float, float]] = []
    for repeat in range(repeats):
        options = [(), ("--mirror", "mlflow")]
        times = {option: seconds(runs, recipe, epochs, *option) for option in (options if repeat % 2 == 0 else options[::-1])}
        taken.append((times[options[0]], times[options[1]]))
    plain, logged = (median(column) for column in zip(*taken, strict=True))
    more = median(b - a for a, b in taken)
    slower = [b / a - 1 for a, b in taken]
    print(f"{recipe}, {epochs:3} epochs: without {plain:6.2f}, with {logged:6.2f} CPU s; {more:+.2f} s, ", end="")
    print(f"{median(slower):+.1%} ({min(slower):+.1%} to {max(slower):+.1%})", flush=True)


def main() -> None:
    """Compare short and longer runs: the difference grows with the overhead per epoch."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--recipe", default="digits")
    parser.add_argument("--epochs", type=int, nargs="+", default=[2, 15])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    try:
        chosen("mlflow")
    except Problem as problem:
        print(f"Skipped: {problem}")
        return
    with tempfile.TemporaryDirectory() as folder:
        seconds(Path(folder), arguments.recipe, 2, "--mirror", "mlflow")
        for epochs in arguments.epochs:
            compared(Path(folder), arguments.recipe, epochs, arguments.repeats)


if __name__ == "__main__":
    main()
