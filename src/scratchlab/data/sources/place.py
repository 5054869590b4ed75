"""The folder or file a person points at with data.root."""

from __future__ import annotations

from pathlib import Path

from scratchlab.checks import Problem


def given(root: str, advice: str) -> Path:
    """The path of `root`, which must exist; `advice` completes the sentence that is told otherwise."""
    if not root:
        raise Problem(f"data.root is not given; {advice}.")
    path = Path(root).expanduser()
    if not path.exists():
        raise Problem(f"data.root = '{root}' is not there (looked for {path.absolute()}); {advice}.")
    return path


def folder(root: str, advice: str) -> Path:
    """The same where only a folder will do."""
    path = given(root, advice)
    if not path.is_dir():
        raise Problem(f"data.root = '{root}' is a file, not a folder; {advice}.")
    return path
