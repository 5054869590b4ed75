"""A disk cache of decoded recordings: the first access to a row decodes its shard, every later one reads memory-mapped arrays.

A shard is a folder with `data.npy` (its clips, concatenated) and `offsets.npy` `[clips + 1]` (where each clip begins). It is
created atomically, and its name is a hash of its source files, so that workers, runs and changed files do not conflict.
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

SHARD_SIZE = 256
"""Recordings per shard: 8 MB of one-second clips, decoded in about 60 ms."""


@dataclass(frozen=True)
class _Shard:
    """clips: `[samples]`, all clips concatenated, memory-mapped. offsets: where each clip begins, and where the last one ends."""

    clips: audio.Clip
    offsets: list[int]

    def __getitem__(self, item: int) -> audio.Clip:
        return self.clips[self.offsets[item] : self.offsets[item + 1]]


class Decoded:
    """The recordings `names` `[n]` below `root`, mono at `rate` samples per second. No file is opened before `load`."""

    def __init__(self, root: Path, names: Strings, rate: int) -> None:
        self.root, self.names, self.rate = root.absolute(), names, rate
        self._shards: dict[int, _Shard] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_shards": {}}  # so that another process maps the files itself instead of receiving their contents

    def load(self, rows: Rows) -> Batch:
        """Loads clips: values `[len(rows), longest]`, padded with zeros. Raises Problem for a missing, damaged or empty file."""
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self.names):
            raise IndexError(f"rows must lie between 0 and {len(self.names) - 1}; these lie between {rows.min()} and {rows.max()}")
        self._load_shards(np.unique(rows // SHARD_SIZE))
        return audio.padded([self._shards[row // SHARD_SIZE][row % SHARD_SIZE] for row in rows.tolist()])

    def _load_shards(self, numbers: Rows) -> None:
        missing = [number for number in numbers.tolist() if number not in self._shards]
        if len(missing) > 1:  # in random order, so that workers that start together decode different shards
            missing = np.random.default_rng(os.getpid()).permutation(missing).tolist()
        for number in missing:
            names = self.names[number * SHARD_SIZE : (number + 1) * SHARD_SIZE]
            self._shards[number] = self._shard([self.root / name for name in names])

    def _shard(self, paths: list[Path]) -> _Shard:
        target = cache.folder() / "decoded" / _key(paths, self.rate)
        for _ in range(3):  # a damaged shard is removed, perhaps by several processes at once, and decoded again
            shard = _mapped(target, len(paths))
            if shard:
                return shard
            clips = [audio.compact(path, self.rate) for path in paths]
            with cache.atomic_folder(target) as folder:
                _write(folder, clips)
        raise Problem(
            f"Files written to the cache folder {target.parent} cannot be read back; choose another with SCRATCHLAB_CACHE=FOLDER."
        )


def _key(paths: list[Path], rate: int) -> str:
    """The name of a shard: a hash of the paths, sizes and modification times of its files and of the rate."""
    digest = hashlib.sha256(f"1 {rate}".encode())
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            raise Problem(f"There is no recording at {path} ({error.strerror}).") from None
        digest.update(f"\0{path}\0{status.st_size}\0{status.st_mtime_ns}".encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def _write(folder: Path, clips: list[audio.Clip]) -> None:
    dtype = np.int16 if all(clip.dtype == np.int16 for clip in clips) else np.float32
    _save(folder / "data.npy", [clip if clip.dtype == dtype else clip * audio.INT16_STEP for clip in clips])
    _save(folder / "offsets.npy", [np.cumsum([0, *map(len, clips)])])


def _save(path: Path, pieces: Sequence[npt.NDArray[Any]]) -> None:
    """Writes the concatenated pieces as one .npy file.

    Unlike np.save, it keeps the errno of a failed write, and it flushes to disk, so that a crash leaves no named file without contents.
    """
    header = np.lib.format.header_data_from_array_1_0(pieces[0])
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {**header, "shape": (sum(map(len, pieces)),)})
        for piece in pieces:
            file.write(piece.data)
        file.flush()
        os.fsync(file.fileno())


def _mapped(folder: Path, n: int) -> _Shard | None:
    """The shard of `n` clips in this folder, memory-mapped, or None where there is none; a damaged one is removed."""
    if not folder.is_dir():
        return None
    try:
        clips = np.asarray(np.load(folder / "data.npy", mmap_mode="r"))  # a plain array slices several times faster than a memmap
        offsets: list[int] = np.load(folder / "offsets.npy").tolist()
        if len(offsets) == n + 1 and offsets[-1] == len(clips):
            return _Shard(clips, offsets)
    except (OSError, ValueError, EOFError):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    return None
