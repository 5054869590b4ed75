"""The files of a project that say something in words: READMEs and notes, recipes and configs, scripts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scratchlab.notebook.projects.ignored import Rule, ignored, rules
from scratchlab.notebook.projects.kinds import ENDS_OF_TEXT, NOT_OWN

MANY = 100  # files of one ending in one folder: annotations of data, not configs that somebody wrote


def files(project: Path) -> Iterator[Path]:
    """Every such file once, in order; not what .gitignore leaves out, nor in hidden folders, environments and caches, nor behind links."""
    yield from _below(str(project), "", [])


def named(name: str) -> str:
    """By what a file's pieces are found: its ending in lower case; `readme` and `makefile` for those without.

    >>> [named(name) for name in ("README", "a.SBATCH", "Makefile", "x.pt")]
    ['readme', '.sbatch', 'makefile', '']
    """
    stem, end = os.path.splitext(name.lower())  # noqa: PTH122 (a name of a million need not be an object)
    known = end or stem
    return known if known in ENDS_OF_TEXT else ""


def _below(folder: str, inside: str, known: list[tuple[str, list[Rule]]]) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # it went, or may not be looked into; `scratchlab disk` tells of it
        return
    if any(entry.name == ".gitignore" for entry in entries):
        try:
            text = Path(folder, ".gitignore").read_text(encoding="utf-8", errors="replace")
            known = [*known, (inside, rules(text.splitlines()))]
        except OSError:
            pass
    counts = Counter(named(entry.name) for entry in entries)
    for entry in entries:
        path = f"{inside}{entry.name}"
        if entry.is_symlink() or entry.name.startswith(".") or _out(known, path, entry.is_dir()):
            continue
        if entry.is_dir():
            if entry.name not in NOT_OWN:
                yield from _below(entry.path, f"{path}/", known)
        elif (end := named(entry.name)) and counts[end] <= MANY:
            yield Path(entry.path)


def _out(known: list[tuple[str, list[Rule]]], path: str, folder: bool) -> bool:
    return any(ignored(some, path.removeprefix(inside), folder) for inside, some in known)
