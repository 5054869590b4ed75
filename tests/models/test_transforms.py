"""Transformations of features: effect on real columns; padding stays padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.learning.conftest import FORM, embedder, problem

from scratchlab.checks import Problem
from scratchlab.learn.transformed import Transformed
from scratchlab.models.encoders.mlp import MLP
from scratchlab.models.transforms import TRANSFORMS, checked, fitting, transformed, usual
from scratchlab.types import Image, Spectrogram

X = torch.tensor([[[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [5.0, 6.0, 0.0]]]])  # two real columns of three


@pytest.mark.parametrize(
    ("name", "rows", "length"),
    [
        ("same", [[1, 2, 0], [3, 4, 0], [5, 6, 0]], 2),
        ("backward", [[2, 1, 0], [4, 3, 0], [6, 5, 0]], 2),
        ("upside_down", [[5, 6, 0], [3, 4, 0], [1, 2, 0]], 2),
        ("rotated_180", [[6, 5, 0], [4, 3, 0], [2, 1, 0]], 2),
        ("rotated_90", [[0, 0, 0], [2, 4, 6], [1, 3, 5]], 3),
        ("rotated_270", [[5, 3, 1], [6, 4, 2], [0, 0, 0]], 3),
    ],
)
def test_by_hand(name: str, rows: list[list[int]], length: int) -> None:
    features, lengths = TRANSFORMS[name](X, torch.tensor([2]))
    assert features[0, 0].tolist() == rows
    assert lengths.tolist() == [length]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_padding_changes_nothing(name: str) -> None:
    """A clip alone, and in a batch with a longer one."""
    x = torch.randn(2, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([4, 6])
    x[0, :, :, 4:] = 0
    together, new_lengths = TRANSFORMS[name](x, lengths)
    alone, own_lengths = TRANSFORMS[name](x[:1, :, :, :4], lengths[:1])
    width = alone.shape[3]
    assert torch.equal(together[:1, :, :, :width], alone)
    assert not together[0, :, :, width:].any()
    assert new_lengths[0] == own_lengths[0]


def test_several_transformations_of_an_input_are_adjacent() -> None:
    x = torch.arange(12.0).view(2, 1, 2, 3)
    features, lengths = transformed(["same", "backward"], x, torch.tensor([3, 2]))
    assert features.shape == (4, 1, 2, 3)
    assert torch.equal(features[0::2], x)
    assert features[3, 0].tolist() == [[7, 6, 8], [10, 9, 11]]
    assert lengths.tolist() == [3, 3, 2, 2]


def test_available_transformations_depend_on_the_form() -> None:
    assert usual(Image(1, 8, 8)) == ("rotated_90", "rotated_180", "rotated_270")
    assert "rotated_90" not in fitting(Image(1, 8, 9))
    assert usual(Spectrogram(40)) == ("backward", "upside_down", "rotated_180")
    with pytest.raises(Problem, match="rotated_90"):
        checked(["rotated_90"], Spectrogram(40), "method.transforms")


def test_transformed_embedders_share_their_weights() -> None:
    plain = embedder(MLP(FORM, hidden=[32, 16])).eval()
    turned = Transformed(plain, ["rotated_180"])
    batch = problem().batch(np.arange(4))
    flipped = type(batch)(batch.values[:, :, ::-1, ::-1].copy(), batch.lengths)
    assert torch.allclose(turned(batch).vector, plain(flipped).vector, atol=1e-6)
    assert plain.state_dict().keys() == turned.state_dict().keys()
