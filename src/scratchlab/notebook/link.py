"""`path:line` for the terminal, as short as it can be said from here; a terminal that knows links opens it."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from scratchlab.notebook.events import Place


def place(where: Place) -> Text:
    """A place, from the working folder or from home if it lies below."""
    home, here = Path.home(), Path.cwd()
    path = where.path
    short = (
        path.relative_to(here) if path.is_relative_to(here) else Path("~") / path.relative_to(home) if path.is_relative_to(home) else path
    )
    return Text(str(Place(short, where.line, where.last, where.detail)), style=f"cyan link {path.absolute().as_uri()}")
