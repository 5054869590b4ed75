"""Which note and which heading a person means: a path, or a link as Obsidian writes it, `[[note#2025/04/10]]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from scratchlab.checks import Problem, listing, nearest
from scratchlab.notebook import walk


def located(said: str, vaults: Iterable[Path]) -> tuple[Path, tuple[str, ...]]:
    """The note's file, and the headings behind its `#`, outermost first; none where there is no `#`.

    A path is one that is there; all else is the name of a note, or the end of its path, in one of the vaults.
    Raises Problem where no note or several have it.
    """
    bare = re.sub(r"^!?\[\[|\]\]$", "", said.strip()).partition("|")[0].strip() if said.strip().endswith("]]") else said
    if Path(bare).is_file():
        return Path(bare), ()
    name, *headings = (part.strip() for part in bare.split("#"))
    if any(heading.startswith("^") for heading in headings):
        raise Problem(f"{said} names a block, and a text is inserted under a heading; name that, as in [[{name}#HEADING]].")
    if name and Path(name).is_file():
        return Path(name), tuple(headings)
    return _in(list(vaults), name, said), tuple(headings)


def _in(vaults: list[Path], name: str, said: str) -> Path:
    if not vaults:
        raise Problem(f"There is no note at {said}; to find it by its name, let notebook.toml name the folder of your notes as vault.")
    notes = {note: _called(note.relative_to(vault)) for vault in vaults for note in _notes(vault)}
    wanted = _called(Path(name))
    found = [note for note, called in notes.items() if called == wanted] or [
        note for note, called in notes.items() if called.endswith(f"/{wanted}")
    ]
    if not wanted or not found:
        near = nearest(wanted, {called.rpartition("/")[2] for called in notes.values()})
        raise Problem(f"There is no note '{name}' in {listing(map(str, vaults))}.{near}")
    if len(found) > 1:
        raise Problem(f"'{name}' names {len(found)} notes: {listing(map(str, sorted(found)), 5)}; give more of the path, or the file.")
    return found[0]


def _called(note: Path) -> str:
    return note.as_posix().removesuffix(".md").casefold()


def _notes(vault: Path) -> Iterable[Path]:
    """Those of a vault, without what Obsidian hides: its settings, what was thrown away."""
    return (Path(path) for path, _ in walk.files(vault, lambda name: name.endswith(".md"), {}))
