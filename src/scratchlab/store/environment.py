"""The environment of a run, on which results depend besides the recipe: machine, versions, code."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("scratchlab", "torch", "numpy", "scipy", "polars", "soundfile", "soxr")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit, branch and changed files of the git checkout that contains `folder`; None outside of one."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no") or ""
    return {"commit": commit, "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"), "changed": changed.splitlines()}


def environment() -> dict[str, Any]:
    """The content of environment.json, with the git state of the working folder and, if it is another checkout, of scratchlab itself."""
    here, home = git_state(Path.cwd()), git_state(Path(__file__).parent)
    return {
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "host": platform.node(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "packages": {package: _version(package) for package in PACKAGES},
        "git": here,
        "git_scratchlab": None if home == here else home,
    }
