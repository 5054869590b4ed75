"""The index opened for questions: its table, what of its events is held in memory, and their vectors where an encoder is at hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scratchlab.notebook.events import Event, Span
from scratchlab.notebook.index.encoders import Encoder
from scratchlab.notebook.index.meaning import Meaning
from scratchlab.notebook.index.table import COLUMNS, event_of
from scratchlab.notebook.index.vectors import TextVectors, Told, silent

FORGOTTEN = ("job", "log")  # kinds that `forget` is to leave nothing of: no encoder reads them


@dataclass(frozen=True)
class Held:
    """What of all events is held in memory.

    ids: `[n]`, rising.
    lengths: `[n]`: of the texts, by the mean of all.
    headings: `[n]`: which are headings.
    sections: `[n]`: the number of the section each stands in, from 0.
    number: of the index's change after which this was read.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.float32]
    headings: npt.NDArray[np.bool_]
    sections: npt.NDArray[np.int64]
    number: int


class Memory:
    """What questions are asked of; it notices when the index has changed.

    base: the table.
    """

    def __init__(
        self, base: sqlite3.Connection, encoders: Sequence[Encoder], folder: Path, told: Told = silent, patience: float | None = None
    ) -> None:
        self.base = base
        self._patience = patience
        self._vectors = [TextVectors(folder, encoder) for encoder in encoders]
        self._told = told
        self._held: Held | None = None
        self._meaning: tuple[int, Meaning] | None = None

    @property
    def held(self) -> Held:
        """What is held of the events."""
        (number,) = self.base.execute("SELECT number FROM changes").fetchone()
        if self._held is None or self._held.number != number:
            query = "SELECT id, length, kind = 'heading', section FROM events ORDER BY id"
            rows = np.array(self.base.execute(query).fetchall(), np.int64).reshape(-1, 4)
            lengths = rows[:, 1].astype(np.float32)
            self._held = Held(
                rows[:, 0].copy(),
                lengths / max(float(lengths.mean()) if len(rows) else 1.0, 1.0),
                rows[:, 2] > 0,
                np.unique(rows[:, 3], return_inverse=True)[1],
                number,
            )
        return self._held

    @property
    def meaning(self) -> Meaning | None:
        """Vectors of the events; None without an encoder. One that has much to read is left out, if there is little patience."""
        if not self._vectors:
            return None
        if self._meaning is None or self._meaning[0] != self.held.number:
            rows = self.base.execute("SELECT kind, heading, text FROM events ORDER BY id")
            texts = [None if kind in FORGOTTEN else (heading.replace("\n", " · "), text) for kind, heading, text in rows]
            self._meaning = self.held.number, Meaning(texts, self._vectors, self._told, self._patience)
        return self._meaning[1]

    def within(self, span: Span) -> npt.NDArray[np.int64]:
        """Places in `held` of the events that tell of a time, in its order."""
        query = "SELECT id FROM events WHERE start < ? AND finish > ? ORDER BY start, id"
        found = self.base.execute(query, (span.end.isoformat(), span.start.isoformat())).fetchall()
        return np.searchsorted(self.held.ids, np.array([row[0] for row in found], np.int64))

    def events(self, places: Sequence[int] | npt.NDArray[np.int64]) -> list[Event]:
        """The events at these places in `held`, in their order."""
        ids = [int(self.held.ids[place]) for place in places]
        rows = {
            row[0]: event_of(row[1:])
            for row in self.base.execute(f"SELECT id, {COLUMNS} FROM events WHERE id IN ({', '.join(map(str, ids))})")
        }
        return [rows[one] for one in ids]
