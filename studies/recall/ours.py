"""The notebook's own retriever. It needs no threshold: it marks uncertain results itself."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, time
from functools import cache
from pathlib import Path

from recall.retriever import MOST, Hit
from scratchlab.notebook.index import table
from scratchlab.notebook.index.encoders import DEFAULT, available
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.search_index import SearchIndex
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.recall.ask import ask
from scratchlab.notebook.settings import Settings


@cache
def _memory(root: Path, encoders: tuple[str, ...]) -> SearchIndex:
    folder = Path(tempfile.mkdtemp(prefix="recall-"))
    atexit.register(shutil.rmtree, folder)
    base = table.opened(folder / "index.sqlite")
    refresh(base, {"notes": Notes(Settings(vault=(root,)))})
    return SearchIndex(base, available(encoders), folder)


class Ours:
    """`ask` over a temporary index of the folder.

    encoders: names of the encoders for search by meaning. sure: leave out results that are marked as uncertain.
    """

    def __init__(self, root: Path, *, encoders: Sequence[str] = DEFAULT, sure: bool = False) -> None:
        self.root = root.absolute()
        self.sure = sure
        self.memory = _memory(self.root, tuple(encoders))

    def answers(self, question: str, now: date) -> list[Hit]:
        """The places of its evidence, most certain first."""
        found = ask(question, datetime.combine(now, time(9)), self.memory, MOST)
        return [
            Hit(one.event.place.path.relative_to(self.root).as_posix(), one.event.place.line, one.event.place.last, one.score)
            for one in (found.evidence if self.sure else [*found.evidence, *found.uncertain])
        ]
