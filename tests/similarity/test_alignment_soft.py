"""OTAM, CTC and order-preserving transport against slow reference implementations and other packages."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from scratchlab.similarity.ctc_likelihood import CTC, likelihood, pooled
from scratchlab.similarity.otam_paths import OTAM, totals
from scratchlab.similarity.steps import unit_steps
from scratchlab.similarity.transport import OrderPreservingTransport, plan
from scratchlab.types import Embeddings

sizes = st.integers(1, 9)


def embeddings(matrix: torch.Tensor) -> Embeddings:
    return Embeddings(matrix[:, 0], matrix, torch.full((len(matrix),), matrix.shape[1]))


def random_steps(count: int, steps: int, channels: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, steps, channels, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cosine(a: torch.Tensor, b: torch.Tensor) -> np.ndarray:
    return (unit_steps(embeddings(a))[0] @ unit_steps(embeddings(b))[0].T).numpy()


def soft_minimum(values: list[float], gamma: float) -> float:
    return -gamma * math.log(sum(math.exp(-value / gamma) for value in values))


def slow_otam(cost: np.ndarray, gamma: float) -> float:
    """The paper's recursion on the cost matrix with two columns of zeros."""
    padded = np.pad(cost, ((0, 0), (1, 1)))
    rows, columns = padded.shape
    table = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(1, columns):
            ways = [table[i, j - 1]]
            if i:
                ways.append(table[i - 1, j - 1])
                if j in (1, columns - 1):
                    ways.append(table[i - 1, j])
            table[i, j] = padded[i, j] + soft_minimum(ways, gamma)
    return float(table[-1, -1])


@settings(max_examples=30)
@given(n=sizes, m=sizes, softness=st.sampled_from([0.05, 0.1, 1.0]))
def test_otam_equals_the_slow_reference(n: int, m: int, softness: float) -> None:
    a, b = random_steps(1, n, seed=n), random_steps(1, m, seed=50 + m)
    cost = 1 - cosine(a, b)
    expected = -(slow_otam(cost, softness) / m + slow_otam(cost.T, softness) / n) / 2
    assert float(OTAM(softness=softness)(embeddings(a), embeddings(b))) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_otam_ignores_the_beginning_and_the_end_of_a_longer_input() -> None:
    b = random_steps(1, 4, 16)
    longer = torch.cat([random_steps(1, 3, 16, seed=1), b, random_steps(1, 2, 16, seed=2)], 1)
    cost = torch.as_tensor(1 - cosine(longer, b))[:, :, None]
    assert float(totals(cost, torch.tensor([9]), torch.tensor([4]), 1e-3)) == pytest.approx(0, abs=0.01)


@settings(max_examples=30)
@given(n=sizes, m=sizes, sigma=st.sampled_from([0.5, 1.0, 3.0]), lambda1=st.sampled_from([0.0, 1.0, 50.0]))
def test_transport_is_sinkhorn_with_the_paper_s_kernel(n: int, m: int, sigma: float, lambda1: float) -> None:
    a, b, lambda2 = random_steps(1, n, seed=n), random_steps(1, m, seed=50 + m), 0.1
    cost = 1 - cosine(a, b)
    kernel = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            x = (i + 1) / n - (j + 1) / m
            away = abs(x) / math.sqrt(1 / n**2 + 1 / m**2)
            prior = math.exp(-(away**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
            kernel[i, j] = prior * math.exp((lambda1 / (x**2 + 1) - cost[i, j]) / lambda2)
    left, right = np.ones(n), np.ones(m)
    for _ in range(20):
        left = 1 / n / (kernel @ right)
        right = 1 / m / (kernel.T @ left)
    expected = -float((left[:, None] * kernel * right * cost).sum())
    score = OrderPreservingTransport(lambda1=lambda1, lambda2=lambda2, sigma=sigma)(embeddings(a), embeddings(b))
    assert float(score) == pytest.approx(expected, rel=1e-7)


def test_a_plan_has_its_marginals() -> None:
    cost = torch.rand(3, 7, 5, generator=torch.Generator().manual_seed(0))
    n, m = torch.tensor([7, 3, 1]), torch.tensor([5, 5, 2])
    carried = plan(cost, n, m, 1.0, 0.1, 1.0, 200)
    for lane in range(3):
        inside = carried[lane, : n[lane], : m[lane]]
        torch.testing.assert_close(inside.sum(0), torch.full((int(m[lane]),), 1 / int(m[lane])), rtol=1e-5, atol=0)
        torch.testing.assert_close(inside.sum(1), torch.full((int(n[lane]),), 1 / int(n[lane])), rtol=1e-3, atol=0)
        assert float(carried[lane].sum()) == pytest.approx(1, rel=1e-5)


@settings(max_examples=30)
@given(n=st.integers(1, 12), m=st.integers(1, 12))
def test_ctc_is_torch_s_loss(n: int, m: int) -> None:
    m = min(n, m)
    logits = torch.randn(n, 1, m + 1, generator=torch.Generator().manual_seed(n + 20 * m), dtype=torch.float64).log_softmax(2)
    theirs = F.ctc_loss(logits, torch.arange(m)[None], torch.tensor([n]), torch.tensor([m]), blank=m, reduction="none")
    ours = likelihood(logits[:, 0, :-1, None], logits[:, 0, -1:], torch.tensor([n]), torch.tensor([m]))
    torch.testing.assert_close(-ours, theirs)


def test_references_are_pooled_to_means_of_equal_parts() -> None:
    matrix = random_steps(2, 7)
    both = pooled(Embeddings(matrix[:, 0], matrix, torch.tensor([7, 2])), 3)
    steps = unit_steps(embeddings(matrix))
    assert both.lengths.tolist() == [3, 2]
    torch.testing.assert_close(both.matrix[0], torch.stack([steps[0, :2].mean(0), steps[0, 2:4].mean(0), steps[0, 4:].mean(0)]))
    torch.testing.assert_close(both.matrix[1, :2], steps[1, :2])
    assert not both.matrix[1, 2:].any()


def test_ctc_accepts_queries_shorter_than_the_transcript() -> None:
    queries = random_steps(5, 12)
    lengths = torch.tensor([12, 1, 3, 8, 2])
    scores = CTC()(Embeddings(queries[:, 0], queries, lengths), embeddings(random_steps(4, 20, seed=1)))
    assert torch.isfinite(scores).all()
    assert (scores <= 0).all()
