"""Whitening: what it does to the variation within classes, and where it stands between embedder and similarities."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import scratchlab as sl
from scratchlab.checks import Problem
from scratchlab.learn.whitening import Whitened, WithinClass
from scratchlab.similarity.whitening import Whitening


def within_covariance(values: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Of vectors `[n, c]`, class by class with a plain loop."""
    deviations = torch.cat([values[labels == label] - values[labels == label].mean(0) for label in labels.unique()])
    return deviations.T @ deviations / (len(values) - len(labels.unique()))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_without_shrinkage_the_covariance_within_classes_is_the_identity(seed: int, channels: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (60,), generator=generator)
    values, mixing = (torch.randn(rows, channels, generator=generator, dtype=torch.float64) for rows in (60, channels))
    values = values @ (torch.eye(channels) + 0.1 * mixing)
    white = Whitening.fit(values + 5 * labels[:, None], labels, shrinkage=0)(values)
    torch.testing.assert_close(within_covariance(white, labels), torch.eye(channels, dtype=torch.float64), atol=1e-2, rtol=0)


def test_full_shrinkage_only_centres_up_to_scale() -> None:
    values, labels = torch.randn(20, 4), torch.arange(20) % 2
    white = Whitening.fit(values, labels, shrinkage=1)(values)
    torch.testing.assert_close(sl.similarity.cosine(white, white), sl.similarity.cosine(*2 * [values - values.mean(0)]))


def test_steps_are_compared_with_the_same_step_of_their_class() -> None:
    """What differs between the steps of a class's mean is no variation within the class."""
    labels = torch.arange(40) % 4
    course = 100 * torch.randn(4, 6, 3)[labels]
    noise = torch.randn(40, 6, 3)
    torch.testing.assert_close(
        Whitening.fit(course + noise, labels, shrinkage=0.1).transform,
        Whitening.fit(noise, labels, shrinkage=0.1).transform,
        atol=1e-3,
        rtol=1e-3,
    )


def test_few_rows_are_shrunk_more_than_many() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(2000, 20, generator=generator) * torch.linspace(0.1, 3, 20)
    labels = torch.zeros(2000)

    def spread(count: int) -> float:
        eigenvalues = torch.linalg.eigvalsh(Whitening.fit(values[:count], labels[:count]).transform.double())
        return float(eigenvalues.max() / eigenvalues.min())

    assert spread(10) < spread(100) < spread(2000)


@pytest.mark.parametrize("shrinkage", [-0.1, 1.5])
def test_a_shrinkage_outside_0_to_1_is_refused(shrinkage: float) -> None:
    with pytest.raises(Problem, match="must be 0 to 1"):
        Whitening.fit(torch.randn(4, 2), torch.tensor([0, 0, 1, 1]), shrinkage=shrinkage)


def test_classes_of_one_row_cannot_be_whitened() -> None:
    with pytest.raises(Problem, match="two or more members"):
        Whitening.fit(torch.randn(3, 2), torch.arange(3))


DIGITS = sl.data.SklearnDigits().read()
PROTOCOL = sl.protocols.Sessions(base=6, way=2, shot=5, sessions=2, draws=2)


def prototypes(**parts: object) -> sl.methods.Prototypes:
    torch.manual_seed(0)
    return sl.methods.Prototypes(sl.models.Conv4(DIGITS.form, channels=8), training={"epochs": 1, "device": "cpu"}, **parts)  # pyright: ignore


def test_a_method_compares_whitened_embeddings_and_keeps_the_maps() -> None:
    method = prototypes(whitening=WithinClass(shrinkage=0.3), similarity=[sl.similarity.Cosine(), sl.similarity.DTW()])
    result = sl.run(method, DIGITS, PROTOCOL, progress=False)
    assert [head for head in result.heads if head in ("cosine", "dtw", "trained")] == ["cosine", "dtw"]
    assert isinstance(method.embedder, Whitened)
    raw, kept = method.components.embedder, method.tensors()
    inputs = PROTOCOL.plan(DIGITS).split.view(DIGITS).train.some(np.arange(10))
    expected = (raw.vectors(inputs) - kept["whitening.vector.mean"]) @ kept["whitening.vector.transform"]
    torch.testing.assert_close(method.vectors(inputs), expected)
    torch.testing.assert_close(method.embedder(inputs.batch(np.arange(10))).vector, expected, atol=1e-4, rtol=1e-4)


def test_a_recipe_s_table_gives_the_same_as_the_object() -> None:
    first, second = (
        sl.run(prototypes(whitening=whitening), DIGITS, PROTOCOL, progress=False)
        for whitening in (WithinClass(shrinkage=0.5), {"name": "within_class", "shrinkage": 0.5})
    )
    assert first.heads["cosine"] == second.heads["cosine"]


def test_methods_that_score_by_learned_weights_refuse_it() -> None:
    with pytest.raises(Problem, match=r"leave \[whitening\] out"):
        sl.methods.FACT(sl.models.Conv4(DIGITS.form, channels=8), whitening={"name": "within_class"})
    with pytest.raises(Problem, match="set at least one epoch"):
        sl.methods.FACT(sl.models.Conv4(DIGITS.form, channels=8), training={"epochs": 0})


def test_without_epochs_nothing_is_trained() -> None:
    torch.manual_seed(0)
    encoder = sl.models.Conv4(DIGITS.form, channels=8)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    result = sl.run(sl.methods.Prototypes(encoder, training={"epochs": 0, "device": "cpu"}), DIGITS, PROTOCOL, progress=False)
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())
    assert "trained" not in result.heads
