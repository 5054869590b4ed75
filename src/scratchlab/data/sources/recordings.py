"""Lists the recordings in a folder, and builds Samples from a list of recordings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from scratchlab.checks import Problem
from scratchlab.data.audio import SUFFIXES
from scratchlab.data.decoded import Decoded
from scratchlab.types import Samples, Waveform

SUFFIX_LIST = ", ".join(SUFFIXES)


def below(folder: Path) -> list[str]:
    """The sorted relative paths of all recordings in a folder, at any depth (`yes/a.wav`), without hidden files and folders.

    No recording is opened: 100,000 files take a fraction of a second.
    """

    def walk(path: str, inside: str) -> Iterator[str]:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    yield from walk(entry.path, f"{inside}{entry.name}/")
                elif entry.name.lower().endswith(SUFFIXES) and entry.is_file():  # reading a pipe would block for ever
                    yield f"{inside}{entry.name}"

    try:
        return sorted(walk(str(folder), ""))
    except OSError as error:  # a loop of symbolic links, or no permission
        raise Problem(f"{error.filename} cannot be listed ({(error.strerror or 'unknown').lower()}).") from None


def folders(root: Path) -> list[str]:
    """The sorted names of the folders directly in `root`, without hidden ones."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def samples(
    root: Path, names: Sequence[str], words: Sequence[str], groups: Mapping[str, Sequence[str]], splits: Sequence[str], form: Waveform
) -> Samples:
    """Builds Samples of the recordings `names` below `root`; `words` are their class names. Classes are sorted alphabetically.

    A recording's id is its name, and rows are sorted by id, so that the order of a table does not matter. An empty `splits`
    means that the publisher has no split. Raises Problem for names that are not UTF-8.
    """
    for name in (*names, *words):
        try:
            name.encode()
        except UnicodeEncodeError:
            raise Problem(f"The name {name!r} in {root} is not UTF-8 text; rename it.") from None
    ids = np.array(names, dtype=np.str_)
    order = np.argsort(ids, kind="stable")
    classes, labels = np.unique(np.array(words, dtype=np.str_), return_inverse=True)
    return Samples(
        ids=ids[order],
        labels=labels.astype(np.int64)[order],
        classes=tuple(classes.tolist()),
        groups={name: np.array(column, dtype=np.str_)[order] for name, column in groups.items()},
        splits=np.array(splits or [""] * len(ids), dtype=np.str_)[order],
        form=form,
        load=Decoded(root, ids[order], form.rate).load,
    )
