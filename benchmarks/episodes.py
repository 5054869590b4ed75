"""Speed of our heads on few-shot episodes compared with easyfsl's, which process one episode at a time, and memory for 10,000 episodes.

Run: python benchmarks/episodes.py
Both get the same features and 1,000 5-way episodes with 15 queries per class, on one thread, in turns. Prototypes with squared Euclidean
distance are compared with easyfsl's PrototypicalNetworks (whose distances are not squared, and are squared here), cosine to prototypes with
its SimpleShot; scores must agree to 1e-4 of the largest one. Gathering the rows of an episode is included for both.
Prints CPU milliseconds and ratios as medians (min to max); then the memory for 10,000 episodes beyond their scores.
easyfsl is not a dependency of scratchlab: pip install --no-deps easyfsl==1.5.0
"""

from __future__ import annotations

import resource
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

import environment
from scratchlab.learn.comparisons import vector_episodes
from scratchlab.similarity.vector import L2, Cosine
from scratchlab.types import Rows

try:
    import easyfsl  # pyright: ignore
except ImportError as error:
    raise SystemExit(f"This benchmark compares with easyfsl: pip install --no-deps easyfsl==1.5.0 ({error}).") from error

# easyfsl.methods imports networks that need torchvision and are not used here: its modules are imported without its __init__.
methods = types.ModuleType("easyfsl.methods")
methods.__path__ = [str(Path(str(easyfsl.__file__)).parent / "methods")]
sys.modules["easyfsl.methods"] = methods
from easyfsl.methods.prototypical_networks import PrototypicalNetworks  # noqa: E402  # pyright: ignore
from easyfsl.methods.simple_shot import SimpleShot  # noqa: E402  # pyright: ignore

WAY, QUERY, CLASSES, ROWS, EPISODES, REPEATS = 5, 15, 20, 601, 1000, 7


def drawn(episodes: int, shot: int) -> tuple[Rows, Rows]:
    """Support `[episode, way, shot]` and query `[episode, q]`; ROWS is prime, so that any step size visits the rows of a class once."""
    rng = np.random.default_rng(0)
    classes = rng.permuted(np.tile(np.arange(CLASSES), (episodes, 1)), axis=1)[:, :WAY, None]
    first, step = rng.integers(ROWS, size=(episodes, WAY, 1)), rng.integers(1, ROWS, size=(episodes, WAY, 1))
    rows = classes * ROWS + (first + step * np.arange(shot + QUERY)) % ROWS
    return rows[:, :, :shot], rows[:, :, shot:].reshape(episodes, -1)


def looped(model: torch.nn.Module, vectors: Tensor, support: Rows, query: Rows) -> Tensor:
    """easyfsl's scores `[episode, q, way]`."""
    labels = torch.arange(WAY).repeat_interleave(support.shape[2])
    supports, queries = torch.from_numpy(support.reshape(len(support), -1)), torch.from_numpy(query)
    scores: list[Tensor] = []
    for support_rows, query_rows in zip(supports, queries, strict=True):
        model.process_support_set(vectors[support_rows], labels)  # pyright: ignore
        scores.append(model(vectors[query_rows]))
    return torch.stack(scores)


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds of a call."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


@torch.no_grad()
def compare(dim: int, shot: int) -> None:
    """Time both heads at this size; print one line for each."""
    vectors = torch.randn(CLASSES * ROWS, dim, generator=torch.Generator().manual_seed(0))
    support, query = drawn(EPISODES, shot)
    for name, similarity, model in (("prototypes", L2(), PrototypicalNetworks()), ("cosine    ", Cosine(), SimpleShot())):

        def ours() -> Tensor:
            return vector_episodes(similarity, vectors, support, query)  # noqa: B023

        def theirs() -> Tensor:
            return looped(model, vectors, support, query)  # noqa: B023

        a, b = ours(), theirs()  # also a warm-up
        b = -b.square() if isinstance(similarity, L2) else b
        difference = float((a - b).abs().max() / a.abs().max())
        assert difference < 1e-4, difference
        taken = [(milliseconds(ours), milliseconds(theirs)) for _ in range(REPEATS)]
        ratios = [slow / fast for fast, slow in taken]
        print(
            f"d={dim:4} {shot}-shot {name}: ours {median(t[0] for t in taken):7.1f}, easyfsl {median(t[1] for t in taken):7.1f} CPU ms;",
            end="",
        )
        print(f" ×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f}); difference {difference:.0e}")


def grown(episodes: int, shot: int, dim: int) -> None:
    """Print by how much scoring `episodes` increases the peak memory of this process, beyond their scores."""
    vectors, (support, query) = torch.randn(CLASSES * ROWS, dim), drawn(episodes, shot)
    vector_episodes(Cosine(), vectors, support[:10], query[:10])
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    scores = vector_episodes(Cosine(), vectors, support, query)
    seconds = time.process_time() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 - scores.numel() * 4 / 2**20
    print(f"{episodes:6} episodes, {WAY}-way {shot}-shot, {QUERY} queries per class, d={dim}: {seconds:.2f} CPU s, ", end="")
    print(f"{max(more, 0.0):.0f} MiB beyond the scores")


if __name__ == "__main__":
    torch.set_num_threads(1)
    environment.print_environment()
    for episodes in (1_000, 10_000):
        grown(episodes, 5, 64)
    for dim in (64, 512, 1600):
        for shot in (1, 5):
            compare(dim, shot)
