"""The files of a project that say something in words: READMEs and notes, recipes and configs, scripts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scratchlab.notebook import walk
from scratchlab.notebook.projects.ignored import Ignored
from scratchlab.notebook.projects.kinds import ENDS_OF_TEXT, NOT_OWN

MANY = 100  # files of one ending in one folder: annotations of data, not configs that somebody wrote


def files(project: Path, refused: walk.Refused) -> Iterator[str]:
    """The path of every such file once; not what .gitignore leaves out, nor in hidden folders, environments and caches, nor behind links.

    refused: takes folders that could not be looked into.
    """
    known = Ignored()
    for folder in walk.folders(project, refused, NOT_OWN):
        known.enter(folder)
        folder.below = [entry for entry in folder.below if not known.out(entry.path, folder=True)]
        counts = Counter(named(entry.name) for entry in folder.files)
        for entry in folder.files:
            if (end := named(entry.name)) and counts[end] <= MANY and not entry.is_symlink() and not known.out(entry.path):
                yield entry.path


def named(name: str) -> str:
    """By what a file's pieces are found: its ending in lower case; `readme` and `makefile` for those without.

    >>> [named(name) for name in ("README", "a.SBATCH", "Makefile", "x.pt")]
    ['readme', '.sbatch', 'makefile', '']
    """
    stem, end = os.path.splitext(name.lower())  # noqa: PTH122 (a name of a million need not be an object)
    known = end or stem
    return known if known in ENDS_OF_TEXT else ""
