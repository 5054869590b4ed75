"""What a run read of its layers' kernels while it trained, from its table or, as long as there is none, from the records of its epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from scratchlab.data.batches import spread
from scratchlab.metrics.estimate import Estimate, undefined
from scratchlab.recipe import Values
from scratchlab.store.run import Run

NAMES = {"train": "training", "valid": "validation", "query": "queries"}
AVERAGE = "average"
SHOWN = 500  # readings that a line has at most, spread evenly: more than a chart has room for


class Readings:
    """Debiased CKA of layers with the labels ("target"), with their beginning ("start") and with each other ("layers"), by set."""

    def __init__(self, rows: Sequence[Values]) -> None:
        self._rows = {(row["kind"], row["set"], row["layer"], row["other"], row.get("epoch")): row for row in rows}
        self.epochs = sorted({row["epoch"] for row in rows if row.get("epoch") is not None})
        self.shown = [self.epochs[place] for place in spread(len(self.epochs), SHOWN)]
        there = {row["set"] for row in rows if row.get("epoch") is not None}
        self.sets = [name for name in NAMES if name in there]
        self.asked = any(row["set"] == "query" for row in rows)
        self.layers = [name for name in dict.fromkeys(row["layer"] for row in rows if row["kind"] == "target") if name != AVERAGE]

    @classmethod
    def of(cls, run: Run, records: Sequence[Values]) -> Readings:
        """Of a run, over or under way."""
        if (run.folder / "kernels.parquet").is_file():
            return cls(run.table("kernels").to_dicts())
        return cls([row for record in records for row in record.get("kernels", [])])

    @property
    def judged(self) -> str:
        """The set that says most of what was learned: validation, where there is one."""
        return self.sets[-1]

    @property
    def paired(self) -> bool:
        """Whether layers were compared with each other."""
        return any(kind == "layers" and epoch == self.epochs[-1] for kind, *_, epoch in self._rows)

    def over(self, kind: str, which: str, layer: str) -> list[float | None]:
        """The values at the readings that are shown, None where they are undefined."""
        rows = (self._rows.get((kind, which, layer, "", epoch)) for epoch in self.shown)
        return [None if row is None else row["debiased"] for row in rows]

    def first(self, which: str, layer: str) -> Estimate:
        """CKA with the labels before training."""
        return self._at("target", which, layer, "", self.epochs[0])

    def last(self, kind: str, which: str, layer: str, other: str = "") -> Estimate:
        """The last value; of queries the only one."""
        return self._at(kind, which, layer, other, None if which == "query" else self.epochs[-1])

    def between(self, one: str, other: str) -> Estimate:
        """The last CKA of two layers, in either order; 1 of one with itself, if it has any."""
        if one == other:
            itself = self.last("target", self.judged, one)
            return itself if itself.value is None else Estimate(1.0)
        found = self.last("layers", self.judged, one, other)
        return found if found.n else self.last("layers", self.judged, other, one)

    def undefined(self) -> list[str]:
        """Why values are missing: each reason once, with where it holds; an average is undefined with any of its layers."""
        found: dict[tuple[str, str], list[float | None]] = {}
        for (_, which, layer, _, epoch), row in self._rows.items():
            if row["debiased"] is None and layer != AVERAGE:
                found.setdefault((cast(str, row["why"]), which), []).append(epoch)
        return [f"{NAMES[which].capitalize()}, {_when(epochs)}: {why}." for (why, which), epochs in found.items()]

    def _at(self, kind: str, which: str, layer: str, other: str, epoch: float | None) -> Estimate:
        row = self._rows.get((kind, which, layer, other, epoch))
        if row is None:
            return undefined("it was not read")
        return Estimate(row["debiased"], how=row["why"])


def _when(epochs: Sequence[float | None]) -> str:
    """`at the end`, `after epoch 3`, `after epochs 0.5 to 3`."""
    known = [epoch for epoch in epochs if epoch is not None]
    if not known:
        return "at the end"
    first, last = min(known), max(known)
    return f"after epoch {first:g}" if first == last else f"after epochs {first:g} to {last:g}"
