"""What of a project's tree is worth a note: its folders, READMEs, recipes and runs; not what is made, hidden, ignored or large."""

from __future__ import annotations

import fnmatch
import os
import tomllib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

SKIPPED = {"venv", "env", "node_modules", "__pycache__", "site-packages", "build", "dist", "target", "wandb", "mlruns", "lightning_logs"}
LARGE = 64 << 20  # bytes of a folder's own files from which on it is data


@dataclass(frozen=True)
class Found:
    """path: below the project, of a folder or a file."""

    path: PurePosixPath
    kind: Literal["folder", "readme", "recipe", "run"]


@dataclass(frozen=True)
class _Ignored:
    """A line of a .gitignore, roughly: names, patterns, folders; `!` and `**` are read as git does in the plain cases."""

    base: PurePosixPath
    pattern: str
    folders: bool
    back: bool

    def fits(self, path: PurePosixPath, folder: bool) -> bool:
        if self.folders and not folder:
            return False
        inside = path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else ""
        if "/" in self.pattern:
            return fnmatch.fnmatchcase(inside, self.pattern.removeprefix("/").replace("**/", "*"))
        return bool(inside) and fnmatch.fnmatchcase(path.name, self.pattern)


def walk(project: Path) -> Generator[Found]:
    """The tree from the top, folders before what is in them, by name; symbolic links are not followed."""
    yield from _below(project, PurePosixPath(), [])


def _below(project: Path, here: PurePosixPath, ignored: list[_Ignored]) -> Generator[Found]:
    folder = project / here
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        large = sum(entry.stat(follow_symlinks=False).st_size for entry in entries if entry.is_file(follow_symlinks=False)) > LARGE
    except OSError:  # one that may not be read is none of ours
        return
    if {"status.json", "recipe.toml"} <= {entry.name for entry in entries}:
        yield Found(here, "run")
        return
    if large and here.parts:
        return
    yield Found(here, "folder")
    ignored = [*ignored, *_ignored(folder / ".gitignore", here)]
    for entry in entries:
        path, inner = here / entry.name, entry.is_dir(follow_symlinks=False)
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if inner:
            if entry.name in SKIPPED or (folder / entry.name / "pyvenv.cfg").exists():
                continue
            if not _hidden(path, True, ignored) or next((folder / entry.name).glob("*/status.json"), None):  # runs are often ignored
                yield from _below(project, path, ignored)
        elif (kind := _kind(folder / entry.name)) and not _hidden(path, False, ignored):
            yield Found(path, kind)


def _kind(file: Path) -> Literal["readme", "recipe"] | None:
    if file.stem.lower() == "readme" and file.suffix.lower() in ("", ".md", ".rst", ".txt"):
        return "readme"
    if file.suffix != ".toml" or file.stat().st_size > 1 << 20:
        return None
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    return "recipe" if {"extends", "recipe"} & set(told) or {"data", "method", "encoder", "protocol"} & set(told) else None


def _ignored(file: Path, base: PurePosixPath) -> list[_Ignored]:
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return []
    told = [(line.removeprefix("!"), line.startswith("!")) for line in lines if line and not line.startswith("#")]
    return [_Ignored(base, line.rstrip("/"), line.endswith("/"), back) for line, back in told]


def _hidden(path: PurePosixPath, folder: bool, ignored: list[_Ignored]) -> bool:
    """By the last line that fits."""
    return next((not line.back for line in reversed(ignored) if line.fits(path, folder)), False)
