"""Speed of our linear prediction compared with librosa's, cost of three streams relative to log_mel, and accuracy of float32.

Run: python benchmarks/lpc.py [FOLDER of 16 kHz recordings; by default, noise filtered by random resonances]
50 clips of one second, order 16, 101 frames of 30 ms each, on one thread, in turns. Ours computes |A|² and gain per frame from samples;
`librosa.lpc` gets windowed frames and returns filters, called once per frame or once per clip (all frames at once). librosa uses Burg's
method, ours the autocorrelation method, so filters differ; errors in dB are those of our envelopes relative to a float64 computation by the
definitions. Prints CPU time per clip, ratios as median (min to max), and the largest error.
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
    """Noise filtered by random resonances, different for each clip, `[CLIPS, RATE]`."""
    rng, clips = np.random.default_rng(0), []
    for _ in range(CLIPS):
        values = rng.normal(size=RATE)
        for centre in rng.uniform((300, 900, 2000), (900, 2000, 3500)):
            pole = np.exp(-np.pi * 80 / RATE + 2j * np.pi * centre / RATE)
            values = scipy.signal.lfilter([1], np.poly([pole, pole.conjugate()]).real, values)
        clips.append(0.3 * values / np.abs(values).max())
    return np.stack(clips).astype(np.float32)


def recorded(folder: Path) -> np.ndarray:
    """The first second of recordings sampled evenly from a folder, `[CLIPS, RATE]`."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in audio.SUFFIXES)
    clips = [audio.decode(path, RATE)[:RATE] for path in paths[:: max(1, len(paths) // CLIPS)][:CLIPS]]
    return np.stack([np.pad(clip, (0, RATE - len(clip))) for clip in clips])


def windowed(values: np.ndarray) -> np.ndarray:
    """Windowed frames, `[clips, WINDOW, frames]`."""
    padded = np.pad(values, ((0, 0), (WINDOW // 2, WINDOW // 2)))
    return librosa.util.frame(padded, frame_length=WINDOW, hop_length=HOP) * scipy.signal.get_window("hann", WINDOW)[:, None]


def exact(frame: np.ndarray) -> np.ndarray:
    """g/|A|² of a frame in dB, computed by the definitions in float64."""
    r = np.array([frame[lag:] @ frame[: WINDOW - lag] for lag in range(ORDER + 1)])
    r[0] *= 1 + 1e-4
    a = np.concatenate([[1], -scipy.linalg.solve_toeplitz(r[:-1], r[1:])])
    return 10 * np.log10(a @ r) - 20 * np.log10(np.abs(np.fft.rfft(a, N_FFT)))


def milliseconds(work: Callable[[], object], clips: int) -> float:
    """CPU milliseconds per clip."""
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
        return [prediction(spectrum, streams.lags, streams.waves, streams.white_noise) for spectrum in spectra]

    frames = windowed(values.astype(np.float64))
    sounding = frames.std(1) > 1e-6
    envelopes = torch.cat([gain / whitening for whitening, gain in ours()]).log10().mul(10).double().numpy()
    error = max(np.abs(envelopes[i, :, t] - exact(frames[i, :, t])).max() for i, t in np.argwhere(sounding))

    # librosa raises an error or divides by zero for silent frames; its time does not depend on the values.
    noisy = (frames + 1e-6 * np.random.default_rng(0).normal(size=frames.shape)).astype(np.float32)
    work = {
        "ours": ours,
        "librosa by frame": lambda: [librosa.lpc(frame, order=ORDER) for clip in noisy for frame in clip.T],
        "librosa by clip": lambda: [librosa.lpc(clip, order=ORDER, axis=0) for clip in noisy],
        "log_mel": lambda: log_mel(clips, lengths),
        "three streams": lambda: streams(clips, lengths),
    }
    for call in work.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(REPEATS):
        for name, call in work.items():
            taken[name].append(milliseconds(call, len(values)))
    for name, times in taken.items():
        print(f"{name:17} {median(times):.3f} CPU ms per clip")
    print(f"analysis: {ratio(taken['ours'], taken['librosa by frame'])} librosa by frame, ", end="")
    print(f"{ratio(taken['ours'], taken['librosa by clip'])} librosa by clip")
    print(f"three streams cost {ratio(taken['log_mel'], taken['three streams'])} what log_mel costs")
    print(f"largest error of envelopes relative to float64: {error:.1e} dB, over {sounding.sum()} frames")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        main()
