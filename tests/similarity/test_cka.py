"""CKA by channels and by steps against its definition; silence, constants and extreme values."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from scratchlab.similarity.cka_matrices import CKA, by_channels, by_steps, centred
from scratchlab.types import Embeddings

Method = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def embeddings(n: int, t: int, c: int, seed: int) -> Embeddings:
    generator = torch.Generator().manual_seed(seed)
    matrix, lengths = torch.randn(n, t, c, generator=generator, dtype=torch.float64), torch.randint(1, t + 1, (n,), generator=generator)
    return Embeddings(torch.zeros(n, 1), matrix, lengths)  # values beyond the lengths are not zero, but must be ignored


def slow(queries: Embeddings, references: Embeddings) -> torch.Tensor:
    scores = torch.zeros(len(queries), len(references), dtype=torch.float64)
    for i, n in enumerate(queries.lengths):
        for j, m in enumerate(references.lengths):
            f, p = queries.matrix[i, :n], references.matrix[j, :m]
            f, p = f - f.mean(1, keepdim=True), p - p.mean(1, keepdim=True)
            scores[i, j] = (f @ p.T).norm() ** 2 / ((f @ f.T).norm() * (p @ p.T).norm())
    return scores


@pytest.mark.parametrize(("t", "s", "c"), [(5, 7, 3), (26, 20, 40), (9, 4, 70), (1, 1, 33)])
def test_both_methods_and_the_choice_between_them_equal_the_definition(t: int, s: int, c: int) -> None:
    one, other = embeddings(6, t, c, 0), embeddings(4, s, c, 1)
    (f, mine), (p, theirs) = centred(one), centred(other)
    for method in (by_channels, by_steps):
        assert torch.allclose(method(f, p) / (mine[:, None] * theirs), slow(one, other))
    assert torch.allclose(CKA()(one, other), slow(one, other))


@pytest.mark.parametrize("method", [by_channels, by_steps])
def test_both_methods_have_the_right_gradient(method: Method) -> None:
    one, other = embeddings(3, 4, 35, 0), embeddings(2, 3, 35, 1)

    def score(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        (f, mine), (p, theirs) = (centred(Embeddings(like.vector, matrix, like.lengths)) for like, matrix in ((one, x), (other, y)))
        return method(f, p) / (mine[:, None] * theirs)

    assert torch.autograd.gradcheck(score, (one.matrix.requires_grad_(), other.matrix.requires_grad_()))


@pytest.mark.parametrize("value", [0.0, 0.1, 0.3, 100.3, 1e-30, 1e30])
def test_matrices_constant_over_channels_score_0(value: float) -> None:
    """Also if the mean of the constant is rounded."""
    other = embeddings(3, 5, 33, 1)
    other = Embeddings(other.vector, other.matrix.float(), other.lengths)
    flat = Embeddings(torch.zeros(2, 1), torch.full((2, 5, 33), value).requires_grad_(), torch.tensor([5, 2]))
    scores = CKA()(flat, other)
    scores.sum().backward()
    assert (scores == 0).all()
    assert flat.matrix.grad is not None
    assert (flat.matrix.grad == 0).all()


@pytest.mark.parametrize("scale", [1e-30, 1e18, 1e30])
def test_scale_does_not_matter(scale: float) -> None:
    one, other = embeddings(3, 5, 9, 0), embeddings(2, 5, 9, 1)
    large = Embeddings(one.vector, one.matrix.float() * scale, one.lengths)
    assert torch.allclose(CKA()(large, Embeddings(other.vector, other.matrix.float(), other.lengths)).double(), slow(one, other), atol=1e-5)
