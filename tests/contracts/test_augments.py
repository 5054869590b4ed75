"""The contract of every augmentation: the shape is kept, results are deterministic, rows are independent of each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from scratchlab.checks import Problem
from scratchlab.data.augment.catalog import AUGMENTS
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.types import Image, Waveform

SOUND, PICTURE = Waveform(8000), Image(1, 12, 12)
PICTURES = {"affine", "flip", "pixel_shift"}


def form(name: str) -> Waveform | Image:
    return PICTURE if name in PICTURES else SOUND


def batch(name: str, n: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Values and lengths in the domain of this augmentation, padded with zeros where lengths vary."""
    generator = torch.Generator().manual_seed(0)
    if name in PICTURES:
        return torch.rand(n, 1, 12, 12, generator=generator), torch.full((n,), 12)
    if AUGMENTS[name](SOUND).domain == "features":
        lengths = torch.tensor([50, 31, 50, 7, 50, 1])[:n]
        values = torch.rand(n, 1, 40, 50, generator=generator) + 0.1
        return values * (torch.arange(50) < lengths[:, None])[:, None, None, :], lengths
    lengths = torch.tensor([4000, 2500, 4000, 900, 4000, 1])[:n]
    return torch.randn(n, 4000, generator=generator) * (torch.arange(4000) < lengths[:, None]), lengths


def rng(rows: list[int], epoch: int = 3) -> RowRNG:
    return RowRNG(1, epoch, np.array(rows))


@pytest.mark.parametrize("name", AUGMENTS)
def test_results_depend_on_the_random_numbers_alone(name: str) -> None:
    augment, (values, lengths) = AUGMENTS[name](form(name)), batch(name)
    before = values.clone()
    once = augment(values, lengths, rng([5, 6, 7, 8, 9, 10]))
    again = augment(values, lengths, rng([5, 6, 7, 8, 9, 10]))
    later = augment(values, lengths, rng([5, 6, 7, 8, 9, 10], epoch=4))
    assert once.shape == values.shape
    assert once.dtype == values.dtype
    assert torch.equal(once, again)
    assert not torch.equal(once, later)
    assert torch.equal(values, before), "the inputs must not be changed in place"


@pytest.mark.parametrize("name", AUGMENTS)
def test_a_row_does_not_depend_on_its_neighbours(name: str) -> None:
    """So that the batch size and the number of processes do not matter."""
    augment, (values, lengths) = AUGMENTS[name](form(name)), batch(name)
    whole = augment(values, lengths, rng([5, 6, 7, 8, 9, 10]))
    for positions in ([1, 4], [3], [5, 0, 2]):
        part = augment(values[positions], lengths[positions], rng([5 + position for position in positions]))
        assert torch.equal(part, whole[positions])


@pytest.mark.parametrize("name", AUGMENTS)
def test_padding_stays_zero_and_silence_stays_finite(name: str) -> None:
    augment, (values, lengths) = AUGMENTS[name](form(name)), batch(name)
    result = augment(values, lengths, rng([5, 6, 7, 8, 9, 10]))
    outside = torch.arange(values.shape[-1]) >= lengths[:, None]
    outside = outside.view(len(values), *[1] * (values.ndim - 2), values.shape[-1]).expand_as(values)
    assert (result[outside] == 0).all()
    assert torch.isfinite(augment(torch.zeros_like(values), lengths, rng([5, 6, 7, 8, 9, 10]))).all()


@pytest.mark.parametrize("name", AUGMENTS)
def test_the_wrong_form_raises_problem(name: str) -> None:
    with pytest.raises(Problem):
        AUGMENTS[name](SOUND if name in PICTURES else PICTURE)


