"""Speed of minibatch CKA, compared with pytorch-cka and torch-cka.

Run: python benchmarks/cka_minibatch.py
Two networks of 16 layers, 64 to 4,096 features wide (17,792 in all), recorded features of 5,000 inputs (see `peers/cka.py`); every layer
of one with every layer of the other, in batches of 64, 256 and 512, on one thread, in turns. Ours also computes biased values, and reasons
for undefined ones. "+ 3" adds 3 to all features, so that their mean is larger than their deviations, and ours subtracts it first; torch-cka
is omitted there.
Prints CPU seconds and ratios as medians (min to max), and the largest difference between results, which must be below 1e-4 without offset.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from threadpoolctl import threadpool_limits

import environment
from peers.cka import PEERS, Network, Values, features, loader, ours

INPUTS, REPEATS = 5000, 5
WIDTHS = (64, 64, 128, 128, 256, 256, 512, 512, 512, 1024, 1024, 1024, 2048, 2048, 4096, 4096)


def seconds(work: Callable[[], Values]) -> tuple[float, Values]:
    """CPU seconds of `work`, and its result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def compare(batch: int, offset: float, peers: list[str]) -> None:
    a, b = (Network([layer.add_(offset) for layer in features(INPUTS, WIDTHS, seed)]) for seed in (0, 1))
    works = [lambda work=work: work(a, b, loader(INPUTS, batch)) for work in (ours, *(PEERS[name] for name in peers))]
    ours(a, b, loader(4 * batch, batch))  # warm-up
    taken = [[seconds(work) for work in works] for _ in range(REPEATS)]
    print(f"batch {batch:3d}{f' + {offset:g}' if offset else '    '}: ours {median(turn[0][0] for turn in taken):.2f} s", end="")
    for place, name in enumerate(peers, 1):
        ratios = [turn[place][0] / turn[0][0] for turn in taken]
        apart = abs(taken[0][place][1] - taken[0][0][1]).max()
        assert apart < 1e-4 or offset, (name, apart)
        print(f"; {name} {median(turn[place][0] for turn in taken):.2f} s, ", end="")
        print(f"×{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}), {apart:.0e} apart", end="")
    print(flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        for batch in (64, 256, 512):
            compare(batch, 0, list(PEERS))
        compare(256, 3, ["pytorch-cka"])
