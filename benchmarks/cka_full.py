"""Speed and memory of CKA over all inputs at once, compared with pytorch-cka and torch-cka.

Run: python benchmarks/cka_full.py
Two networks as in `cka_minibatch.py`, with all layers or those of at most 512 features; every layer of one with every layer of the other.
The other packages get a single batch of all inputs. torch-cka multiplies two n × n matrices for every pair of layers, so it takes part at
1,000 inputs only. Ours computes biased and debiased values; the debiased ones are compared.
CPU seconds: in one process, one thread, in turns; medians and ratios (min to max). Memory: in separate processes, the peak that Linux
reports (VmHWM) minus that before the features are created, minus the features themselves.
Errors: the largest, relative to double precision, over layers of at most 512 features; ours must be 1e-6 or less.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import environment
from cka_minibatch import WIDTHS, seconds
from peers.cka import PEERS, Network, Values, exact, features, loader
from scratchlab.kernels.alignment import cka

REPEATS = 3
ALL, NARROW = WIDTHS, tuple(width for width in WIDTHS if width <= 512)


def ours(a: Network, b: Network) -> Values:
    rows = torch.arange(len(next(iter(a.children())).features))
    return cka(a(rows), b(rows)).debiased


def work(name: str, a: Network, b: Network, n: int) -> Values:
    return ours(a, b) if name == "ours" else PEERS[name](a, b, loader(n, n))


def peak_memory() -> int:
    """Peak memory of this process so far, in bytes. Not ru_maxrss, which includes the parent's memory."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def peak(name: str, n: int, widest: int) -> None:
    """In a separate process: print the peak memory beyond the features, in bytes."""
    widths = [width for width in WIDTHS if width <= widest]
    small = [Network(features(8, (4,), seed)) for seed in (0, 1)]
    work(name, *small, 8)  # warm-up: memory that libraries allocate once
    before = peak_memory()
    a, b = (Network(features(n, widths, seed)) for seed in (0, 1))
    work(name, a, b, n)
    print(peak_memory() - before - 2 * 4 * n * sum(widths))


def gigabytes(name: str, n: int, widths: Sequence[int]) -> float:
    done = subprocess.run([sys.executable, __file__, name, str(n), str(max(widths))], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1e9


def compare(title: str, n: int, widths: Sequence[int], peers: Sequence[str]) -> None:
    names, memory = ("ours", *peers), {name: gigabytes(name, n, widths) for name in ("ours", *peers)}
    a, b = (Network(features(n, widths, seed)) for seed in (0, 1))
    works: list[Callable[[], Values]] = [lambda name=name: work(name, a, b, n) for name in names]
    taken = [[seconds(call) for call in works] for _ in range(REPEATS)]
    size = 2 * 4 * n * sum(widths) / 1e9
    narrow = [Network([layer.features for layer in list(network.children())[: len(NARROW)]]) for network in (a, b)]
    truth = exact(*narrow, loader(n, n))
    errors = [np.abs(values[: len(NARROW), : len(NARROW)] - truth).max() for _, values in taken[0]]
    assert errors[0] <= 1e-6, errors
    print(f"{title} (features {size:.2f} GB)")
    for place, name in enumerate(names):
        line = f"  {name}: {median(turn[place][0] for turn in taken):.2f} s, {memory[name]:.2f} GB, error {errors[place]:.0e}"
        ratios = [turn[place][0] / turn[0][0] for turn in taken]
        line += (
            f"; ×{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}), memory ×{memory[name] / memory['ours']:.1f}" if place else ""
        )
        print(line, flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        if sys.argv[1:]:
            peak(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        else:
            environment.print_environment()
            compare("n=1,000, d ≤ 512", 1000, NARROW, list(PEERS))
            compare("n=5,000, d ≤ 512", 5000, NARROW, ["pytorch-cka"])
            compare("n=5,000, all", 5000, ALL, ["pytorch-cka"])
            compare("n=20,000, d ≤ 512", 20_000, NARROW, [])
