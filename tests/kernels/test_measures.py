"""Measures of two layers: against slow definitions, invariances, and behaviour for unrelated layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform
from scipy.stats import ortho_group, spearmanr
from tests.kernels.test_cka_of_layers import centred, features, hsic1
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.kernels import measures
from scratchlab.kernels.chance import against_chance, with_interval
from scratchlab.kernels.layers import layer
from scratchlab.kernels.measures import MEASURES, compared, spectrum

for_each = pytest.mark.parametrize("measure", MEASURES)


def pair(n: int = 60, seed: int = 0) -> tuple[Tensor, Tensor]:
    layers = features(n, (12, 20), seed)
    return layers["layer0"], layers["layer1"]


def value(measure: str, x: Tensor, y: Tensor) -> float:
    result = compared(measure, x, y).value
    assert result is not None
    return result


@for_each
def test_a_layer_is_most_similar_to_itself(measure: str) -> None:
    x, y = pair()
    assert value(measure, x, x) == pytest.approx(1, abs=1e-5)
    assert value(measure, x, y) < 0.99


@for_each
def test_invariance_to_rotation_shift_and_scale(measure: str) -> None:
    x, y = pair()
    turned = x @ torch.from_numpy(ortho_group.rvs(12, random_state=0)).float() * 30 + 5
    assert value(measure, turned, y) == pytest.approx(value(measure, x, y), abs=1e-4)
    assert value(measure, y, x) == pytest.approx(value(measure, x, y), abs=1e-6)


def nearest(x: Tensor, k: int) -> list[set[int]]:
    distances = squareform(pdist(x.double().numpy()))
    np.fill_diagonal(distances, np.inf)
    return [set(row[:k].tolist()) for row in distances.argsort(1)]


def test_neighbours_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "NEIGHBOURS", 5)
    x, y = pair()
    in_x, in_y = nearest(x, 5), nearest(y, 5)
    assert value("mutual_knn", x, y) == pytest.approx(np.mean([len(a & b) / 5 for a, b in zip(in_x, in_y, strict=True)]))
    assert value("jaccard", x, y) == pytest.approx(np.mean([len(a & b) / len(a | b) for a, b in zip(in_x, in_y, strict=True)]))
    k, m = (centred(one).numpy() @ centred(one).numpy().T for one in (x, y))
    both = sum(k[i, j] * m[i, j] for i in range(60) for j in in_x[i] & in_y[i])
    own = [sum(kernel[i, j] ** 2 for i in range(60) for j in sets[i]) for kernel, sets in ((k, in_x), (m, in_y))]
    assert value("cknna", x, y) == pytest.approx(both / np.sqrt(own[0] * own[1]), abs=1e-6)


def test_distances_and_shapes_by_hand() -> None:
    x, y = pair()
    a, b = (pdist(one.double().numpy()) for one in (x, y))
    assert value("rsa", x, y) == pytest.approx(spearmanr(a, b).statistic, abs=1e-6)
    kernels = [np.exp(-(squareform(one) ** 2) / (2 * np.median(one**2))) for one in (a, b)]
    expected = hsic1(*kernels) / np.sqrt(hsic1(kernels[0], kernels[0]) * hsic1(kernels[1], kernels[1]))
    assert value("rbf_cka", x, y) == pytest.approx(expected, abs=2e-3)  # torch takes the lower of the two middle distances
    p, q = (centred(one).numpy() / np.linalg.norm(centred(one).numpy()) for one in (x, y))
    left, _, right = np.linalg.svd(p.T @ q, full_matrices=False)
    distance = np.linalg.norm(p @ (left @ right) - q)
    assert value("procrustes", x, y) == pytest.approx(1 - distance**2 / 2, abs=1e-6)
    assert value("angular", x, y) == pytest.approx(1 - np.arccos(1 - distance**2 / 2) / (np.pi / 2), abs=1e-6)


def test_svcca_keeps_directions_of_large_variance() -> None:
    generator = torch.Generator().manual_seed(0)
    common = torch.randn(200, 2, generator=generator)
    x = torch.cat([10 * common, 0.01 * torch.randn(200, 3, generator=generator)], 1)
    y = torch.cat([5 * common @ torch.tensor([[1.0, 2.0], [0.0, 1.0]]), 0.01 * torch.randn(200, 4, generator=generator)], 1)
    assert value("svcca", x, y) == pytest.approx(1, abs=1e-3)  # the small, unrelated directions are ignored


def test_the_spectrum_locates_the_targets() -> None:
    generator = np.random.default_rng(0)
    basis, _ = np.linalg.qr(generator.normal(size=(50, 6)) - 0)
    basis -= basis.mean(0)
    x = torch.from_numpy(basis * np.array([9.0, 7, 5, 3, 2, 1])).float()
    left = np.linalg.svd(centred(x).numpy(), full_matrices=False)[0]
    result = spectrum(layer("x", x), 2 * left[:, [0]] + left[:, [2]])
    assert np.allclose(result[:4], [0.8, 0.8, 1, 1], atol=1e-5)
    assert result.shape == (50,)
    assert result[-1] == pytest.approx(1)
    assert np.allclose(spectrum(layer("x", x), left[:, 0])[:2], 1)
    for targets, reason in (
        (np.ones((50, 2)), "The targets are the same"),
        (np.ones(49), "for 50 inputs; these are 49"),
        (np.full(50, np.nan), "finite"),
    ):
        with pytest.raises(Problem, match=reason):
            spectrum(layer("x", x), targets)
    with pytest.raises(Problem, match="There is no spectrum, because layer dead"):
        spectrum(layer("dead", x * 0), np.arange(50.0))


@for_each
@pytest.mark.parametrize(("factor", "reason"), [(0.0, "layer a cannot be compared: it is 0"), (torch.nan, "are not finite")])
def test_dead_layers_are_undefined_by_name(measure: str, factor: float, reason: str) -> None:
    x, second = pair()
    result = compared(measure, x * factor, second)
    assert result.value is None
    assert result.how.startswith("undefined, because layer a cannot be compared")
    assert reason in result.how


@for_each
@pytest.mark.parametrize("n", [2, 3, 4, 12])
def test_few_inputs_are_defined_or_reported_as_too_few(measure: str, n: int) -> None:
    first, second = pair(n)
    result = compared(measure, first, second)
    assert (result.value is None and "needs" in result.how) or np.isfinite(result.value or 0)


def test_wrong_input_raises_problem() -> None:
    first, second = pair()
    with pytest.raises(Problem, match=r"There is no measure 'ckaa'.*Did you mean 'cka'"):
        compared("ckaa", first, second)
    with pytest.raises(Problem, match="a has 59 and b 60"):
        compared("cka", first[1:], second)


def test_neighbours_need_enough_inputs() -> None:
    unrelated = torch.randn(19, 5), torch.randn(19, 5)
    assert compared("mutual_knn", *unrelated).how == "undefined, because mutual_knn needs 20 inputs, and there are 19"
    result = with_interval("jaccard", torch.randn(30, 5), torch.randn(30, 5), times=10)
    assert result.low is None
    assert "jaccard is undefined for 10 of 10" in result.how


def test_wide_layers_use_the_space_of_inputs() -> None:
    x, y = pair()
    wide = torch.cat([x, torch.zeros(60, 20_000)], 1)
    assert value("procrustes", wide, torch.cat([torch.zeros(60, 20_000), y], 1)) == pytest.approx(value("procrustes", x, y), abs=1e-6)


def test_p_is_1_if_every_shuffle_reaches_the_value() -> None:
    a, b = (torch.tensor(one, dtype=torch.float32)[:, None] for one in ([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0, 1, 1]))
    result = against_chance("biased_cka", a, b, times=50)
    assert result is not None
    assert (result.p, result.times) == (1, 50)


@for_each
def test_similarity_is_distinguished_from_chance(measure: str) -> None:
    first, second = pair()
    similar = against_chance(measure, first, second, times=40)
    unrelated = against_chance(measure, torch.randn(60, 12, generator=torch.Generator().manual_seed(1)), second, times=40)
    assert similar is not None
    assert unrelated is not None
    assert similar.p == pytest.approx(1 / 41)
    assert unrelated.p > 0.04
    assert against_chance(measure, torch.zeros(60, 3), second) is None


def test_the_interval_covers_the_value_of_all_inputs() -> None:
    """95 % intervals of 80 samples of 60 inputs; the true value is computed from 4,000 inputs."""
    whole = features(4000, (12, 20))
    truth = value("cka", whole["layer0"], whole["layer1"])
    covered = 0
    for start in range(0, 80 * 40, 40):
        one, other = (whole[name][start : start + 60] for name in ("layer0", "layer1"))
        result = with_interval("cka", one, other, times=60, seed=start)
        assert result.low is not None
        assert result.high is not None
        covered += result.low <= truth <= result.high
    assert 66 <= covered <= 80
