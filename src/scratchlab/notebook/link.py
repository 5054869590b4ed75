"""`path:line` for the terminal, as short as it can be said from here; a terminal that knows links opens it."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from scratchlab.notebook.events import Place


def place(where: Place) -> Text:
    """A place, from the working folder or from home if it lies below."""
    home, path = Path.home(), where.path
    here = _here()
    short = Path("~") / path.relative_to(home) if path.is_relative_to(home) else path
    if here and path.is_relative_to(here):
        short = path.relative_to(here)
    return Text(str(Place(short, where.line, where.last, where.detail)), style=f"cyan link {path.absolute().as_uri()}")


def _here() -> Path | None:
    """The working folder; None if somebody has removed it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None
