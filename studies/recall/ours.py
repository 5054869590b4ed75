"""The notebook's own retriever, where it is installed. It refuses by itself and is given no threshold."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from recall.retriever import MOST, Hit

MODULE = "scratchlab.notebook.recall.ask"
INDEX: Callable[[Path], Any] | None = None  # opens an index of a folder of notes; until it is set, peers are compared without us


def there() -> bool:
    """Whether this scratchlab can be asked."""
    if INDEX is None:
        return False
    try:
        importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("scratchlab.notebook"):
            raise
        return False
    return True


class Ours:
    """`ask(text, now, index)` over an index of the folder."""

    def __init__(self, root: Path) -> None:
        assert INDEX is not None
        self.root = root
        self.ask: Any = importlib.import_module(MODULE).ask
        self.index: Any = INDEX(root)

    def answers(self, question: str, now: date) -> list[Hit]:
        """The places of its evidence, the surest first."""
        places = [event.place for event in self.ask(question, now, self.index)]
        return [Hit(place.path.relative_to(self.root).as_posix(), place.line, place.last) for place in places[:MOST]]
