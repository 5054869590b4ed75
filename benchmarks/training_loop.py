"""CPU time of an epoch of recipe `digits`, compared with a plain PyTorch loop, and with other checkouts of scratchlab.

Run: python benchmarks/training_loop.py [CHECKOUT ...]
To compare with an earlier commit: git worktree add /tmp/before COMMIT; python benchmarks/training_loop.py /tmp/before
The programs run in turns, one process each. Prints, for each of the others, ours / the other's time: median of the turns' ratios, and the
ratio of the shortest epochs. Our loop also shuffles and augments reproducibly, checks that loss and gradients are finite, and writes
records and checkpoints; validation is not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import environment

HERE = Path(__file__).resolve().parent
EPOCHS, TURNS = 5, 5


def plain(seed: int) -> list[float]:
    """CPU seconds of each epoch of the plain loop, without the first, which warms up."""
    command = [sys.executable, str(HERE / "peers" / "plain_loop.py"), str(EPOCHS), str(seed)]
    return [float(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()][1:]


def checkout(folder: Path, seed: int) -> list[float]:
    """CPU seconds of each epoch of `scratchlab run digits` with the code of this checkout, without the first."""
    with tempfile.TemporaryDirectory() as runs:
        settings = f"training.epochs={EPOCHS}", f"seed={seed}"
        command = [sys.executable, "-m", "scratchlab", "run", "digits", "--runs", runs, *(word for one in settings for word in ("-s", one))]
        environ = os.environ | {"PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environ)
        (records,) = Path(runs).glob("*/metrics.jsonl")
        return [json.loads(line)["cpu_seconds"] for line in records.read_text().splitlines()][1:]


def main(others: list[str]) -> None:
    """Time all programs in turns, and print the ratios."""
    epochs: dict[str, list[list[float]]] = {}
    for turn in range(TURNS):
        epochs.setdefault("ours", []).append(checkout(HERE.parent, turn))
        epochs.setdefault("plain PyTorch", []).append(plain(turn))
        for other in others:
            epochs.setdefault(other, []).append(checkout(Path(other).resolve(), turn))
    ours = epochs.pop("ours")
    for name, theirs in epochs.items():
        ratios = [median(a) / median(b) for a, b in zip(ours, theirs, strict=True)]
        least, theirs_least = min(min(turn) for turn in ours), min(min(turn) for turn in theirs)
        print(f"ours / {name}: ×{median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f}) per turn; ", end="")
        print(f"shortest epochs {least:.2f} / {theirs_least:.2f} s, ×{least / theirs_least:.3f}")


if __name__ == "__main__":
    environment.print_environment()
    main(sys.argv[1:])
