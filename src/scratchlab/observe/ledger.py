"""The ledger of a training: losses and other facts about each training row, by sample id and epoch.

The ledger needs no extra computation: it stores values that training steps compute anyway. During training, each finished epoch is a
separate file, `ledger-0003.parquet`; at the end they are merged into `ledger.parquet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from scratchlab.store.run import Run
from scratchlab.types import Floats, Rows, Strings

TYPES = {"selected": pl.Boolean, "pseudo_label": pl.Int64}  # types of facts; all others are Float32


class Ledger:
    """Stores the last values of each row in an epoch's batches, and in how many batches it occurred (`visits`).

    Columns: id, epoch (from 0), phase if there are several, visits, loss, and facts that the method reports: weight, selected, pseudo_label
    (an index into the source's classes), clean_posterior, agreement; null where it reports nothing for a row.
    """

    def __init__(self, embedder: object) -> None:
        del embedder
        self.run: Run | None = None

    def begin(self, ids: Strings, epoch: int, unfinished: Mapping[str, Any]) -> None:
        """Starts or resumes at `epoch`, and deletes what an interrupted training stored after its last checkpoint."""
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
        """Records one step's facts `[n]` about the rows at these positions; NaN where a row has no value."""
        np.add.at(self.visits, positions, 1)
        for name, values in facts.items():
            if name not in self.values:
                self.values[name] = np.full(len(self.ids), np.nan, dtype=np.float32)
            known = ~np.isnan(values)
            self.values[name][positions[known]] = values[known]

    def unfinished(self) -> dict[str, Any]:
        """What was recorded since the last epoch ended, as arrays by name, for a checkpoint; empty right after an epoch."""
        return {"visits": self.visits, **self.values} if self.visits.any() else {}

    def epoch(self, epoch: int, phase: str) -> None:
        """Writes the epoch's file."""
        visited = np.flatnonzero(self.visits)
        columns = {
            "id": pl.Series(self.ids[visited]),
            "epoch": pl.Series(np.full(len(visited), epoch, dtype=np.int64)),
            **({"phase": pl.Series([phase] * len(visited), dtype=pl.String)} if phase else {}),
            "visits": pl.Series(self.visits[visited]),
            **{name: pl.Series(values[visited]).fill_nan(None).cast(TYPES.get(name, pl.Float32)) for name, values in self.values.items()},
        }
        self._run.save_table(f"ledger-{epoch:04}", pl.DataFrame(columns))
        self.values, self.visits = {}, np.zeros_like(self.visits)

    def close(self) -> None:
        """Merges the epochs' files into one table, unless that was done before the run was interrupted."""
        parts = self._parts()
        if parts and not self._run.has_table("ledger"):
            self._run.save_table("ledger", pl.concat([self._run.table(name) for name in parts], how="diagonal"))
        for name in parts:
            self._run.drop_table(name)

    @property
    def _run(self) -> Run:
        assert self.run is not None
        return self.run

    def _parts(self) -> list[str]:
        return sorted(path.stem for path in self._run.folder.glob("ledger-*.parquet"))
