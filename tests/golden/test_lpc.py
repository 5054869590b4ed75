"""Envelope and residual against an independent computation in float64, stored in lpc.npz (created by make_lpc.py)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import scipy.signal
import torch

from scratchlab.models.frontends.lpc import LPC
from scratchlab.types import Waveform

GOLDEN = Path(__file__).with_name("lpc.npz")


class Case(NamedTuple):
    rate: int
    window: int
    hop: int
    order: int
    preemphasis: float
    bands: int


CASES = {
    "speech": Case(16000, 480, 160, 16, 0.0, 40),
    "emphasised": Case(8000, 240, 80, 10, 0.97, 20),
    "window as long as its transform": Case(16000, 512, 256, 40, 0.0, 40),
}


def sound(rate: int) -> np.ndarray:
    """A vowel with falling pitch and some noise, then a click in silence; `[4001]` float32."""
    pitch = np.linspace(160, 90, 4001) / rate
    pulses = np.diff(np.floor(np.cumsum(pitch)), prepend=0) + np.random.default_rng(0).normal(scale=0.01, size=4001)
    for formant, width in ((700, 80), (1220, 90), (2600, 120)):
        pole = np.exp(-np.pi * width / rate + 2j * np.pi * formant / rate)
        pulses = scipy.signal.lfilter([1], np.poly([pole, pole.conjugate()]).real, pulses)
    values = 0.3 * pulses / np.abs(pulses).max()
    values[2500:] = 0
    values[3300] = 1
    return values.astype(np.float32)


@pytest.mark.parametrize("case", CASES)
def test_envelope_and_residual_equal_their_definitions(case: str) -> None:
    rate, window, hop, order, preemphasis, bands = CASES[case]
    frontend = LPC(
        Waveform(rate),
        order=order,
        streams=["envelope", "residual"],
        bands=bands,
        window_ms=window * 1000 / rate,
        hop_ms=hop * 1000 / rate,
        preemphasis=preemphasis,
    )
    golden, values = np.load(GOLDEN)[case], torch.from_numpy(sound(rate))[None]
    lengths = torch.tensor([values.shape[1]])
    assert golden.shape == (2, bands, 1 + values.shape[1] // hop)
    assert (golden.max((1, 2)) > 80).all()
    single = frontend(values, lengths)[0][0] * 20
    assert np.abs(single.numpy() - golden).max() < 0.01
    frontend.double().window = torch.hann_window(window, dtype=torch.float64)
    ours = frontend(values.double(), lengths)[0][0] * 20
    assert np.abs(ours.numpy() - golden).max() < 5e-4  # the Fourier basis for filters is float32
