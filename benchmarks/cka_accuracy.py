"""Accuracy of CKA where features have a common offset or an odd size, and what comes of layers that tell nothing; ours and the peers.

Run: python benchmarks/cka_accuracy.py
Every layer of one network with every layer of another, 512 inputs, half of the layers rectified; all features multiplied by `scale`, and
`offset` standard deviations added to them. Printed is the largest absolute error against double precision, computed from the very
same single-precision values, so that it is the computation's and not the input's. Ours: `cka` by kernels (layers 64 to 2,048 wide) and by
features (16 to 64 wide), the worse of biased and debiased, and `Minibatches` of 128, as the peers have it (16 to 2,048 wide). Ours is
asserted to be 1e-6 or less everywhere. AssertionError: torch-cka says that there are NaNs, and gives nothing.
Below: what each answers for one layer that is spoilt and one that is not.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

import environment
from peers.cka import PEERS, Network, Values, exact, features, loader, ours
from scratchlab.checks import Problem
from scratchlab.kernels.alignment import Minibatches, cka

INPUTS, BATCH = 512, 128
OFFSETS, SCALES = (0, 1, 3, 10, 100, 1000), (1e-6, 1e-3, 1, 1e3, 1e6)
WIDE, NARROW = (64, 512, 2048), (16, 64)


def network(widths: tuple[int, ...], seed: int, offset: float, scale: float) -> Network:
    """Each width twice: as it is, and rectified."""
    made = [*features(INPUTS, widths, seed, rectified=False), *features(INPUTS, widths, seed + 10)]
    return Network([one.div_(one.std()).add_(offset).mul_(scale) for one in made])


def error(made: Callable[[], Values], truth: Values) -> float | str:
    """The largest, or why there is none."""
    try:
        return float(np.abs(made() - truth).max())
    except (AssertionError, ArithmeticError, ValueError) as refused:
        return f"{type(refused).__name__}"


def of_whole(widths: tuple[int, ...], offset: float, scale: float) -> float:
    """The worse of biased and debiased."""
    a, b = (network(widths, seed, offset, scale) for seed in (0, 1))
    rows = torch.arange(INPUTS)
    found = cka(a(rows), b(rows))
    errors = [
        np.abs(made - exact(a, b, loader(INPUTS, INPUTS), debiased=debiased)).max()
        for made, debiased in ((found.biased, False), (found.debiased, True))
    ]
    return float(max(errors))


def row(offset: float, scale: float) -> None:
    a, b = (network((*NARROW, *WIDE), seed, offset, scale) for seed in (0, 1))
    truth = exact(a, b, loader(INPUTS, BATCH))
    mine = [of_whole(WIDE, offset, scale), of_whole(NARROW, offset, scale), error(lambda: ours(a, b, loader(INPUTS, BATCH)), truth)]
    assert all(isinstance(one, float) and one <= 1e-6 for one in mine), mine
    found = [*mine, *(error(lambda peer=peer: peer(a, b, loader(INPUTS, BATCH)), truth) for peer in PEERS.values())]
    told = [one if isinstance(one, str) else f"{one:.0e}" for one in found]
    print(f"{offset:6g} {scale:6g} " + " ".join(f"{one:>14}" for one in told), flush=True)


def degenerate(title: str, spoilt: Tensor, good: Tensor, batch: int) -> None:
    """What each says of the debiased CKA of both."""
    a, b = Network([spoilt]), Network([good])
    print(f"\n{title}")
    found = Minibatches()
    try:
        for (rows,) in loader(len(good), batch):
            found.add(a(rows), b(rows))
        told = found.alignment().of("layer0", "layer0")
        answer = told.how if told.value is None else f"{told.value:.4f}"
        answer += f" ({found.left_out} batch left out)" if found.left_out else ""
    except Problem as refused:
        answer = str(refused)
    print(f"  ours: {answer}")
    for name, peer in PEERS.items():
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                answer = f"{peer(a, b, loader(len(good), batch))[0, 0]:.4f}"
        except Exception as refused:  # whatever it is, it is the answer
            answer = f"{type(refused).__name__}: {refused}"
        print(f"  {name}: {answer}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        environment.tell()
        heads = ("ours: kernels", "features", "minibatches", *PEERS)
        print("offset  scale " + " ".join(f"{head:>14}" for head in heads))
        for offset in OFFSETS:
            for scale in SCALES:
                row(offset, scale)
        (x,), (y,) = (features(258, (20,), seed) for seed in (0, 1))
        unrelated = torch.randn(258, 20, generator=torch.Generator().manual_seed(10))
        degenerate("nothing spoilt", x[:256], y[:256], 128)
        degenerate("a layer that is 3.7 for all inputs", torch.full((256, 20), 3.7), y[:256], 128)
        degenerate("a dead layer", torch.zeros(256, 20), y[:256], 128)
        degenerate("an input that is not a number", x[:256].index_fill(0, torch.tensor([5]), torch.nan), y[:256], 128)
        degenerate("an unrelated layer: 0 but for chance, on either side", unrelated[:256], y[:256], 128)
        degenerate("three inputs", x[:3], y[:3], 3)
        degenerate("a last batch of 1", x[:257], y[:257], 128)
        degenerate("a last batch of 2", x, y, 128)
