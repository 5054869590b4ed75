"""Speed of our log-mel front-end compared with librosa's, and the difference between their results.

Run: python benchmarks/log_mel.py
Both turn 300 clips of one second at 16 kHz into 40 bands, on one thread, in turns; librosa clip by clip, as is usual. Prints CPU
time per clip, the ratio, and the largest difference in dB.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import librosa
import numpy as np
import torch
from threadpoolctl import threadpool_limits

import environment
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.types import Waveform

CLIPS, RATE, REPEATS = 300, 16000, 7


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds per clip."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000 / CLIPS


def main() -> None:
    values = np.random.default_rng(0).normal(scale=0.1, size=(CLIPS, RATE)).astype(np.float32)
    frontend, lengths = LogMel(Waveform(RATE)), torch.full((CLIPS,), RATE)

    def ours() -> torch.Tensor:
        return frontend(torch.from_numpy(values), lengths)[0]

    def theirs() -> list[np.ndarray]:
        settings = {"sr": RATE, "n_fft": 512, "win_length": 480, "hop_length": 160, "n_mels": 40, "pad_mode": "constant"}
        powers = (librosa.feature.melspectrogram(y=clip, **settings) for clip in values)
        return [librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None) for power in powers]

    difference = np.abs(ours()[:, 0].numpy() * 20 - 100 - np.stack(theirs())).max()
    taken = [(milliseconds(ours), milliseconds(theirs)) for _ in range(REPEATS)]
    ratios = [b / a for a, b in taken]
    print(f"ours {median(a for a, _ in taken):.3f}, librosa {median(b for _, b in taken):.3f} CPU ms per clip; ", end="")
    print(f"×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f}); largest difference {difference:.1e} dB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        main()
