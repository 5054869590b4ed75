"""Creates log_mel.npz: librosa's log-mel spectrograms of a sweep and a click, in decibels. Run: python tests/golden/make_log_mel.py"""

from __future__ import annotations

import librosa
import numpy as np
from test_log_mel import CASES, GOLDEN, sound


def decibels(rate: int, window: int, hop: int, bands: int, low: float, high: float) -> np.ndarray:
    n_fft = 1 << (window - 1).bit_length()
    frames = {"sr": rate, "n_fft": n_fft, "win_length": window, "hop_length": hop, "pad_mode": "constant"}
    bins = {"n_mels": bands, "fmin": low, "fmax": high or None, "dtype": np.float64}
    power = librosa.feature.melspectrogram(y=sound(rate), **frames, **bins)
    return librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None)


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **{name: decibels(*case) for name, case in CASES.items()})
