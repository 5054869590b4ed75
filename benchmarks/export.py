"""CPU time of exported speech embeddings in onnxruntime, compared with the published network run by windows, and with torch.

Run: python benchmarks/export.py      (three minutes)
Clips of 1 s and 10 s of noise, one thread. The network alone: all windows of a spectrogram in one pass of the exported whole-clip network,
against the published `embedding_model.onnx` on windows of 76 frames every 8 frames, one call each or all in one call, and against torch.
Then from the waveform on, with each one's own spectrogram. Prints CPU milliseconds as medians (min to max), with ratios to ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np
import onnxruntime
import torch
from threadpoolctl import threadpool_limits

import environment
from peers.speech_windows import FRAMES, STEP, Windows
from scratchlab.inference.exporting import ClipEmbeddings, embedding_graphs, joined
from scratchlab.learn.embedder import Embedder
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.frontends.speech_mel import SHORTEST, SpeechMel
from scratchlab.models.temporal.frames import Frames

REPEATS = 9


def session(model: object) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def compare(title: str, ways: Mapping[str, Callable[[], object]], calls: int) -> None:
    def taken(call: Callable[[], object]) -> float:
        start = time.process_time()
        for _ in range(calls):
            call()
        return (time.process_time() - start) / calls * 1e3

    for call in ways.values():
        call()
    rounds = [[taken(call) for call in ways.values()] for _ in range(REPEATS)]
    print(title)
    for place, name in enumerate(ways):
        times, ratios = [row[place] for row in rounds], [row[place] / row[0] for row in rounds]
        ratio = f", ×{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if place else ""
        print(f"  {name}: {median(times):.2f} ms ({min(times):.2f}-{max(times):.2f}){ratio}", flush=True)


def main() -> None:
    embedder = Embedder(SpeechMel(pad_ms=0), SpeechEmbedding(), Frames(96, 96)).eval()
    module = ClipEmbeddings(embedder)
    example = torch.zeros(2 * SHORTEST)
    front, network = embedding_graphs(embedder, module, example, SHORTEST, 0, 0, "vector", "matrix")
    alone, whole, peer = session(network), session(joined(front, network)), Windows()

    for seconds in (1, 10):
        sound = np.random.default_rng(0).normal(scale=0.05, size=seconds * 16_000).astype(np.float32)
        frames = peer.spectrogram(sound)
        windows = np.stack([frames[i : i + FRAMES] for i in range(0, len(frames) - FRAMES + 1, STEP)])
        features = np.ascontiguousarray(frames.T[None, None])
        values, lengths = torch.from_numpy(features), torch.tensor([features.shape[3]])
        ours = alone.run(["matrix"], {"features": features})[0]
        assert np.abs(ours - peer.embed(windows)).max() < 1e-3

        def in_torch(values: torch.Tensor = values, lengths: torch.Tensor = lengths) -> object:
            with torch.no_grad():
                return embedder.embed_features(values, lengths)

        def clip_in_torch(sound: np.ndarray = sound) -> object:
            with torch.no_grad():
                return embedder.embed_features(*embedder.frontend(torch.from_numpy(sound)[None]))

        calls = 20 if seconds == 1 else 4
        compare(
            f"{seconds} s, the network, {len(windows)} windows",
            {
                "ours": lambda features=features: alone.run(None, {"features": features}),
                "published, a call for each window": lambda windows=windows: [peer.embed(window[None]) for window in windows],
                "published, all windows in one call": lambda windows=windows: peer.embed(windows),
                "ours in torch": in_torch,
            },
            calls,
        )
        compare(
            f"{seconds} s, from the waveform on",
            {
                "ours": lambda sound=sound: whole.run(None, {"waveform": sound}),
                "published, a call for each window": lambda sound=sound: peer.clip(sound, at_once=False),
                "published, all windows in one call": lambda sound=sound: peer.clip(sound, at_once=True),
                "ours in torch": clip_in_torch,
            },
            calls,
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        main()
