"""Shapes of lines: what their numbers are, determined once for each shape and used for all its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.names import Phase

Kind = Literal["epoch", "epochs", "step", "steps", "at", "eta", "elapsed", "value", "mean", "best"]
ANCHORS = ("epoch", "step")
Label = str | tuple[str | int, ...]  # printed text, or text with cell numbers for its variable parts: ("Prec@1 ", 3)


def filled_in(label: Label, cells: Sequence[str]) -> str:
    """The text of a label with its cells filled in."""
    return label if isinstance(label, str) else "".join(part if isinstance(part, str) else cells[part] for part in label)


@dataclass(frozen=True, slots=True)
class Spot:
    """The meaning of one number of a shape.

    slot: index of the number, from 0.
    name: as printed; the kind's name for epochs, steps and times.
    unit: as printed.
    phase: the data split, if the line says so.
    """

    kind: Kind
    slot: int
    name: Label
    unit: Label = ""
    phase: Phase = ""


@dataclass(frozen=True)
class Shape:
    """The form of a line: its text with the numbers replaced by slots, parsed.

    spots: the figures.
    phase: the data split, if the line names it anywhere.
    formal: number of figures in a form unusual in prose: after a colon or an equals sign, in brackets, in a progress bar.
    loose: number of words and numbers that belong to no figure.
    stamped: whether the line begins with a time or a level, as written by loggers.
    parts: the shapes of the records, if a line contains several (lists in JSON); `spots` is empty then.
    """

    spots: tuple[Spot, ...]
    phase: Phase = ""
    formal: int = 0
    loose: int = 0
    stamped: bool = False
    parts: tuple[Shape, ...] = ()

    @cached_property
    def figures(self) -> int:
        """The number of figures, without time stamps."""
        return sum(spot.kind != "at" for spot in self.spots) + sum(part.figures for part in self.parts)

    @cached_property
    def anchored(self) -> bool:
        """Whether it contains an epoch or a step."""
        return any(spot.kind in ANCHORS for spot in self.spots) or any(part.anchored for part in self.parts)

    @cached_property
    def _named(self) -> list[str]:
        """The names of its values, without their variable parts."""
        labels = (spot.name for spot in self.spots if spot.kind in ("value", "best", "mean"))
        return [name if isinstance(name, str) else str(name[0]) for name in labels]

    @cached_property
    def measures(self) -> bool:
        """Whether it contains a metric or another quantity that only programs print."""
        return any(spot.kind in ("eta", "elapsed", "mean", "best") for spot in self.spots) or any(map(names.is_measured, self._named))

    @cached_property
    def counts(self) -> bool:
        """Whether it contains the index of a session, task or fold, or totals."""
        return any(
            spot.kind in ("epochs", "steps") or (isinstance(spot.name, str) and names.plain(spot.name) in names.INDICES)
            for spot in self.spots
        )

    @cached_property
    def slots(self) -> dict[tuple[Kind, str], int]:
        """The slot of each (kind, name), for names without variable parts."""
        return {(spot.kind, spot.name): spot.slot for spot in self.spots if isinstance(spot.name, str)}

    # Admission as part of a log: prose contains numbers, too, so the more words surround them, the more evidence is needed.

    @property
    def certain(self) -> bool:
        """Whether one such line is admitted at once: it contains an epoch or step in formal notation, and few other words."""
        return self.anchored and self.formal > 0 and self.loose <= max(2, self.figures) + self.stamped

    @property
    def likely(self) -> bool:
        """Whether such lines are admitted from the second one on."""
        telling = self.anchored or self.measures or self.counts or any(map(names.is_rate, self._named))
        most = 3 + 2 * self.figures if self.stamped or self.measures or self.formal else 1 + self.figures
        return self.figures > 0 and telling and self.loose <= most

    @property
    def fits(self) -> bool:
        """Whether one such line is admitted near other rows: it contains a measured value and few other words."""
        return (
            self.figures > 0
            and self.formal > 0
            and (self.measures or self.counts)
            and self.loose <= (2 + 2 * self.figures if self.stamped else 1)
        )
