"""The notebook's own retriever. It is given no bound: it says by itself what it is sure of."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time
from pathlib import Path

from recall.retriever import MOST, Hit
from scratchlab.notebook.index import table
from scratchlab.notebook.index.encoders import available
from scratchlab.notebook.index.memory import Memory
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.sources.notes import Notes
from scratchlab.notebook.recall.ask import ask
from scratchlab.notebook.settings import Settings


class Ours:
    """`ask` over an index of the folder, which is made for it and gone with it.

    sure: leave out what is shown as near, and not as an answer.
    """

    def __init__(self, root: Path, sure: bool = False) -> None:
        self.root = root.absolute()
        self.sure = sure
        self._folder = tempfile.TemporaryDirectory()
        base = table.opened(Path(self._folder.name) / "index.sqlite")
        refresh(base, {"notes": Notes(Settings(vault=(self.root,)))})
        self.memory = Memory(base, available(), Path(self._folder.name))

    def answers(self, question: str, now: date) -> list[Hit]:
        """The places of its evidence, the surest first."""
        found = ask(question, datetime.combine(now, time(9)), self.memory, MOST)
        return [
            Hit(one.event.place.path.relative_to(self.root).as_posix(), one.event.place.line, one.event.place.last, one.score)
            for one in (found.evidence if self.sure else found.evidence or found.near)
        ]
