"""The ledger of a training: what its steps said of every training row, by sample id and epoch, as they went along.

Nothing is computed for it: it keeps losses and facts that steps have made anyway. While a run trains, each finished epoch is a file of its
own, `ledger-0003.parquet`; in the end all are one, `ledger.parquet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from scratchlab.store.run import Run
from scratchlab.types import Floats, Rows, Strings

TYPES = {"selected": pl.Boolean, "pseudo_label": pl.Int64}  # of facts; all others are numbers


class Ledger:
    """Keeps, of each row that was in a batch of an epoch, its last values there, and in how many batches it was (`visits`).

    Columns: id, epoch (from 0), phase where there are several, visits, loss, and what the method tells: weight, selected, pseudo_label (an
    index into the source's classes), clean_posterior, agreement; null where it says nothing of a row.
    """

    def __init__(self, embedder: object) -> None:
        del embedder
        self.run: Run | None = None

    def begin(self, ids: Strings, epoch: int, unfinished: Mapping[str, Any]) -> None:
        """Forgets what an interrupted training had kept beyond its last checkpoint."""
        self.ids = ids
        self.values: dict[str, Floats] = {}
        self.visits: Rows = np.zeros(len(ids), dtype=np.int64)
        for name, array in unfinished.items():
            if name == "visits":
                self.visits = array.copy()
            else:
                self.values[name] = array.copy()
        for name in self._parts():
            if int(name.rpartition("-")[2]) >= epoch:
                self._run.drop_table(name)

    def record(self, positions: Rows, facts: Mapping[str, Floats]) -> None:
        """One step's facts `[n]` of the rows at these positions; NaN where there is nothing to say."""
        np.add.at(self.visits, positions, 1)
        for name, values in facts.items():
            if name not in self.values:
                self.values[name] = np.full(len(self.ids), np.nan, dtype=np.float32)
            said = ~np.isnan(values)
            self.values[name][positions[said]] = values[said]

    def unfinished(self) -> dict[str, Any]:
        """What was recorded since the last epoch was over; nothing right after one."""
        return {"visits": self.visits, **self.values} if self.visits.any() else {}

    def epoch(self, epoch: int, phase: str) -> None:
        """Writes the epoch's part."""
        seen = np.flatnonzero(self.visits)
        columns = {
            "id": pl.Series(self.ids[seen]),
            "epoch": pl.Series(np.full(len(seen), epoch, dtype=np.int64)),
            **({"phase": pl.Series([phase] * len(seen), dtype=pl.String)} if phase else {}),
            "visits": pl.Series(self.visits[seen]),
            **{name: pl.Series(values[seen]).fill_nan(None).cast(TYPES.get(name, pl.Float32)) for name, values in self.values.items()},
        }
        self._run.save_table(f"ledger-{epoch:04}", pl.DataFrame(columns))
        self.values, self.visits = {}, np.zeros_like(self.visits)

    def close(self) -> None:
        """Makes one table of all epochs."""
        if not (parts := self._parts()):
            return  # a run that was interrupted after its training
        self._run.save_table("ledger", pl.concat([self._run.table(name) for name in parts], how="diagonal"))
        for name in parts:
            self._run.drop_table(name)

    @property
    def _run(self) -> Run:
        assert self.run is not None
        return self.run

    def _parts(self) -> list[str]:
        return sorted(path.stem for path in self._run.folder.glob("ledger-*.parquet"))
