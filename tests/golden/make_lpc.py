"""Creates lpc.npz: envelope and residual frame by frame in float64, by the definitions. Run: python tests/golden/make_lpc.py

Autocorrelations are sums of products of samples, filters are the solutions of Toeplitz systems, bands are librosa's.
"""

from __future__ import annotations

import librosa
import numpy as np
import scipy.linalg
from test_lpc import CASES, GOLDEN, Case, sound


def frames(values: np.ndarray, window: int, hop: int) -> np.ndarray:
    """Windowed frames `[frames, window]`; frame i is centred on sample i · hop, the clip is zero-padded."""
    around = np.pad(values.astype(np.float64), window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    starts = window - window // 2 + np.arange(1 + len(values) // hop) * hop
    return np.stack([around[start : start + window] * hann for start in starts])


def predicted(frame: np.ndarray, order: int, preemphasis: float, white_noise: float) -> tuple[np.ndarray, float]:
    """The prediction-error filter, including pre-emphasis, and the power of its residual."""
    emphasised = np.convolve(frame, [1, -preemphasis])
    r = np.array([emphasised[lag:] @ emphasised[: len(emphasised) - lag] for lag in range(order + 1)])
    if r[0] < 1e-25:
        return np.array([1.0]), 0.0
    r[0] *= 1 + white_noise
    a = np.concatenate([[1], -scipy.linalg.solve_toeplitz(r[:-1], r[1:])])
    return np.convolve(a, [1, -preemphasis]), float(a @ r)


def spectra(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Power spectra of envelope and residual, `[bins, frames]` each."""
    rate, window, hop, order, preemphasis, _ = case
    n_fft = 1 << (window - 1).bit_length()
    envelopes, residuals = [], []
    for frame in frames(sound(rate), window, hop):
        a, left = predicted(frame, order, preemphasis, 1e-4)
        whitening = np.abs(np.fft.rfft(a, n_fft)) ** 2
        envelopes.append(left / whitening)
        residuals.append(np.abs(np.fft.rfft(frame, n_fft)) ** 2 * whitening)
    return np.stack(envelopes, 1), np.stack(residuals, 1)


def decibels(case: Case) -> np.ndarray:
    """Envelope and residual in decibels above -100, `[2, bands, frames]`."""
    filters = librosa.filters.mel(sr=case.rate, n_fft=1 << (case.window - 1).bit_length(), n_mels=case.bands, dtype=np.float64)
    return np.stack([10 * np.log10(np.maximum(filters @ one * 1e10, 1)) for one in spectra(case)])


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **{name: decibels(case).astype(np.float32) for name, case in CASES.items()})
