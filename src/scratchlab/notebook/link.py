"""`path:line` for the terminal, relative to the working folder or home where possible, as a clickable link."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from scratchlab.notebook.events import Place


def place(where: Place) -> Text:
    """A place as a link; its path is relative to the working folder or to home if it lies below one of them."""
    home, path = Path.home(), where.path
    here = _here()
    short = Path("~") / path.relative_to(home) if path.is_relative_to(home) else path
    if here and path.is_relative_to(here):
        short = path.relative_to(here)
    return Text(str(Place(short, where.line, where.last, where.detail)), style=f"cyan link {path.absolute().as_uri()}")


def _here() -> Path | None:
    """The working folder; None if it has been deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None
