"""Noise on streams: powers add, signal-to-noise ratios are exact, and only the named streams change."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scratchlab.checks import Problem
from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.data.augment.stream_noise import StreamNoise
from scratchlab.learn.embedder import Embedder
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.frontends.lpc import LPC
from scratchlab.models.streams import over_streams
from scratchlab.models.temporal.frames import Frames
from scratchlab.types import Waveform

SOUND, NAMES = Waveform(8000), ("speech", "envelope", "residual")
LENGTHS = torch.tensor([30, 30, 12])


def features() -> torch.Tensor:
    values = 1 + 2 * torch.rand(3, 3, 8, 30, generator=torch.Generator().manual_seed(0))
    return values * (torch.arange(30) < LENGTHS[:, None])[:, None, None]


def rng(rows: list[int]) -> RowRNG:
    return RowRNG(1, 0, np.array(rows))


def powers(values: torch.Tensor) -> torch.Tensor:
    """Linear powers of features in units of 20 dB, in float64."""
    return torch.where(values > 0, 10 ** (20 * values.double() / 10), 0.0)


@pytest.mark.parametrize("snr", [0.0, 10.0])
def test_every_stream_has_the_configured_ratio(snr: float) -> None:
    noisy = StreamNoise(SOUND, snr=(snr, snr), probability=1.0)(features(), LENGTHS, rng([4, 5, 6]))
    signal, noise = powers(features()).sum((2, 3)), (powers(noisy) - powers(features())).sum((2, 3))
    torch.testing.assert_close(10 * torch.log10(signal / noise), torch.full((3, 3), snr).double(), atol=1e-3, rtol=0)


def test_noise_as_loud_as_its_stream_adds_three_decibels_on_the_mean() -> None:
    flat = torch.full((1, 1, 8, 30), 2.0)
    noisy = StreamNoise(SOUND, snr=(0.0, 0.0), probability=1.0)(flat, torch.tensor([30]), rng([1]))
    assert powers(noisy).mean() == pytest.approx(2 * 10**4, rel=1e-4)
    assert (noisy >= flat).all(), "noise adds power"
    assert (noisy - flat).std() > 0.03, "the noise fluctuates"


def test_only_named_streams_and_only_a_fraction_of_clips_change() -> None:
    augment = StreamNoise(SOUND, streams=["residual"], snr=(0.0, 0.0), probability=1.0)
    augment.set_streams(NAMES)
    noisy = augment(features(), LENGTHS, rng([4, 5, 6]))
    assert torch.equal(noisy[:, :2], features()[:, :2])
    assert (noisy[0, 2] > features()[0, 2]).all()
    many = torch.ones(4000, 1, 1, 2)
    changed = (StreamNoise(SOUND, probability=0.3)(many, torch.full((4000,), 2), rng(list(range(4000)))) != many).flatten(1).any(1)
    assert abs(float(changed.double().mean()) - 0.3) < 4 * (0.3 * 0.7 / 4000) ** 0.5


def test_streams_and_bands_have_independent_noise() -> None:
    noisy = StreamNoise(SOUND, snr=(0.0, 0.0), probability=1.0)(torch.ones(1, 3, 8, 30), torch.tensor([30]), rng([1]))
    rows = (noisy - 1).flatten(0, 2).double()
    correlations = torch.corrcoef(rows) - torch.eye(24)
    assert correlations.abs().max() < 0.8, "no two rows have the same noise"


def test_a_clip_in_a_wider_batch_gets_the_same_noise() -> None:
    augment = StreamNoise(SOUND, probability=1.0)
    wide = augment(features(), LENGTHS, rng([4, 5, 6]))[2:]
    alone = augment(features()[2:, :, :, :12], LENGTHS[2:], rng([6]))
    torch.testing.assert_close(wide[..., :12], alone)
    assert (wide[..., 12:] == 0).all()


def embedder(frontend: LPC | LogMel, augment: StreamNoise) -> Embedder:
    encoder = over_streams(lambda form: Conv4(form, channels=4), frontend.form)
    return Embedder(frontend, encoder, Frames(encoder.dim, encoder.channels), [augment])


def test_an_unknown_stream_is_reported_before_data_are_read() -> None:
    embedder(LPC(SOUND), StreamNoise(SOUND, streams=["envelope"]))
    with pytest.raises(Problem, match=r"names 'residue', but the streams are: speech, envelope, residual. Did you mean 'residual'\?"):
        embedder(LPC(SOUND), StreamNoise(SOUND, streams=["residue"]))
    with pytest.raises(Problem, match="the front-end has a single stream without a name"):
        embedder(LogMel(SOUND), StreamNoise(SOUND, streams=["envelope"]))
    embedder(LogMel(SOUND), StreamNoise(SOUND))
    with pytest.raises(Problem, match="write the lower ratio first"):
        StreamNoise(SOUND, snr=(10.0, 0.0))
