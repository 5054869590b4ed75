"""CPU and memory of a stream of speech embeddings, compared with onnxruntime running the published networks on a window for every step.

Run: python benchmarks/speech_stream.py [--minutes 60]      (four minutes)
Both get noise in pieces of 80 ms, on one thread, and return one embedding each; also ours if a step computes its whole window again, as the
others do. Prints CPU seconds per second of sound in percent as medians (min to max), with ratios, and then the memory of the process
after parts of a long stream by our class.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import psutil
import torch
from threadpoolctl import threadpool_limits

import environment
from peers.speech_windows import Windows
from scratchlab.inference.steps import STEP, EmbeddingStream
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.frontends.speech_mel import SHORTEST, SpeechMel

REPEATS, SECONDS = 7, 20


def share(push: Callable[[np.ndarray], object], sound: np.ndarray) -> float:
    """CPU seconds per second of sound."""
    start = time.process_time()
    for at in range(0, len(sound), STEP):
        push(sound[at : at + STEP])
    return (time.process_time() - start) / (len(sound) / 16_000)


def main(minutes: int) -> None:
    frontend, encoder = SpeechMel(loudest="running"), SpeechEmbedding().eval()
    stream, peer = EmbeddingStream(frontend, encoder), Windows()
    heard = torch.zeros(SHORTEST)
    whole = SpeechMel(pad_ms=0, loudest="running")

    @torch.no_grad()
    def again(piece: np.ndarray) -> None:
        heard[:-STEP] = heard[STEP:].clone()
        heard[-STEP:] = torch.from_numpy(piece)
        encoder(*whole(heard[None]))

    sound = np.random.default_rng(0).normal(scale=0.05, size=SECONDS * 16_000).astype(np.float32)
    ways = {"ours": lambda piece: stream.push(torch.from_numpy(piece)), "onnxruntime by windows": peer.push, "ours by windows": again}
    for push in ways.values():
        share(push, sound[: 16 * STEP])
    taken = [[share(push, sound) for push in ways.values()] for _ in range(REPEATS)]
    for place, name in enumerate(ways):
        shares, ratios = [t[place] for t in taken], [t[place] / t[0] for t in taken]
        times = f", ×{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if place else ""
        print(f"{name}: {median(shares):.2%} ({min(shares):.2%}–{max(shares):.2%}) of one CPU{times}", flush=True)

    memory = [f"{psutil.Process().memory_info().rss / 2**20:.0f} MiB at the start"]
    for minute in range(1, minutes + 1):
        for _ in range(60 // SECONDS):
            share(ways["ours"], sound)
        if minute in (10, minutes):
            memory.append(f"{psutil.Process().memory_info().rss / 2**20:.0f} after {minute} minutes")
    print(f"memory of the process: {', '.join(memory)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        main(given.minutes)
