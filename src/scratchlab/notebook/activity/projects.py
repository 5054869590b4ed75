"""Which project a folder belongs to, and at which commit it stands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 5  # seconds for git, which may sit on a slow network


@dataclass(frozen=True)
class Project:
    """name: of the repository's folder, or of the folder itself. folder: the repository's root, or "" outside of one."""

    name: str
    folder: str = ""


@dataclass(frozen=True)
class Commit:
    """hash: all of it; "" if unknown. dirty: whether tracked files differ from it; None if unknown."""

    hash: str = ""
    dirty: bool | None = None


def project(cwd: str, roots: Mapping[str, tuple[str, str]] | None = None) -> Project:
    """Of a working folder; the repository's root as the host told it, or else as it lies here."""
    folder = Path(cwd.removesuffix(" (deleted)") or "/")
    root = roots.get(cwd, ("", ""))[0] if roots is not None else _root(folder)
    return Project(Path(root or folder).name or "/", root)


def _root(folder: Path) -> str:
    """The nearest folder upward that holds .git, a folder or (of a worktree) a file."""
    return next((str(above) for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), "")


def commit(root: str) -> Commit:
    """The commit of this repository and whether it was changed since; unknown where git is missing, slow or refuses."""
    if not root:
        return Commit()
    asked = ["git", "-c", "core.fsmonitor=false", "-C", root, "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}  # it is another's work tree: nothing is written into it
    try:
        said = subprocess.run(asked, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, env=quiet, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return Commit()
    lines = said.splitlines()
    found = next((line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")), "")
    return Commit("" if found == "(initial)" else found, any(not line.startswith("#") for line in lines))
