"""The environment of a run, on which results depend besides the recipe: machine, versions, code."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scratchlab.plugins import Origin

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


def _git_of(module: str) -> dict[str, Any] | None:
    """The git state of the checkout in which a module's file is tracked, as that of an editable package is; None if it is in none."""
    spec = importlib.util.find_spec(module)
    file = Path(spec.origin) if spec and spec.origin else None
    return git_state(file.parent) if file and _git(file.parent, "ls-files", "--error-unmatch", file.name) is not None else None


def _packages(plugins: Mapping[str, Origin], here: dict[str, Any] | None) -> dict[str, Any]:
    """The packages of a recipe's parts: version, parts by path, and the git state if it is not that of the working folder."""
    found: dict[str, Any] = {}
    for path, origin in plugins.items():
        if origin.package not in found:
            git = _git_of(origin.place.partition(":")[0])
            found[origin.package] = {"version": origin.version, "git": None if git == here else git, "parts": {}}
        found[origin.package]["parts"][path] = origin.place
    return found


def environment(plugins: Mapping[str, Origin]) -> dict[str, Any]:
    """The content of environment.json, with the git state of the working folder and, if it is another checkout, of scratchlab itself.

    plugins: where the recipe's parts from other packages come from, by path.
    """
    here, home = git_state(Path.cwd()), git_state(Path(__file__).parent)
    return {
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "host": platform.node(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "packages": {package: _version(package) for package in PACKAGES},
        "plugins": _packages(plugins, here),
        "git": here,
        "git_scratchlab": None if home == here else home,
    }
