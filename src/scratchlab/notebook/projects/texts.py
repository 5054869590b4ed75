"""The text files of a project: READMEs and notes, recipes and configs, scripts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scratchlab.notebook import walk
from scratchlab.notebook.projects.ignored import Ignored
from scratchlab.notebook.projects.kinds import ENDS_OF_TEXT, NOT_OWN

MANY = 100  # a folder with more files of one type holds data annotations, not configs


def files(project: Path, refused: walk.Refused) -> Iterator[str]:
    """Yields the paths of the text files, except in hidden folders, environments and caches, ignored by .gitignore, or behind links.

    refused: receives the folders that could not be read.
    """
    known = Ignored()
    for folder in walk.folders(project, refused, NOT_OWN):
        known.enter(folder)
        folder.below = [entry for entry in folder.below if not known.out(entry.path, folder=True)]
        counts = Counter(text_type(entry.name) for entry in folder.files)
        for entry in folder.files:
            if (end := text_type(entry.name)) and counts[end] <= MANY and not entry.is_symlink() and not known.out(entry.path):
                yield entry.path


def text_type(name: str) -> str:
    """The type of a text file, which determines how it is split: its suffix in lower case, or `readme`, `makefile`; "" for other files.

    >>> [text_type(name) for name in ("README", "a.SBATCH", "Makefile", "x.pt")]
    ['readme', '.sbatch', 'makefile', '']
    """
    stem, end = os.path.splitext(name.lower())  # noqa: PTH122 (a million Path objects would be slow)
    known = end or stem
    return known if known in ENDS_OF_TEXT else ""
