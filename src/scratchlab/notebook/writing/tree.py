"""The entries of a project that get a note: folders, READMEs, recipes and runs; no build outputs, hidden, ignored or large folders."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from scratchlab.notebook.projects.ignored import Ignored
from scratchlab.notebook.projects.kinds import NOT_OWN
from scratchlab.notebook.walk import Folder, content, folders

SKIPPED = NOT_OWN | {"build", "dist", "target", "wandb", "mlruns", "lightning_logs"}
LARGE = 64 << 20  # bytes; folders with larger own files hold data


@dataclass(frozen=True)
class TreeEntry:
    """An entry; path: relative to the project."""

    path: PurePosixPath
    kind: Literal["folder", "readme", "recipe", "run"]


def walk(project: Path) -> Generator[TreeEntry]:
    """Yields the entries top down, sorted by name; symbolic links are not followed."""
    known = Ignored()
    for folder in folders(project, {}, SKIPPED):  # unreadable folders are skipped
        known.enter(folder)
        here, names = PurePosixPath(folder.path).relative_to(project), {entry.name for entry in folder.files}
        entered, folder.below = folder.below, []
        if {"status.json", "recipe.toml"} <= names:
            yield TreeEntry(here, "run")
        elif not here.parts or _size(folder) <= LARGE:
            yield TreeEntry(here, "folder")
            for entry in folder.files:
                if not entry.is_symlink() and (kind := _kind(Path(entry.path))) and not known.out(entry.path):
                    yield TreeEntry(here / entry.name, kind)
            folder.below = [entry for entry in entered if _entered(entry.path, known)]


def _entered(folder: str, known: Ignored) -> bool:
    """Whether a folder is entered; folders of runs are, even if ignored by .gitignore."""
    if Path(folder, "pyvenv.cfg").exists():
        return False
    return not known.out(folder, folder=True) or next(Path(folder).glob("*/status.json"), None) is not None


def _size(folder: Folder) -> int:
    """The size of its own files in bytes; 0 if they cannot be read."""
    with contextlib.suppress(OSError):
        return sum(entry.stat(follow_symlinks=False).st_size for entry in folder.files)
    return 0


def _kind(file: Path) -> Literal["readme", "recipe"] | None:
    if file.stem.lower() == "readme" and file.suffix.lower() in ("", ".md", ".rst", ".txt"):
        return "readme"
    if file.suffix != ".toml":
        return None
    try:
        content_of = tomllib.loads(content(file, 1 << 20).decode("utf-8-sig"))  # a truncated file does not parse
    except (OSError, ValueError):
        return None
    return "recipe" if {"extends", "recipe"} & set(content_of) or {"data", "method", "encoder", "protocol"} & set(content_of) else None
