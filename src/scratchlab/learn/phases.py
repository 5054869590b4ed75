"""Training phases: their order and lengths, and how each differs from the recipe's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scratchlab.checks import Problem, listing, nearest
from scratchlab.data.samplers.interface import Sampler
from scratchlab.learn.schedules import Schedule


@dataclass(frozen=True)
class PhaseKind:
    """How the phases of one name differ from the recipe.

    groups: the parameter groups that are trained; None for all. sampler: replaces the recipe's. schedule: factor of the learning rates as a
    function of the completed fraction of the phase; replaces the recipe's schedule, which then counts only the epochs of other phases.
    selects: whether validation selects among its epochs; if not, the phase starts from the weights selected before it, and its last weights
    are kept. epochs: its length where the recipe sets no phases; None for training.epochs, 0 to skip it.
    """

    groups: tuple[str, ...] | None = None
    sampler: Sampler | None = None
    schedule: Schedule | None = None
    selects: bool = True
    epochs: int | None = None


PhaseKinds = Mapping[str, PhaseKind]
SINGLE: PhaseKinds = {"": PhaseKind()}


@dataclass(frozen=True)
class Phase:
    """One phase of a training. first: its first epoch. scheduled: number of earlier epochs that the recipe's schedule counts."""

    name: str
    epochs: int
    kind: PhaseKind
    first: int = 0
    scheduled: int = 0

    @property
    def end(self) -> int:
        """The epoch after the last of this phase."""
        return self.first + self.epochs

    def factor(self, schedule: Schedule, epoch: int, fraction: float) -> float:
        """Factor of the learning rates after this fraction of the epoch. schedule: the recipe's."""
        if self.kind.schedule is None:
            return schedule(self.scheduled + epoch - self.first + fraction)
        return self.kind.schedule((epoch - self.first + fraction) / self.epochs)


def parse_phases(text: str) -> list[tuple[str, int]]:
    """Names and numbers of epochs, in order. Raises Problem for a part that is not NAME EPOCHS, and for 0 epochs.

    >>> parse_phases("warm-up 10, robust 50")
    [('warm-up', 10), ('robust', 50)]
    """
    phases: list[tuple[str, int]] = []
    for part in text.split(",") if text.strip() else []:
        name, _, epochs = part.strip().rpartition(" ")
        if not name or not epochs.isdecimal():
            raise Problem(
                f"training.phases: '{part.strip()}' is not a name and a number of epochs; write phases = \"warm-up 10, robust 50\"."
            )
        if int(epochs) == 0:
            raise Problem(f"training.phases: the phase '{name.strip()}' has 0 epochs; give it at least one, or leave it out.")
        phases.append((name.strip(), int(epochs)))
    return phases


def plan_phases(named: list[tuple[str, int]], epochs: int, kinds: PhaseKinds) -> list[Phase]:
    """The phases of a training: those in the recipe, else the method's defaults. Raises Problem for an unknown name."""
    for name, _ in named:
        if name not in kinds:
            if kinds.keys() == SINGLE.keys():
                raise Problem(f"training.phases names '{name}', but this method has no phases; set training.epochs instead.")
            raise Problem(f"training.phases names '{name}', but the phases of this method are: {listing(kinds)}.{nearest(name, kinds)}")
    lengths = named or [(name, epochs if kind.epochs is None else kind.epochs) for name, kind in kinds.items()]
    phases: list[Phase] = []
    first = scheduled = 0
    for name, length in lengths:
        if length:
            phases.append(Phase(name, length, kinds[name], first, scheduled))
            first += length
            scheduled += length if kinds[name].schedule is None else 0
    return phases


def scheduled_epochs(phases: list[Phase]) -> int:
    """Number of epochs that the recipe's schedule counts."""
    return sum(phase.epochs for phase in phases if phase.kind.schedule is None)
