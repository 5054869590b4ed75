"""Loading recordings for training: our cache of decoded audio against a plain torch DataLoader that decodes with soundfile.

Run: python benchmarks/decoding.py [--root FOLDER] [--repeats N]
Two epochs of shuffled batches of 100 clips of Arabic Speech Commands, in one process; CPU seconds, both in turns. Cold: the cache is empty,
so the first epoch decodes and writes. Warm: a second run over the same corpus.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
import torch
from torch.utils.data import DataLoader, Dataset

from scratchlab.data.samplers.shuffled import shuffled
from scratchlab.data.sources.arabic_speech_commands import ArabicSpeechCommands

BATCH, EPOCHS = 100, 2


class Plain(Dataset[torch.Tensor]):
    """A straightforward data set: one file per item, decoded at every access."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, item: int) -> torch.Tensor:
        return torch.from_numpy(soundfile.read(self.paths[item], dtype="float32")[0])


def peer(paths: list[str]) -> float:
    """Two epochs with the plain loader; returns the sum of all samples, to check that the data are equal."""
    loader = DataLoader(Plain(paths), batch_size=BATCH, shuffle=True, num_workers=0)
    return sum(float(batch.sum()) for _ in range(EPOCHS) for batch in loader)


def ours(root: str) -> float:
    """Two epochs with scratchlab, including the listing of files."""
    samples = ArabicSpeechCommands(root=root).read()
    batches = (rows for epoch in range(EPOCHS) for rows in shuffled(len(samples), BATCH, 0, epoch))
    return sum(float(torch.from_numpy(samples.load(rows).values).sum()) for rows in batches)


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """CPU seconds of `work`, and its result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    data = Path(os.environ.get("SCRATCHLAB_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    options = argparse.ArgumentParser()
    options.add_argument("--root", default=str(data / "arabic_speech_commands"), help="the corpus (default: in $SCRATCHLAB_TEST_DATA)")
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    if not Path(given.root).exists():
        print(f"skipped: there is no corpus at {given.root}; give its folder with --root")
        return
    torch.set_num_threads(1)
    paths = [str(Path(given.root) / name) for name in ArabicSpeechCommands(root=given.root).read().ids]
    peer(paths[:BATCH])  # warm-up

    seconds: dict[str, list[float]] = {"peer": [], "cold": [], "warm": []}
    for _ in range(given.repeats):
        cache = tempfile.mkdtemp()
        os.environ["SCRATCHLAB_CACHE"] = cache
        results: list[float] = []
        for name, work in (("peer", lambda: peer(paths)), ("cold", lambda: ours(given.root)), ("warm", lambda: ours(given.root))):
            spent, result = timed(work)
            seconds[name].append(spent)
            results.append(result)
        shutil.rmtree(cache)
        assert np.allclose(results, results[0], atol=1.0), results
    clips = EPOCHS * len(paths)
    for name, spent in seconds.items():
        ratios = [p / s for p, s in zip(seconds["peer"], spent, strict=True)]
        print(
            f"{name:5} {median(spent):6.2f} CPU-s  {clips / median(spent):8.0f} clips/s  "
            f"{median(ratios):5.2f} × the peer's speed (from {min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
