"""The phases of a training: which there are, how long each is, and what it does otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scratchlab.checks import Problem, listing, nearest
from scratchlab.data.samplers.interface import Sampler
from scratchlab.learn.schedules import Schedule


@dataclass(frozen=True)
class PhaseKind:
    """What a learner does in every phase of one name, where that differs from the recipe.

    groups: the parameter groups that learn; None for all. sampler: in place of the recipe's. schedule: the factor of the rates by the share
    of the phase that is done, in place of the recipe's schedule, which then counts only the epochs of other phases. selects: whether
    validation chooses among its epochs; if not, it begins from the weights that were chosen before it, and its last weights stay. epochs:
    its length where the recipe names no phases; None for training.epochs, 0 for none.
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
    """One phase of a training. first: the epoch it begins with. scheduled: earlier epochs that the recipe's schedule counts."""

    name: str
    epochs: int
    kind: PhaseKind
    first: int = 0
    scheduled: int = 0

    @property
    def end(self) -> int:
        """The epoch after its last."""
        return self.first + self.epochs

    def factor(self, schedule: Schedule, epoch: int, share: float) -> float:
        """Of the rates, once this share of the epoch is done; schedule: the recipe's."""
        if self.kind.schedule is None:
            return schedule(self.scheduled + epoch - self.first + share)
        return self.kind.schedule((epoch - self.first + share) / self.epochs)


def parse_phases(text: str) -> list[tuple[str, int]]:
    """Names and epochs, in order. Raises Problem for what is not NAME EPOCHS, or has no epochs.

    >>> parse_phases("warm-up 10, robust 50")
    [('warm-up', 10), ('robust', 50)]
    """
    phases: list[tuple[str, int]] = []
    for part in text.split(",") if text.strip() else []:
        name, _, epochs = part.strip().rpartition(" ")
        if not name or not epochs.isdecimal():
            raise Problem(
                f"training.phases: '{part.strip()}' is not a phase and its number of epochs; write phases = \"warm-up 10, robust 50\"."
            )
        if int(epochs) == 0:
            raise Problem(f"training.phases: the phase '{name.strip()}' has no epochs; give it one or more, or leave it out.")
        phases.append((name.strip(), int(epochs)))
    return phases


def plan_phases(named: list[tuple[str, int]], epochs: int, kinds: PhaseKinds) -> list[Phase]:
    """The phases of a training: those that the recipe names, else those of the method. Raises Problem for a name that it does not know."""
    for name, _ in named:
        if name not in kinds:
            if kinds.keys() == SINGLE.keys():
                raise Problem(f"training.phases names '{name}', but this method has no phases; give training.epochs instead.")
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
    """How many epochs the recipe's schedule counts."""
    return sum(phase.epochs for phase in phases if phase.kind.schedule is None)