def test_noise_has_the_configured_ratio() -> None:
    values, lengths = torch.randn(4, 8000), torch.full((4,), 8000)
    noisy = AUGMENTS["noise"](SOUND, snr=(10.0, 10.0), probability=1.0)(values, lengths, rng([1, 2, 3, 4]))
    ratio = 10 * torch.log10(values.square().mean(1) / (noisy - values).square().mean(1))
    assert torch.allclose(ratio, torch.full((4,), 10.0), atol=0.01)


def test_a_shift_moves_samples_without_loss_inside_the_clip() -> None:
    values = torch.zeros(32, 8000)
    values[:, 4000] = 1
    moved = AUGMENTS["shift"](SOUND, ms=100.0)(values, torch.full((32,), 8000), rng(list(range(32))))
    positions = moved.argmax(1)
    assert (moved.sum(1) == 1).all()
    assert ((positions - 4000).abs() <= 800).all()
    assert len(positions.unique()) > 20


def test_a_flip_mirrors_a_fraction_of_the_images() -> None:
    values, lengths = batch("flip", 6)
    assert torch.equal(AUGMENTS["flip"](PICTURE, probability=1.0)(values, lengths, rng(list(range(6)))), values.flip(3))
    many = torch.arange(3.0).expand(4000, 1, 1, 3)
    flipped = AUGMENTS["flip"](PICTURE, probability=0.3)(many, torch.full((4000,), 3), rng(list(range(4000))))[:, 0, 0, 0] == 2
    assert abs(float(flipped.double().mean()) - 0.3) < 4 * (0.3 * 0.7 / 4000) ** 0.5
    narrow = AUGMENTS["flip"](PICTURE, probability=1.0)(torch.tensor([[[[1.0, 2.0, 0.0]]]]), torch.tensor([2]), rng([0]))
    assert narrow.flatten().tolist() == [2.0, 1.0, 0.0]


def test_random_numbers_are_uniform_and_uncorrelated() -> None:
    """Means and correlations of 500,000 numbers are within four standard errors of those of a uniform distribution."""
    rows = np.arange(500_000)
    row_rng = RowRNG(0, 0, rows)
    first, second = row_rng.uniform(), row_rng.uniform()
    other = RowRNG(0, 1, rows).uniform()
    for numbers in (first, second, other):
        assert abs(float(numbers.mean()) - 0.5) < 4 * 12**-0.5 / 500_000**0.5
        assert abs(float(numbers.var()) - 1 / 12) < 0.001
    for a, b in ((first, second), (first, other), (first[:-1], first[1:])):
        assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 4 / 500_000**0.5


class Maximum(RowRNG):
    """A generator that always returns the upper bound."""

    def uniform(self, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        return torch.full((1,), high, dtype=torch.float64)


def test_a_rotation_by_90_degrees_moves_pixels_exactly() -> None:
    image = torch.rand(1, 3, 12, 12)
    rotated = AUGMENTS["affine"](PICTURE, degrees=90.0, scale=0.0, shear=0.0)(image, torch.tensor([12]), Maximum(0, 0, np.arange(1)))
    torch.testing.assert_close(rotated, torch.rot90(image, 1, (2, 3)), atol=1e-5, rtol=0)


def test_rotation_scale_and_shear_equal_scipys_on_an_image_that_is_not_square() -> None:
    image = torch.rand(1, 1, 20, 14)
    degrees, scale, shear = 25.0, 0.2, 15.0
    augment = AUGMENTS["affine"](PICTURE, degrees=degrees, scale=scale, shear=shear)
    result = augment(image, torch.tensor([14]), Maximum(0, 0, np.arange(1)))
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])  # of (row, column)
    inverse = rotation @ np.array([[1, 0], [np.tan(np.deg2rad(shear)), 1]]) / (1 + scale)
    centre = (np.array([20, 14]) - 1) / 2
    expected = ndimage.affine_transform(image[0, 0].numpy(), inverse, centre - inverse @ centre, order=1, mode="grid-constant")
    np.testing.assert_allclose(result[0, 0].numpy(), expected, atol=1e-5)
