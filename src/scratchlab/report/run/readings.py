"""CKA of a run's layers over training, from its table kernels.parquet or, until that is written, from the records of its epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from scratchlab.data.batches import spread
from scratchlab.metrics.estimate import Estimate, undefined
from scratchlab.recipe import Values
from scratchlab.store.run import Run

NAMES = {"train": "training", "valid": "validation", "query": "queries"}
AVERAGE = "average"
SHOWN = 500  # points of a line at most, spread evenly; more would not be visible


class Readings:
    """Debiased CKA of layers with the labels ("target"), with themselves before training ("start") and among each other ("layers")."""

    def __init__(self, rows: Sequence[Values]) -> None:
        self._rows = {(row["kind"], row["set"], row["layer"], row["other"], row.get("epoch")): row for row in rows}
        self.epochs = sorted({row["epoch"] for row in rows if row.get("epoch") is not None})
        self.shown = [self.epochs[place] for place in spread(len(self.epochs), SHOWN)]
        measured = {row["set"] for row in rows if row.get("epoch") is not None}
        self.sets = [name for name in NAMES if name in measured]
        self.has_queries = any(row["set"] == "query" for row in rows)
        self.layers = [name for name in dict.fromkeys(row["layer"] for row in rows if row["kind"] == "target") if name != AVERAGE]

    @classmethod
    def of(cls, run: Run, records: Sequence[Values]) -> Readings:
        """The readings of a run, finished or in progress."""
        if (run.folder / "kernels.parquet").is_file():
            return cls(run.table("kernels").to_dicts())
        return cls([row for record in records for row in record.get("kernels", [])])

    @property
    def main_set(self) -> str:
        """The set whose CKA is shown first: validation, or training without validation."""
        return self.sets[-1]

    @property
    def paired(self) -> bool:
        """Whether the CKA between layers was measured."""
        return any(kind == "layers" and epoch == self.epochs[-1] for kind, *_, epoch in self._rows)

    def over(self, kind: str, which: str, layer: str) -> list[float | None]:
        """The values at the epochs in `shown`; None if undefined."""
        rows = (self._rows.get((kind, which, layer, "", epoch)) for epoch in self.shown)
        return [None if row is None else row["debiased"] for row in rows]

    def first(self, which: str, layer: str) -> Estimate:
        """CKA with the labels before training."""
        return self._at("target", which, layer, "", self.epochs[0])

    def last(self, kind: str, which: str, layer: str, other: str = "") -> Estimate:
        """The last value; queries have only one."""
        return self._at(kind, which, layer, other, None if which == "query" else self.epochs[-1])

    def between(self, a: str, b: str) -> Estimate:
        """The last CKA of two layers, in either order; 1 of a layer with itself, if it is defined."""
        if a == b:
            with_labels = self.last("target", self.main_set, a)
            return with_labels if with_labels.value is None else Estimate(1.0)
        estimate = self.last("layers", self.main_set, a, b)
        return estimate if estimate.n else self.last("layers", self.main_set, b, a)

    def undefined(self) -> list[str]:
        """The reasons for undefined values, each once, with set and epochs. Averages are left out: they are undefined with any layer."""
        epochs_of: dict[tuple[str, str], list[float | None]] = {}
        for (_, which, layer, _, epoch), row in self._rows.items():
            if row["debiased"] is None and layer != AVERAGE:
                epochs_of.setdefault((cast(str, row["why"]), which), []).append(epoch)
        return [f"{NAMES[which].capitalize()}, {_when(epochs)}: {reason}." for (reason, which), epochs in epochs_of.items()]

    def _at(self, kind: str, which: str, layer: str, other: str, epoch: float | None) -> Estimate:
        row = self._rows.get((kind, which, layer, other, epoch))
        if row is None:
            return undefined("it was not measured")
        return Estimate(row["debiased"], how=row["why"])


def _when(epochs: Sequence[float | None]) -> str:
    """`at the end`, `after epoch 3`, `after epochs 0.5 to 3`."""
    known = [epoch for epoch in epochs if epoch is not None]
    if not known:
        return "at the end"
    first, last = min(known), max(known)
    return f"after epoch {first:g}" if first == last else f"after epochs {first:g} to {last:g}"
