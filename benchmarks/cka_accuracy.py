"""Numerical accuracy of CKA for features with a large mean or an extreme scale, and results for degenerate layers; ours and other packages.

Run: python benchmarks/cka_accuracy.py
Every layer of one network with every layer of another, 512 inputs, half of the layers rectified; `offset` standard deviations are added to
all features, which are then multiplied by `scale`. Prints the largest absolute error relative to a double-precision computation from the
same single-precision features. Ours: `cka` by kernels (layers 64 to 2,048 wide) and by features (16 to 64 wide), the larger error of
biased and debiased, and `Minibatches` of 128, like the other packages (16 to 2,048 wide); all must be 1e-6 or less. AssertionError:
torch-cka reports NaNs and returns nothing.
Then prints what each package returns for a degenerate layer and a normal one.
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
    """A network with two layers of each width, the second one rectified."""
    layers = [*features(INPUTS, widths, seed, rectified=False), *features(INPUTS, widths, seed + 10)]
    return Network([layer.div_(layer.std()).add_(offset).mul_(scale) for layer in layers])


def error(compute: Callable[[], Values], truth: Values) -> float | str:
    """The largest absolute error, or the name of the exception."""
    try:
        return float(np.abs(compute() - truth).max())
    except (AssertionError, ArithmeticError, ValueError) as exception:
        return f"{type(exception).__name__}"


def full_batch_error(widths: tuple[int, ...], offset: float, scale: float) -> float:
    """The larger error of biased and debiased CKA over all inputs."""
    a, b = (network(widths, seed, offset, scale) for seed in (0, 1))
    rows = torch.arange(INPUTS)
    result = cka(a(rows), b(rows))
    errors = [
        np.abs(values - exact(a, b, loader(INPUTS, INPUTS), debiased=debiased)).max()
        for values, debiased in ((result.biased, False), (result.debiased, True))
    ]
    return float(max(errors))


def row(offset: float, scale: float) -> None:
    a, b = (network((*NARROW, *WIDE), seed, offset, scale) for seed in (0, 1))
    truth = exact(a, b, loader(INPUTS, BATCH))
    our_errors = [
        full_batch_error(WIDE, offset, scale),
        full_batch_error(NARROW, offset, scale),
        error(lambda: ours(a, b, loader(INPUTS, BATCH)), truth),
    ]
    assert all(isinstance(value, float) and value <= 1e-6 for value in our_errors), our_errors
    errors = [*our_errors, *(error(lambda peer=peer: peer(a, b, loader(INPUTS, BATCH)), truth) for peer in PEERS.values())]
    cells = [value if isinstance(value, str) else f"{value:.0e}" for value in errors]
    print(f"{offset:6g} {scale:6g} " + " ".join(f"{cell:>14}" for cell in cells), flush=True)


def degenerate(title: str, layer: Tensor, normal: Tensor, batch: int) -> None:
    """Print the debiased CKA of a degenerate and a normal layer by each package."""
    a, b = Network([layer]), Network([normal])
    print(f"\n{title}")
    minibatches = Minibatches()
    try:
        for (rows,) in loader(len(normal), batch):
            minibatches.add(a(rows), b(rows))
        estimate = minibatches.alignment().of("layer0", "layer0")
        answer = estimate.how if estimate.value is None else f"{estimate.value:.4f}"
        answer += f" ({minibatches.left_out} batch left out)" if minibatches.left_out else ""
    except Problem as problem:
        answer = str(problem)
    print(f"  ours: {answer}")
    for name, peer in PEERS.items():
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                answer = f"{peer(a, b, loader(len(normal), batch))[0, 0]:.4f}"
        except Exception as exception:  # any exception is a result here
            answer = f"{type(exception).__name__}: {exception}"
        print(f"  {name}: {answer}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        environment.print_environment()
        heads = ("ours: kernels", "features", "minibatches", *PEERS)
        print("offset  scale " + " ".join(f"{head:>14}" for head in heads))
        for offset in OFFSETS:
            for scale in SCALES:
                row(offset, scale)
        (x,), (y,) = (features(258, (20,), seed) for seed in (0, 1))
        unrelated = torch.randn(258, 20, generator=torch.Generator().manual_seed(10))
        degenerate("two normal layers", x[:256], y[:256], 128)
        degenerate("a constant layer (3.7 for all inputs)", torch.full((256, 20), 3.7), y[:256], 128)
        degenerate("a dead layer", torch.zeros(256, 20), y[:256], 128)
        degenerate("an input that is NaN", x[:256].index_fill(0, torch.tensor([5]), torch.nan), y[:256], 128)
        degenerate("an unrelated layer: 0 up to chance, of either sign", unrelated[:256], y[:256], 128)
        degenerate("three inputs", x[:3], y[:3], 3)
        degenerate("a last batch of 1", x[:257], y[:257], 128)
        degenerate("a last batch of 2", x, y, 128)
