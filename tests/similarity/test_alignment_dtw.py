"""DTW and soft-DTW against a slow reference implementation and other packages."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchlab.similarity.alignment import DTW, SoftDTW, path
from scratchlab.similarity.steps import limits, unit_steps
from scratchlab.types import Embeddings


def embeddings(matrix: torch.Tensor) -> Embeddings:
    return Embeddings(matrix[:, 0], matrix, torch.full((len(matrix),), matrix.shape[1]))


def random_steps(count: int, steps: int, channels: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, steps, channels, generator=torch.Generator().manual_seed(seed))


def soft_minimum(values: list[float], gamma: float) -> float:
    least = min(values)
    if not gamma or math.isinf(least):
        return least
    return least - gamma * math.log(sum(math.exp((least - value) / gamma) for value in values))


def slow_cost(query: np.ndarray, reference: np.ndarray, gamma: float, window: float) -> float:
    """Reference implementation of the total cost and of the band by their definitions."""
    n, m = len(query), len(reference)
    table = np.full((n + 1, m + 1), math.inf)
    table[0, 0] = 0
    radius = max(window, 1 / 2 / (min(n, m) - 1) if min(n, m) > 1 else 1)
    for i in range(n):
        for j in range(m):
            if n > 1 and m > 1 and abs(i / (n - 1) - j / (m - 1)) > radius + 1e-9:
                continue
            dot = squares = others = 0.0
            for x, y in zip(query[i].tolist(), reference[j].tolist(), strict=True):
                dot, squares, others = dot + x * y, squares + x * x, others + y * y
            cosine = dot / math.sqrt(squares * others) if squares * others else 0.0
            table[i + 1, j + 1] = 1 - cosine + soft_minimum([table[i, j], table[i, j + 1], table[i + 1, j]], gamma)
    return float(table[n, m])


@settings(max_examples=60)
@given(
    n=st.integers(1, 12),
    m=st.integers(1, 12),
    gamma=st.sampled_from([0.0, 0.01, 0.1, 1.0]),
    window=st.sampled_from([1.0, 0.5, 0.2, 0.01]),
    silent=st.booleans(),
    double=st.booleans(),
)
def test_dtw_equals_the_slow_reference(n: int, m: int, gamma: float, window: float, silent: bool, double: bool) -> None:
    a, b = random_steps(1, n, seed=n), random_steps(1, m, seed=100 + m)
    if silent:
        a[:, n // 2] = 0
    expected = -slow_cost(a[0].numpy(), b[0].numpy(), gamma, window) / max(n, m)
    similarity = SoftDTW(gamma=gamma, window=window) if gamma else DTW(window=window)
    score = similarity(embeddings(a.double()), embeddings(b.double())) if double else similarity(embeddings(a), embeddings(b))
    assert math.isfinite(expected)
    assert float(score) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@given(n=st.integers(1, 200), m=st.integers(1, 200), window=st.floats(1e-6, 1))
def test_the_band_always_contains_a_path(n: int, m: int, window: float) -> None:
    limit = int(limits(torch.tensor([n]), torch.tensor([m]), window))
    reachable = np.zeros((n + 1, m + 1), bool)
    reachable[0, 0] = True
    for x in range(n):
        for y in range(m):
            if abs(x * (m - 1) - y * (n - 1)) <= limit:
                reachable[x + 1, y + 1] = reachable[x, y] or reachable[x, y + 1] or reachable[x + 1, y]
    assert reachable[n, m]
    everywhere = int(limits(torch.tensor([n]), torch.tensor([m]), 1.0))
    assert everywhere >= (n - 1) * (m - 1)  # the corners


def test_repeated_steps_cost_nothing() -> None:
    matrix = random_steps(1, 6)
    repeated = matrix[:, [0, 0, 0, 1, 2, 2, 3, 4, 5, 5]]
    assert float(DTW()(embeddings(matrix), embeddings(repeated))) == pytest.approx(0, abs=1e-6)
    other = random_steps(1, 7, seed=1)
    total = DTW()(embeddings(other), embeddings(matrix)) * 7
    assert float(DTW()(embeddings(other), embeddings(matrix[:, [0, 1, 2, 3, 4, 5, 5]])) * 7) <= float(total) + 1e-5 + 2


def test_symmetry_and_debiased_scores_of_equal_inputs() -> None:
    a, b = embeddings(random_steps(5, 8)), embeddings(random_steps(4, 11, seed=1))
    for similarity in (DTW(), DTW(window=0.2), SoftDTW(), SoftDTW(window=0.1, debiased=True)):
        torch.testing.assert_close(similarity(a, b), similarity(b, a).T, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(SoftDTW(debiased=True)(a, a).diagonal(), torch.zeros(5), rtol=0, atol=1e-5)


def test_soft_dtw_approaches_dtw_for_small_gamma() -> None:
    a, b = embeddings(random_steps(5, 8)), embeddings(random_steps(4, 11, seed=1))
    torch.testing.assert_close(SoftDTW(gamma=1e-4)(a, b), DTW()(a, b), rtol=0, atol=1e-3)


@pytest.mark.parametrize("window", [1.0, 0.1])
def test_the_path_has_the_score(window: float) -> None:
    a, b = random_steps(1, 9), random_steps(1, 20, seed=1)
    pairs, costs = path(a[0], b[0], window)
    assert pairs[0].tolist() == [0, 0]
    assert pairs[-1].tolist() == [8, 19]
    assert {tuple(step) for step in np.diff(pairs, axis=0).tolist()} <= {(0, 1), (1, 0), (1, 1)}
    assert float(costs.sum()) / 20 == pytest.approx(-float(DTW(window=window)(embeddings(a), embeddings(b))), rel=1e-5)


@pytest.mark.acceptance  # tslearn compiles for twenty seconds; pysdtw and dtaidistance agree in every run
def test_tslearn_agrees() -> None:
    metrics = pytest.importorskip("tslearn.metrics")
    a, b = embeddings(random_steps(6, 15)), embeddings(random_steps(5, 15, seed=1))
    x, y = unit_steps(a).numpy(), unit_steps(b).numpy()
    np.testing.assert_allclose(-DTW()(a, b).numpy() * 15, metrics.cdist_dtw(x, y) ** 2 / 2, rtol=1e-4)
    # Twice the cost with twice the softness is twice the total.
    np.testing.assert_allclose(-SoftDTW(gamma=0.1)(a, b).numpy() * 15, metrics.cdist_soft_dtw(x, y, gamma=0.2) / 2, rtol=1e-4)


@pytest.mark.acceptance
def test_tslearn_agrees_on_the_band_of_equal_lengths() -> None:
    metrics = pytest.importorskip("tslearn.metrics")
    a, b = embeddings(random_steps(6, 11)), embeddings(random_steps(5, 11, seed=1))
    theirs = metrics.cdist_dtw(unit_steps(a).numpy(), unit_steps(b).numpy(), global_constraint="sakoe_chiba", sakoe_chiba_radius=2)
    np.testing.assert_allclose(-DTW(window=0.2)(a, b).numpy() * 11, theirs**2 / 2, rtol=1e-4)


def test_dtaidistance_agrees() -> None:
    dtw_ndim = pytest.importorskip("dtaidistance.dtw_ndim")
    a, b = embeddings(random_steps(1, 15)), embeddings(random_steps(1, 8, seed=1))
    theirs = dtw_ndim.distance(unit_steps(a)[0].double().numpy(), unit_steps(b)[0].double().numpy())
    assert float(DTW()(a, b)) * 15 == pytest.approx(-(theirs**2) / 2, rel=1e-5)


def test_pysdtw_agrees_in_value_and_gradient() -> None:
    pysdtw = pytest.importorskip("pysdtw")
    a, b = random_steps(4, 12, seed=0).requires_grad_(), random_steps(4, 9, seed=1).requires_grad_()
    ours = -SoftDTW(gamma=0.1)(embeddings(a), embeddings(b)).diagonal() * 12
    theirs = pysdtw.SoftDTW(gamma=0.2, use_cuda=False)(unit_steps(embeddings(a)), unit_steps(embeddings(b))) / 2
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    for our_grad, other in zip(torch.autograd.grad(ours.sum(), (a, b)), torch.autograd.grad(theirs.sum(), (a, b)), strict=True):
        torch.testing.assert_close(our_grad, other, rtol=1e-3, atol=1e-4)
