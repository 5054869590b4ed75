"""The project of a folder, and its current commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 5  # timeout in seconds of git, e.g. on slow network file systems


@dataclass(frozen=True)
class Project:
    """name: name of the repository's folder, else of the folder itself; folder: the repository's root, "" outside of one."""

    name: str
    folder: str = ""


@dataclass(frozen=True)
class Commit:
    """hash: the full hash, "" if unknown; dirty: whether tracked files have changed, None if unknown."""

    hash: str = ""
    dirty: bool | None = None


def project(cwd: str, roots: Mapping[str, tuple[str, str]] | None = None) -> Project:
    """The project of a working folder; roots: as reported by another host, None to look up this machine."""
    folder = Path(cwd.removesuffix(" (deleted)") or "/")
    root = roots.get(cwd, ("", ""))[0] if roots is not None else _root(folder)
    return Project(Path(root or folder).name or "/", root)


def _root(folder: Path) -> str:
    """The nearest parent folder with .git, a folder or (in a worktree) a file."""
    return next((str(above) for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), "")


def commit(root: str) -> Commit:
    """The current commit of a repository; unknown if git is missing, too slow or fails."""
    if not root:
        return Commit()
    command = ["git", "-c", "core.fsmonitor=false", "-C", root, "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}  # do not write to the repository
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, env=environment, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return Commit()
    lines = output.splitlines()
    found = next((line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")), "")
    return Commit("" if found == "(initial)" else found, any(not line.startswith("#") for line in lines))
