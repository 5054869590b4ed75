"""Recordings decoded once and kept: the first touch of a row decodes its shard, every later one reads mapped memory.

A shard is a folder with `data.npy` (its clips end to end) and `offsets.npy` `[items + 1]` (where each begins). It appears
whole or not at all, and its name is a hash of what it was made from, so workers, runs and changed files never get in each
other's way.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem
from scratchlab.data import audio, cache
from scratchlab.types import Batch, Rows, Strings

ITEMS = 256
"""Recordings a shard: 8 MB of one-second clips, decoded in some 60 ms."""


@dataclass(frozen=True)
class _Shard:
    """clips: `[samples]`, end to end in mapped memory. offsets: where each begins, and where the last one ends."""

    clips: audio.Clip
    offsets: list[int]

    def __getitem__(self, item: int) -> audio.Clip:
        return self.clips[self.offsets[item] : self.offsets[item + 1]]


class Decoded:
    """The recordings `names` `[n]` below `root`, mono at `rate` samples per second. Knows nothing of them until asked."""

    def __init__(self, root: Path, names: Strings, rate: int) -> None:
        self.root, self.names, self.rate = root.absolute(), names, rate
        self._shards: dict[int, _Shard] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_shards": {}}  # another process maps the files anew instead of receiving their contents

    def load(self, rows: Rows) -> Batch:
        """Values `[len(rows), longest]`, zeros after the end of each clip. Raises Problem for a file that gives no sound."""
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self.names):
            raise IndexError(f"rows must lie between 0 and {len(self.names) - 1}; these lie between {rows.min()} and {rows.max()}")
        self._make_ready(np.unique(rows // ITEMS))
        return audio.padded([self._shards[row // ITEMS][row % ITEMS] for row in rows.tolist()])

    def _make_ready(self, numbers: Rows) -> None:
        missing = [number for number in numbers.tolist() if number not in self._shards]
        if len(missing) > 1:  # workers that start together begin at different shards, and so share the decoding
            missing = np.random.default_rng(os.getpid()).permutation(missing).tolist()
        for number in missing:
            self._shards[number] = self._shard([self.root / name for name in self.names[number * ITEMS : (number + 1) * ITEMS]])

    def _shard(self, paths: list[Path]) -> _Shard:
        place = cache.folder() / "decoded" / _key(paths, self.rate)
        for _ in range(3):  # a damaged shard is removed, perhaps by several processes at once, and made again
            shard = _mapped(place, len(paths))
            if shard:
                return shard
            clips = [audio.compact(path, self.rate) for path in paths]
            with cache.filling(place) as folder:
                _write(folder, clips)
        raise Problem(
            f"The cache folder {place.parent} does not give back what was written there; choose another with SCRATCHLAB_CACHE=FOLDER."
        )


def _key(paths: list[Path], rate: int) -> str:
    """A name for what these files give: it changes when one of them is replaced, renamed, or wanted at another rate."""
    digest = hashlib.sha256(f"1 {rate}".encode())
    for path in paths:
        try:
            about = path.stat()
        except OSError as error:
            raise Problem(f"There is no recording at {path} ({error.strerror}).") from None
        digest.update(f"\0{path}\0{about.st_size}\0{about.st_mtime_ns}".encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def _write(folder: Path, clips: list[audio.Clip]) -> None:
    kind = np.int16 if all(clip.dtype == np.int16 for clip in clips) else np.float32
    _save(folder / "data.npy", [clip if clip.dtype == kind else clip * audio.INT16_STEP for clip in clips])
    _save(folder / "offsets.npy", [np.cumsum([0, *map(len, clips)])])


def _save(path: Path, pieces: Sequence[npt.NDArray[Any]]) -> None:
    """The pieces end to end as one .npy. As np.save, which hides why a disk refuses; and flushed, lest a name outlive its contents."""
    header = np.lib.format.header_data_from_array_1_0(pieces[0])
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {**header, "shape": (sum(map(len, pieces)),)})
        for piece in pieces:
            file.write(piece.data)
        file.flush()
        os.fsync(file.fileno())


def _mapped(place: Path, items: int) -> _Shard | None:
    """The shard, or None where there is none; one that is damaged is removed."""
    if not place.is_dir():
        return None
    try:
        clips = np.asarray(np.load(place / "data.npy", mmap_mode="r"))  # a plain array slices several times faster than a memmap
        offsets: list[int] = np.load(place / "offsets.npy").tolist()
        if len(offsets) == items + 1 and offsets[-1] == len(clips):
            return _Shard(clips, offsets)
    except (OSError, ValueError, EOFError):
        pass
    shutil.rmtree(place, ignore_errors=True)
    return None
