"""The file or folder that data.root names."""

from __future__ import annotations

from pathlib import Path

from scratchlab.checks import Problem


def path(root: str, advice: str) -> Path:
    """The path `root`. Raises Problem, ending with `advice`, where it is empty or does not exist."""
    if not root:
        raise Problem(f"data.root is not set; {advice}.")
    found = Path(root).expanduser()
    if not found.exists():
        raise Problem(f"data.root = '{root}' does not exist (looked for {found.absolute()}); {advice}.")
    return found


def folder(root: str, advice: str) -> Path:
    """The folder `root`. Raises Problem, ending with `advice`, where it is empty, does not exist or is a file."""
    found = path(root, advice)
    if not found.is_dir():
        raise Problem(f"data.root = '{root}' is a file, not a folder; {advice}.")
    return found
