"""Our decibels against librosa's, stored in log_mel.npz (created by make_log_mel.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.frontends.mel import decibels, mel_filters, nonzero_parts, power
from scratchlab.types import Waveform

GOLDEN = Path(__file__).with_name("log_mel.npz")
CASES = {
    "speech": (16000, 480, 160, 40, 0.0, 0.0),
    "ships": (32000, 1024, 500, 64, 50.0, 8000.0),
    "telephone": (8000, 240, 80, 20, 0.0, 4000.0),
}


def sound(rate: int) -> np.ndarray:
    """A rising tone of increasing level, then a click in silence."""
    seconds = np.arange(4001) / rate
    tone = np.sin(2 * np.pi * (200 + 6000 * seconds) * seconds) * seconds / seconds[-1]
    tone[2000:] = 0
    tone[3000] = 1
    return tone


@pytest.mark.parametrize("case", CASES)
def test_decibels_equal_librosa_s(case: str) -> None:
    rate, window, hop, bands, low, high = CASES[case]
    golden, values = np.load(GOLDEN)[case], torch.from_numpy(sound(rate))[None]
    n_fft = 1 << (window - 1).bit_length()
    filters = mel_filters(rate, n_fft, bands, low, high or rate / 2) * 1e10
    spectra = power(values, torch.hann_window(window, dtype=torch.float64), n_fft, hop)
    ours = decibels(spectra, filters, nonzero_parts(filters))[0] - 100
    assert golden.shape == (bands, 1 + values.shape[1] // hop)
    assert np.abs(ours.numpy() - golden).max() < 1e-5

    frontend = LogMel(Waveform(rate), bands=bands, window_ms=window * 1000 / rate, hop_ms=hop * 1000 / rate, low_hz=low, high_hz=high)
    single = frontend(values.float(), torch.tensor([values.shape[1]]))[0][0, 0] * 20 - 100
    loud = golden > golden.max(0) - 60  # far below the loudest band of a frame, float32 rounding of the FFT dominates
    assert np.abs(single.numpy() - golden)[loud].max() < 1e-3


def test_one_second_has_101_frames() -> None:
    features, frames = LogMel(Waveform(16000))(torch.zeros(1, 16000), torch.tensor([16000]))
    assert features.shape == (1, 1, 40, 101)
    assert frames.tolist() == [101]
