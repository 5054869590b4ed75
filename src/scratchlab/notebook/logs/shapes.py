"""What the numbers of a shape are: found once for every shape, used for all its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from scratchlab.notebook.logs import names
from scratchlab.notebook.logs.names import Phase

Kind = Literal["epoch", "epochs", "step", "steps", "at", "eta", "elapsed", "value", "mean", "best"]
ANCHORS = ("epoch", "step")
Label = str | tuple[str | int, ...]  # as printed; or with cells in it, by their number, where it holds what varies: ("Prec@1 ", 3)


def written(label: Label, cells: Sequence[str]) -> str:
    """A label with the cells that stand in it."""
    return label if isinstance(label, str) else "".join(part if isinstance(part, str) else cells[part] for part in label)


@dataclass(frozen=True, slots=True)
class Spot:
    """What one number of a shape is.

    slot: which number, from 0.
    name: as printed; that of its kind if it tells an epoch, a step, a time.
    unit: as printed.
    phase: which part of the data it is of, as far as the line says.
    """

    kind: Kind
    slot: int
    name: Label
    unit: Label = ""
    phase: Phase = ""


@dataclass(frozen=True)
class Shape:
    """What lines of one shape tell.

    spots: their figures.
    phase: the part of the data, if the line says it anywhere.
    formal: how many figures stand as no prose would have them: behind a colon or an equals sign, in brackets, as a bar.
    loose: words and numbers that belong to no figure.
    stamped: whether such lines begin with a time or a level, as loggers write.
    parts: where a line holds several records (lists in JSON), the shapes of each; its own spots are none then.
    """

    spots: tuple[Spot, ...]
    phase: Phase = ""
    formal: int = 0
    loose: int = 0
    stamped: bool = False
    parts: tuple[Shape, ...] = ()

    @cached_property
    def figures(self) -> int:
        """How many figures there are, time stamps not counted."""
        return sum(spot.kind != "at" for spot in self.spots) + sum(part.figures for part in self.parts)

    @cached_property
    def anchored(self) -> bool:
        """Whether it says the epoch or the step."""
        return any(spot.kind in ANCHORS for spot in self.spots) or any(part.anchored for part in self.parts)

    @cached_property
    def _named(self) -> list[str]:
        """The names of what it measures, without what varies in them."""
        told = (spot.name for spot in self.spots if spot.kind in ("value", "best", "mean"))
        return [name if isinstance(name, str) else str(name[0]) for name in told]

    @cached_property
    def measures(self) -> bool:
        """Whether it tells a metric or something else that only a running program prints."""
        return any(spot.kind in ("eta", "elapsed", "mean", "best") for spot in self.spots) or any(map(names.is_measured, self._named))

    @cached_property
    def counts(self) -> bool:
        """Whether it tells a session, task or fold, or totals."""
        return any(
            spot.kind in ("epochs", "steps") or (isinstance(spot.name, str) and names.plain(spot.name) in names.INDICES)
            for spot in self.spots
        )

    @cached_property
    def slots(self) -> dict[tuple[Kind, str], int]:
        """The slot of each kind and name, for names without cells in them."""
        return {(spot.kind, spot.name): spot.slot for spot in self.spots if isinstance(spot.name, str)}

    # Three questions of admission: prose has numbers too, and the more words stand around them, the more has to speak for a log.

    @property
    def sure(self) -> bool:
        """Whether one such line is enough: it says the epoch or the step, formally, and little else."""
        return self.anchored and self.formal > 0 and self.loose <= max(2, self.figures) + self.stamped

    @property
    def likely(self) -> bool:
        """Whether two such lines are enough."""
        telling = self.anchored or self.measures or self.counts or any(map(names.is_rate, self._named))
        most = 3 + 2 * self.figures if self.stamped or self.measures or self.formal else 1 + self.figures
        return self.figures > 0 and telling and self.loose <= most

    @property
    def fits(self) -> bool:
        """Whether one such line is enough within a log: it measures something and says little else."""
        return (
            self.figures > 0
            and self.formal > 0
            and (self.measures or self.counts)
            and self.loose <= (2 + 2 * self.figures if self.stamped else 1)
        )
