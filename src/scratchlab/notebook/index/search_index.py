"""The index as opened for questions: its database, arrays about its events in memory, and their vectors if there is an encoder."""

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
from scratchlab.notebook.index.vectors import ProgressCallback, TextVectors, no_progress

NOT_ENCODED = ("job", "log")  # kinds without vectors, so that `scratchlab forget` leaves nothing behind


@dataclass(frozen=True)
class EventArrays:
    """Arrays about all events.

    ids: `[n]`, ascending.
    lengths: `[n]`, text lengths relative to the mean.
    headings: `[n]`, whether the event is a heading.
    sections: `[n]`, section numbers from 0.
    number: the index's change counter when this was read.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.float32]
    headings: npt.NDArray[np.bool_]
    sections: npt.NDArray[np.int64]
    number: int


class SearchIndex:
    """The index as questions see it; reloads its arrays when the index has changed.

    database: the connection to the index.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        encoders: Sequence[Encoder],
        folder: Path,
        progress: ProgressCallback = no_progress,
        patience: float | None = None,
    ) -> None:
        self.database = database
        self._patience = patience
        self._vectors = [TextVectors(folder, encoder) for encoder in encoders]
        self._progress = progress
        self._arrays: EventArrays | None = None
        self._meaning: tuple[int, Meaning] | None = None

    @property
    def arrays(self) -> EventArrays:
        """Arrays about the current events."""
        (number,) = self.database.execute("SELECT number FROM changes").fetchone()
        if self._arrays is None or self._arrays.number != number:
            query = "SELECT id, length, kind = 'heading', section FROM events ORDER BY id"
            rows = np.array(self.database.execute(query).fetchall(), np.int64).reshape(-1, 4)
            lengths = rows[:, 1].astype(np.float32)
            self._arrays = EventArrays(
                rows[:, 0].copy(),
                lengths / max(float(lengths.mean()) if len(rows) else 1.0, 1.0),
                rows[:, 2] > 0,
                np.unique(rows[:, 3], return_inverse=True)[1],
                number,
            )
        return self._arrays

    @property
    def meaning(self) -> Meaning | None:
        """The semantic search over the events; None without an encoder. Encoders that would exceed the time limit are left out."""
        if not self._vectors:
            return None
        if self._meaning is None or self._meaning[0] != self.arrays.number:
            rows = self.database.execute("SELECT kind, heading, text FROM events ORDER BY id")
            texts = [None if kind in NOT_ENCODED else (heading.replace("\n", " · "), text) for kind, heading, text in rows]
            self._meaning = self.arrays.number, Meaning(texts, self._vectors, self._progress, self._patience)
        return self._meaning[1]

    def within(self, span: Span) -> npt.NDArray[np.int64]:
        """Positions in `arrays` of the events that overlap a span, in order of time."""
        query = "SELECT id FROM events WHERE start < ? AND finish > ? ORDER BY start, id"
        found = self.database.execute(query, (span.end.isoformat(), span.start.isoformat())).fetchall()
        return np.searchsorted(self.arrays.ids, np.array([row[0] for row in found], np.int64))

    def events(self, places: Sequence[int] | npt.NDArray[np.int64]) -> list[Event]:
        """The events at these positions in `arrays`, in their order."""
        ids = [int(self.arrays.ids[place]) for place in places]
        rows = {
            row[0]: event_of(row[1:])
            for row in self.database.execute(f"SELECT id, {COLUMNS} FROM events WHERE id IN ({', '.join(map(str, ids))})")
        }
        return [rows[event_id] for event_id in ids]
