"""Resolves a note and heading given as a path, a name, or an Obsidian link such as `[[note#2025/04/10]]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from scratchlab.checks import Problem, listing, nearest
from scratchlab.notebook import walk


def locate(target: str, vaults: Iterable[Path]) -> tuple[Path, tuple[str, ...]]:
    """The note's file, and the headings after `#`, outermost first (empty without `#`).

    An existing path is taken as it is; everything else is the name of a note in one of the vaults, or the end of its path.
    Raises Problem if no note or several match.
    """
    bare = re.sub(r"^!?\[\[|\]\]$", "", target.strip()).partition("|")[0].strip() if target.strip().endswith("]]") else target
    if Path(bare).is_file():
        return Path(bare), ()
    name, *headings = (part.strip() for part in bare.split("#"))
    if any(heading.startswith("^") for heading in headings):
        raise Problem(f"{target} names a block, but texts are inserted under headings; name a heading, as in [[{name}#HEADING]].")
    if name and Path(name).is_file():
        return Path(name), tuple(headings)
    return _find_by_name(list(vaults), name, target), tuple(headings)


def _find_by_name(vaults: list[Path], name: str, target: str) -> Path:
    if not vaults:
        raise Problem(f"There is no note at {target}; to find notes by name, set vault in notebook.toml to the folder of your notes.")
    notes = {note: _match_key(note.relative_to(vault)) for vault in vaults for note in _notes(vault)}
    wanted = _match_key(Path(name))
    found = [note for note, key in notes.items() if key == wanted] or [note for note, key in notes.items() if key.endswith(f"/{wanted}")]
    if not wanted or not found:
        near = nearest(wanted, {key.rpartition("/")[2] for key in notes.values()})
        raise Problem(f"There is no note '{name}' in {listing(map(str, vaults))}.{near}")
    if len(found) > 1:
        raise Problem(f"'{name}' matches {len(found)} notes: {listing(map(str, sorted(found)), 5)}; give more of the path, or the file.")
    return found[0]


def _match_key(note: Path) -> str:
    return note.as_posix().removesuffix(".md").casefold()


def _notes(vault: Path) -> Iterable[Path]:
    """The notes of a vault, without Obsidian's hidden folders (settings, trash)."""
    return (Path(path) for path, _ in walk.files(vault, lambda name: name.endswith(".md"), {}))
