"""Speed of our linear prediction against librosa's, what three streams cost beside log_mel, and how exact float32 is.

Run: python benchmarks/lpc.py [FOLDER of 16 kHz recordings; without one, noise through slowly moving resonances]
50 clips of one second, order 16, 101 frames of 30 ms each, one thread, taking turns. Ours goes from samples to every frame's
|A|² and gain; `librosa.lpc` gets the windowed frames and returns filters, once a frame and once a clip (all frames at a time).
librosa's method is Burg's, ours the autocorrelation method, so filters differ; the error in dB is that of our envelopes against
float64 by the definitions. Prints CPU time a clip, ratios (median, least and greatest) and the largest error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import librosa
import numpy as np
import scipy.linalg
import scipy.signal
import torch
from threadpoolctl import threadpool_limits

import environment
from scratchlab.data import audio
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.models.frontends.lpc import LPC, prediction
from scratchlab.models.frontends.mel import power
from scratchlab.types import Waveform

CLIPS, RATE, WINDOW, HOP, N_FFT, ORDER, REPEATS = 50, 16000, 480, 160, 512, 16, 7


def synthetic() -> np.ndarray:
    """Noise through resonances that differ from clip to clip, `[CLIPS, RATE]`."""
    rng, clips = np.random.default_rng(0), []
    for _ in range(CLIPS):
        values = rng.normal(size=RATE)
        for centre in rng.uniform((300, 900, 2000), (900, 2000, 3500)):
            pole = np.exp(-np.pi * 80 / RATE + 2j * np.pi * centre / RATE)
            values = scipy.signal.lfilter([1], np.poly([pole, pole.conjugate()]).real, values)
        clips.append(0.3 * values / np.abs(values).max())
    return np.stack(clips).astype(np.float32)


def recorded(folder: Path) -> np.ndarray:
    """The first second of recordings taken evenly from a folder, `[CLIPS, RATE]`."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in audio.SUFFIXES)
    clips = [audio.decode(path, RATE)[:RATE] for path in paths[:: max(1, len(paths) // CLIPS)][:CLIPS]]
    return np.stack([np.pad(clip, (0, RATE - len(clip))) for clip in clips])


def windowed(values: np.ndarray) -> np.ndarray:
    """The frames that are analysed, `[clips, WINDOW, frames]`."""
    around = np.pad(values, ((0, 0), (WINDOW // 2, WINDOW // 2)))
    return librosa.util.frame(around, frame_length=WINDOW, hop_length=HOP) * scipy.signal.get_window("hann", WINDOW)[:, None]


def exact(frame: np.ndarray) -> np.ndarray:
    """g/|A|² of a frame in dB by the definitions, float64."""
    r = np.array([frame[lag:] @ frame[: WINDOW - lag] for lag in range(ORDER + 1)])
    r[0] *= 1 + 1e-4
    a = np.concatenate([[1], -scipy.linalg.solve_toeplitz(r[:-1], r[1:])])
    return 10 * np.log10(a @ r) - 20 * np.log10(np.abs(np.fft.rfft(a, N_FFT)))


def milliseconds(work: Callable[[], object], clips: int) -> float:
    """CPU milliseconds a clip."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000 / clips


def ratio(ours: list[float], theirs: list[float]) -> str:
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return f"×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})"


def main() -> None:
    values = recorded(Path(sys.argv[1])) if len(sys.argv) > 1 else synthetic()
    clips, lengths = torch.from_numpy(values), torch.full((len(values),), RATE)
    streams, log_mel = LPC(Waveform(RATE), order=ORDER), LogMel(Waveform(RATE))
    step = streams.chunk // RATE

    def ours() -> list[tuple[torch.Tensor, torch.Tensor]]:
        spectra = (power(clips[i : i + step], streams.window, N_FFT, HOP) for i in range(0, len(clips), step))
        return [prediction(one, streams.lags, streams.waves, streams.white_noise) for one in spectra]

    frames = windowed(values.astype(np.float64))
    sounding = frames.std(1) > 1e-6
    envelopes = torch.cat([left / whitening for whitening, left in ours()]).log10().mul(10).double().numpy()
    error = max(np.abs(envelopes[i, :, t] - exact(frames[i, :, t])).max() for i, t in np.argwhere(sounding))

    # librosa refuses or divides by zero where a frame is silent; its time does not depend on what a frame holds.
    heard = (frames + 1e-6 * np.random.default_rng(0).normal(size=frames.shape)).astype(np.float32)
    work = {
        "ours": ours,
        "librosa by frame": lambda: [librosa.lpc(frame, order=ORDER) for clip in heard for frame in clip.T],
        "librosa by clip": lambda: [librosa.lpc(clip, order=ORDER, axis=0) for clip in heard],
        "log_mel": lambda: log_mel(clips, lengths),
        "three streams": lambda: streams(clips, lengths),
    }
    for one in work.values():
        one()
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(REPEATS):
        for name, one in work.items():
            taken[name].append(milliseconds(one, len(values)))
    for name, times in taken.items():
        print(f"{name:17} {median(times):.3f} CPU ms a clip")
    print(f"analysis: {ratio(taken['ours'], taken['librosa by frame'])} librosa by frame, ", end="")
    print(f"{ratio(taken['ours'], taken['librosa by clip'])} librosa by clip")
    print(f"three streams cost {ratio(taken['log_mel'], taken['three streams'])} what log_mel costs")
    print(f"envelopes at most {error:.1e} dB from float64, over {sounding.sum()} frames")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.tell()
        main()
