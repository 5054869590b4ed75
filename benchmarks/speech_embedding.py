"""Speed of the speech embedding on whole clips, compared with onnxruntime running the published networks on every window.

Run: python benchmarks/speech_embedding.py
Both compute spectrogram and embeddings of noise of 1, 2 and 10 s, one clip at a time, on one thread, in turns. We pass a clip through the
network once; the others pass each window of 76 frames, every 8 frames, in one call each or all in one call. Embeddings must agree to 1e-4
of the largest. Prints CPU milliseconds and ratios as medians (min to max).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import environment
from peers.speech_windows import Windows
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.frontends.speech_mel import SpeechMel

REPEATS, CLIPS = 9, 5


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds of a call: the mean of several, after a warm-up call that fills the CPU's caches."""
    work()
    start = time.process_time()
    for _ in range(CLIPS):
        work()
    return (time.process_time() - start) / CLIPS * 1000


def compare(seconds: int, frontend: SpeechMel, encoder: SpeechEmbedding, peer: Windows) -> None:
    samples = np.random.default_rng(seconds).normal(scale=0.05, size=seconds * 16_000).astype(np.float32)
    clip = torch.from_numpy(samples[None])

    @torch.no_grad()
    def ours() -> np.ndarray:
        return encoder(*frontend(clip)).matrix[0].numpy()

    ways = {"by windows": lambda: peer.clip(samples, at_once=False), "by windows in one call": lambda: peer.clip(samples, at_once=True)}
    for way in ways.values():
        theirs = way()
        assert np.abs(ours() - theirs).max() < 1e-4 * np.abs(theirs).max()
    taken = [(milliseconds(ours), *map(milliseconds, ways.values())) for _ in range(REPEATS)]
    print(f"{seconds:2} s, {len(theirs):3} windows: ours {median(t[0] for t in taken):6.1f} ms", end="")
    for place, name in enumerate(ways, 1):
        ratios = [t[place] / t[0] for t in taken]
        spread = f"{min(ratios):.1f}–{max(ratios):.1f}"
        print(f"; onnxruntime {name} {median(t[place] for t in taken):6.1f}, ×{median(ratios):.1f} ({spread})", end="")
    print(flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        parts = SpeechMel(pad_ms=0), SpeechEmbedding().eval(), Windows()
        for seconds in (1, 2, 10):
            compare(seconds, *parts)
