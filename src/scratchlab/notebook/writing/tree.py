"""What of a project's tree is worth a note: its folders, READMEs, recipes and runs; not what is made, hidden, ignored or large."""

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
LARGE = 64 << 20  # bytes of a folder's own files from which on it is data


@dataclass(frozen=True)
class Found:
    """path: below the project, of a folder or a file."""

    path: PurePosixPath
    kind: Literal["folder", "readme", "recipe", "run"]


def walk(project: Path) -> Generator[Found]:
    """The tree from the top, folders before what is in them, by name; symbolic links are not followed."""
    known = Ignored()
    for folder in folders(project, {}, SKIPPED):  # one that may not be read is none of ours
        known.enter(folder)
        here, names = PurePosixPath(folder.path).relative_to(project), {entry.name for entry in folder.files}
        entered, folder.below = folder.below, []
        if {"status.json", "recipe.toml"} <= names:
            yield Found(here, "run")
        elif not here.parts or _size(folder) <= LARGE:
            yield Found(here, "folder")
            for entry in folder.files:
                if not entry.is_symlink() and (kind := _kind(Path(entry.path))) and not known.out(entry.path):
                    yield Found(here / entry.name, kind)
            folder.below = [entry for entry in entered if _entered(entry.path, known)]


def _entered(folder: str, known: Ignored) -> bool:
    """Whether a folder is of interest; those of runs are, though they are often ignored."""
    if Path(folder, "pyvenv.cfg").exists():
        return False
    return not known.out(folder, folder=True) or next(Path(folder).glob("*/status.json"), None) is not None


def _size(folder: Folder) -> int:
    """Bytes of its own files; 0 if they may not be looked at."""
    with contextlib.suppress(OSError):
        return sum(entry.stat(follow_symlinks=False).st_size for entry in folder.files)
    return 0


def _kind(file: Path) -> Literal["readme", "recipe"] | None:
    if file.stem.lower() == "readme" and file.suffix.lower() in ("", ".md", ".rst", ".txt"):
        return "readme"
    if file.suffix != ".toml":
        return None
    try:
        told = tomllib.loads(content(file, 1 << 20).decode("utf-8-sig"))  # what is longer is none that can be read
    except (OSError, ValueError):
        return None
    return "recipe" if {"extends", "recipe"} & set(told) or {"data", "method", "encoder", "protocol"} & set(told) else None
