"""Speed of CKA summed over minibatches, against pytorch-cka and torch-cka.

Run: python benchmarks/cka_minibatch.py
Two networks of 16 layers, 64 to 4096 features wide, 17,792 together, of 5,000 inputs, recorded before (`peers/cka.py` says how they reach
the peers); every layer of one with every layer of the other, in batches of 64, 256 and 512, on one thread, taking turns. Ours gives the
biased values as well, and reasons for what is undefined. "+ 3" adds 3 to all features: what inputs have in common then outweighs what sets
them apart, and ours takes it away first; torch-cka is left out of that.
Prints CPU seconds and ratios, medians (least to most), and how far the results are apart, which is below 1e-4, or said to be more.
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
    """CPU seconds, and what came of it."""
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def compare(batch: int, offset: float, peers: list[str]) -> None:
    a, b = (Network([one.add_(offset) for one in features(INPUTS, WIDTHS, seed)]) for seed in (0, 1))
    works = [lambda work=work: work(a, b, loader(INPUTS, batch)) for work in (ours, *(PEERS[name] for name in peers))]
    ours(a, b, loader(4 * batch, batch))  # warms up
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
        environment.tell()
        for batch in (64, 256, 512):
            compare(batch, 0, list(PEERS))
        compare(256, 3, ["pytorch-cka"])
