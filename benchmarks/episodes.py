"""Speed of our heads on few-shot episodes against easyfsl's, which are called episode by episode, and the memory of 10,000 episodes.

Run: python benchmarks/episodes.py
Both are given the same features, 1,000 episodes of 5 ways and 15 queries a way, and take turns on one thread. Prototypes with squared
Euclidean distance stand against easyfsl's PrototypicalNetworks, which takes the root (squared here before they are compared), cosine to
prototypes against its SimpleShot; asserted to agree to 1e-4 of the largest score. Gathering an episode's rows counts for both.
Prints CPU milliseconds and ratios, medians (least to most); then how much the process grew over 10,000 episodes beyond their scores.
easyfsl is no dependency of ours: pip install --no-deps easyfsl==1.5.0
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
    raise SystemExit(f"This benchmark needs its peer: pip install --no-deps easyfsl==1.5.0 ({error}).") from error

# The package of its methods also imports networks, which need torchvision and are not used here: its modules are imported past it.
methods = types.ModuleType("easyfsl.methods")
methods.__path__ = [str(Path(str(easyfsl.__file__)).parent / "methods")]
sys.modules["easyfsl.methods"] = methods
from easyfsl.methods.prototypical_networks import PrototypicalNetworks  # noqa: E402  # pyright: ignore
from easyfsl.methods.simple_shot import SimpleShot  # noqa: E402  # pyright: ignore

WAY, QUERY, CLASSES, ROWS, EPISODES, REPEATS = 5, 15, 20, 601, 1000, 7


def drawn(episodes: int, shot: int) -> tuple[Rows, Rows]:
    """Support `[episode, way, shot]` and query `[episode, q]`; a class has ROWS rows, a prime, so that steps through them repeat none."""
    rng = np.random.default_rng(0)
    classes = rng.permuted(np.tile(np.arange(CLASSES), (episodes, 1)), axis=1)[:, :WAY, None]
    first, step = rng.integers(ROWS, size=(episodes, WAY, 1)), rng.integers(1, ROWS, size=(episodes, WAY, 1))
    rows = classes * ROWS + (first + step * np.arange(shot + QUERY)) % ROWS
    return rows[:, :, :shot], rows[:, :, shot:].reshape(episodes, -1)


def looped(model: torch.nn.Module, vectors: Tensor, support: Rows, query: Rows) -> Tensor:
    """The peer's scores `[episode, q, way]`."""
    labels = torch.arange(WAY).repeat_interleave(support.shape[2])
    shots, asked = torch.from_numpy(support.reshape(len(support), -1)), torch.from_numpy(query)
    scores: list[Tensor] = []
    for place, others in zip(shots, asked, strict=True):
        model.process_support_set(vectors[place], labels)  # pyright: ignore
        scores.append(model(vectors[others]))
    return torch.stack(scores)


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds of a call."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


@torch.no_grad()
def compare(dim: int, shot: int) -> None:
    """Both heads at this size; prints a line each."""
    vectors = torch.randn(CLASSES * ROWS, dim, generator=torch.Generator().manual_seed(0))
    support, query = drawn(EPISODES, shot)
    for name, similarity, model in (("prototypes", L2(), PrototypicalNetworks()), ("cosine    ", Cosine(), SimpleShot())):

        def ours() -> Tensor:
            return vector_episodes(similarity, vectors, support, query)  # noqa: B023

        def theirs() -> Tensor:
            return looped(model, vectors, support, query)  # noqa: B023

        a, b = ours(), theirs()  # also warms both up
        b = -b.square() if isinstance(similarity, L2) else b
        apart = float((a - b).abs().max() / a.abs().max())
        assert apart < 1e-4, apart
        taken = [(milliseconds(ours), milliseconds(theirs)) for _ in range(REPEATS)]
        ratios = [slow / fast for fast, slow in taken]
        print(
            f"d={dim:4} {shot}-shot {name}: ours {median(t[0] for t in taken):7.1f}, easyfsl {median(t[1] for t in taken):7.1f} CPU ms;",
            end="",
        )
        print(f" ×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f}); {apart:.0e} apart")


def grown(episodes: int, shot: int, dim: int) -> None:
    """Prints by how much the most memory this process ever held grew over so many episodes, less their scores."""
    vectors, (support, query) = torch.randn(CLASSES * ROWS, dim), drawn(episodes, shot)
    vector_episodes(Cosine(), vectors, support[:10], query[:10])
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    scores = vector_episodes(Cosine(), vectors, support, query)
    seconds = time.process_time() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 - scores.numel() * 4 / 2**20
    print(f"{episodes:6} episodes, {WAY}-way {shot}-shot, {QUERY} queries a way, d={dim}: {seconds:.2f} CPU s, ", end="")
    print(f"{max(more, 0.0):.0f} MiB beyond the scores")


if __name__ == "__main__":
    torch.set_num_threads(1)
    environment.tell()
    for episodes in (1_000, 10_000):
        grown(episodes, 5, 64)
    for dim in (64, 512, 1600):
        for shot in (1, 5):
            compare(dim, shot)
