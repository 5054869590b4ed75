"""Embeddings reconstructed from base parts: by hand, against a slow loop, and limiting cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, problem, trainer
from torch.nn import functional as F

from scratchlab.learn.methods.reconstruction import Reconstruction
from scratchlab.models.encoders.mlp import MLP
from scratchlab.similarity.reconstruction import rebuilt_from, reconstructed
from scratchlab.similarity.vector import cosine
from scratchlab.types import Embeddings, TrainingView

TWO = ("envelope", "residual")


def random_embeddings(lengths: list[int], seed: int = 0, beyond: float = 0.0) -> Embeddings:
    source = torch.Generator().manual_seed(seed)
    n, t = len(lengths), max(lengths)
    real = (torch.arange(t) < torch.tensor(lengths)[:, None])[..., None]
    matrix = torch.where(real, torch.randn(n, t, 6, generator=source), beyond)
    return Embeddings(torch.randn(n, 4, generator=source), matrix, torch.tensor(lengths), TWO)


def test_a_mixture_by_hand() -> None:
    """At 90° the squared distance is 2, at 180° 4, regardless of norms; the parts that are averaged keep their norms."""
    parts = torch.tensor([[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]])
    weights = [1.0, math.exp(-2 * 0.7), math.exp(-4 * 0.7)]
    expected = [(2 * weights[0] - weights[2]) / sum(weights), 5 * weights[1] / sum(weights)]
    assert rebuilt_from(torch.tensor([[3.0, 0.0]]), parts, 0.7)[0].tolist() == pytest.approx(expected)


def test_each_stream_is_reconstructed_from_the_same_stream() -> None:
    """An envelope similar to the first class's and a residual similar to the second's are combined."""
    base = Embeddings(torch.tensor([[1.0, 0.0, 0.6, 0.8], [0.0, 1.0, 0.8, -0.6]]), torch.zeros(2, 1, 0), torch.ones(2).long(), TWO)
    known = Embeddings(torch.tensor([[5.0, 0.1, 0.08, -0.07]]), torch.zeros(1, 1, 0), torch.ones(1).long(), TWO)
    torch.testing.assert_close(reconstructed(known, base, 200.0).vector, torch.tensor([[1.0, 0.0, 0.8, -0.6]]))
    assert reconstructed(known, base, 200.0).streams == TWO
    whole = Embeddings(known.vector, known.matrix, known.lengths)
    plain = reconstructed(whole, Embeddings(base.vector, base.matrix, base.lengths), 200.0)
    torch.testing.assert_close(plain.vector, base.vector[:1])  # without streams: the nearest whole vector


def test_matrices_against_a_slow_loop() -> None:
    known, base, aux = random_embeddings([3, 1, 2]), random_embeddings([2, 4], seed=1), 1.5
    result = reconstructed(known, base, aux)
    for i, length in enumerate([3, 1, 2]):
        for step in range(length):
            for channels in (slice(0, 3), slice(3, 6)):
                own = F.normalize(known.matrix[i, step, channels], dim=0)
                parts = [base.matrix[b, j, channels] for b, most in enumerate([2, 4]) for j in range(most)]
                weights = [math.exp(-aux * float((own - F.normalize(part, dim=0)).square().sum())) for part in parts]
                expected = sum((w * part for w, part in zip(weights, parts, strict=True)), torch.zeros(3)) / sum(weights)
                torch.testing.assert_close(result.matrix[i, step, channels], expected)
        assert (result.matrix[i, length:] == 0).all()


def test_padding_and_silence() -> None:
    plain = reconstructed(random_embeddings([3, 1, 2]), random_embeddings([2, 4], seed=1), 8.0)
    filled = reconstructed(random_embeddings([3, 1, 2], beyond=9.0), random_embeddings([2, 4], seed=1, beyond=-9.0), 8.0)
    torch.testing.assert_close(plain.matrix, filled.matrix)
    silent = Embeddings(torch.zeros(1, 4), torch.zeros(1, 2, 6), torch.tensor([2]), TWO)
    for known, base in ((silent, random_embeddings([2])), (random_embeddings([2]), silent)):
        result = reconstructed(known, base, 8.0)
        assert result.vector.isfinite().all()
        assert result.matrix.isfinite().all()


def test_the_limits_of_the_attention() -> None:
    """Hard attention returns a base class itself; soft attention makes everything equal."""
    base = random_embeddings([2, 2, 2])
    hard = reconstructed(base, base, 1e4)
    torch.testing.assert_close(hard.vector, base.vector)
    soft = reconstructed(random_embeddings([3, 1], seed=2), base, 1e-6)
    torch.testing.assert_close(soft.vector[0], soft.vector[1], atol=1e-4, rtol=0)


# -- the method -------------------------------------------------------------------------------------------


def seen(n: int, classes: int) -> TrainingView:
    rows = problem(n).some(np.flatnonzero(np.arange(n) % 4 < classes))
    return TrainingView(rows, rows.some(np.arange(0)), rows.some(np.arange(0)), np.arange(classes))


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_scores_combine_plain_and_reconstructed_ones(share: float) -> None:
    torch.manual_seed(0)
    supplied = components(embedder(MLP(FORM, hidden=[32, 16])), trainer(MemoryStore(), RecordingObserver(), epochs=4, batch=20))
    method = Reconstruction(supplied, aux=3.0, share=share)
    method.learn(seen(80, 3))
    shots = problem(8, seed=1)
    new = shots.some(np.flatnonzero(shots.labels == 3))
    method.learn(TrainingView(new.some(np.arange(0)), new.some(np.arange(0)), new, np.arange(4)))
    rows = problem(12, seed=2)
    result = method.score(rows)
    base, later = (one.embeddings.vector for one in method.references["cosine"])
    assert len(later) == 1
    queries, classes = method.vectors(rows), torch.cat([base, later])
    plain, rebuilt = cosine(queries, classes), cosine(rebuilt_from(queries, base, 3.0), rebuilt_from(classes, base, 3.0))
    assert next(iter(result)) == "reconstruction", "it is the leading head"
    torch.testing.assert_close(torch.from_numpy(result["reconstruction"].values), (1 - share) * plain + share * rebuilt)
    torch.testing.assert_close(torch.from_numpy(result["cosine"].values), plain)
