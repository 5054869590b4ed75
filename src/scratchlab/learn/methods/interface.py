"""What every method does: learn a stage, score its queries, and branch so that draws do not touch each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

from torch import Tensor

from scratchlab.learn.phases import PhaseKinds
from scratchlab.types import Inputs, Scores, TrainingView


class Method(Protocol):
    """A way to learn classes from what a stage shows. Touches parameters and optimisers; never disk, metrics or query labels."""

    @property
    def phases(self) -> PhaseKinds:
        """The phases that its training knows, by name."""
        ...

    @property
    def rates(self) -> Mapping[str, float]:
        """Rates published for parameter groups of its own, where the recipe gives none."""
        ...

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the parameter groups whose rates a recipe may give."""
        ...

    def learn(self, view: TrainingView) -> None:
        """Takes in a stage: trains on its training rows, if there are any, and keeps what it needs of its reference."""
        ...

    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores of the queries by head, the one that speaks for the method first. Heads are never mixed."""
        ...

    def vectors(self, inputs: Inputs) -> Tensor:
        """Vector embeddings `[n, d]`, for maps and comparisons."""
        ...

    def similarity_to_base(self) -> Tensor:
        """`[new, base]`: similarity of each later class to each base class, by the leading similarity; both in order of arrival."""
        ...

    def branch(self) -> Self:
        """A copy that can go on learning without changing this one."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Everything learned, by name: what is worth keeping."""
        ...

    def facts(self) -> dict[str, Any]:
        """What was chosen on validation rows besides the epoch, ready for JSON."""
        ...
