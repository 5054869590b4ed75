"""Mirrors a project's folders in the vault, with a first note for each folder, README, recipe and run. Notes are only created."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scratchlab import shelf
from scratchlab.checks import Problem
from scratchlab.notebook.vault.own import HOME
from scratchlab.notebook.writing import disk
from scratchlab.notebook.writing.backups import Backups
from scratchlab.notebook.writing.markdown import filed, front, link
from scratchlab.notebook.writing.tree import TreeEntry, walk

MOST = 1000


@dataclass(frozen=True)
class Stub:
    """A note to be created, and its initial text."""

    path: Path
    text: str


@dataclass(frozen=True)
class Layout:
    """A plan; new: notes to be created; there: number of existing notes; cut: whether the project has more than `MOST` entries."""

    new: list[Stub]
    there: int
    cut: bool


def plan_layout(project: Path, home: Path, taken: Collection[Path] = ()) -> Layout:
    """Plans the notes of a project in the notebook's folder of the vault. Raises Problem if there is no such project.

    taken: notes planned for another project of the same name. Of several entries with the same note name, only the first gets a note.
    """
    if not project.is_dir():
        raise Problem(f"{project} is not a folder; name the project's folder, as in `scratchlab layout ~/kws`.")
    project = project.resolve()
    if home.resolve().is_relative_to(project):
        raise Problem(f"{project} contains the vault itself; name a project's folder beside it.")
    found = list(itertools.islice(walk(project), MOST + 1))
    stubs = [_stub(project, home, entry) for entry in found[:MOST]]
    notes = {stub.path: stub for stub in reversed(stubs)}
    new = [stub for path, stub in reversed(notes.items()) if path not in taken and not path.exists()]
    return Layout(new, len(notes) - len(new), len(found) > MOST)


def create_notes(layout: Layout, backups: Backups) -> int:
    """Creates the notes that are still missing; returns their number."""
    count = 0
    with backups.exclusive():
        for stub in layout.new:
            try:
                disk.create(stub.path, stub.text.encode())
                count += 1
            except disk.Changed:  # created by another program meanwhile
                continue
    return count


def _stub(project: Path, home: Path, found: TreeEntry) -> Stub:
    names = [filed(project.name), *(filed(part) for part in found.path.parts)]
    place = PurePosixPath("projects", *names)
    place = place / names[-1] if found.kind == "folder" else place
    above = place.parent.parent if found.kind == "folder" else place.parent
    source = project / found.path
    lines = [front({"project": project.name, "kind": found.kind, "source": str(source)}), f"# {source.name}", ""]
    if above.name != "projects":
        lines += [f"In {_linked(above / above.name, above.name)}.", ""]
    lines += [f"- [{source.name}](<{source.as_uri()}>)", *_more(source, found)]
    return Stub(home / f"{place}.md", "\n".join(lines) + "\n")


def _linked(place: PurePosixPath, shown: str) -> str:
    return f"[[{HOME}/{place}|{shown}]]"


def _more(source: Path, found: TreeEntry) -> list[str]:
    """Links to the notebook's pages about it, and a recipe's header."""
    if found.kind == "run":
        return [f"- {link('runs', source.name)}"]
    if found.kind == "recipe":
        return [f"- runs: {link('recipes', source.stem)}", "", *(f"> {line}".rstrip() for line in shelf.header(source))]
    return []
