"""The vault laid out like a project: a folder for a folder, and a first note for each and for what is in it. It only ever creates."""

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
from scratchlab.notebook.writing.tree import Found, walk

MOST = 1000


@dataclass(frozen=True)
class Stub:
    """A note to be made: its file, and what it says at first."""

    path: Path
    text: str


@dataclass(frozen=True)
class Layout:
    """new: notes to be made. there: how many are there already and stay as they are. cut: whether the tree has more than `MOST`."""

    new: list[Stub]
    there: int
    cut: bool


def planned(project: Path, home: Path, taken: Collection[Path] = ()) -> Layout:
    """What would be made for a project in our folder of the vault. Raises Problem where there is no such project.

    taken: notes that another project of this name is about to get. Of two things whose notes would be called the same, the first has one.
    """
    if not project.is_dir():
        raise Problem(f"{project} is not a folder; name the project's, as in `scratchlab layout ~/kws`.")
    project = project.resolve()
    if home.resolve().is_relative_to(project):
        raise Problem(f"{project} holds the vault itself; name the folder of a project beside it.")
    found = list(itertools.islice(walk(project), MOST + 1))
    stubs = [_stub(project, home, one) for one in found[:MOST]]
    notes = {stub.path: stub for stub in reversed(stubs)}
    new = [stub for path, stub in reversed(notes.items()) if path not in taken and not path.exists()]
    return Layout(new, len(notes) - len(new), len(found) > MOST)


def made(layout: Layout, backups: Backups) -> int:
    """Makes the notes that are still missing; how many that were."""
    count = 0
    with backups.alone():
        for stub in layout.new:
            try:
                disk.created(stub.path, stub.text.encode())
                count += 1
            except disk.Changed:  # somebody else has made it: it is theirs
                continue
    return count


def _stub(project: Path, home: Path, found: Found) -> Stub:
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


def _more(source: Path, found: Found) -> list[str]:
    """Where else the lab tells of it."""
    if found.kind == "run":
        return [f"- {link('runs', source.name)}"]
    if found.kind == "recipe":
        return [f"- runs: {link('recipes', source.stem)}", "", *(f"> {line}".rstrip() for line in shelf.header(source))]
    return []
