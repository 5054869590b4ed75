"""What every method does: learn a split, score its queries, and branch so that draws do not touch each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

from scratchlab.types import Batch, Floats, Inputs, Rows, Scores, TrainingView

if TYPE_CHECKING:
    from torch import Tensor  # so that evaluations can name a method without loading torch

    from scratchlab.learn.phases import PhaseKinds


class Asking(Protocol):
    """Whatever scores queries: a method, or its baselines. Pairs and episodes may be of any classes, learned or not."""

    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores of the queries by head, for all classes learned so far; the leading head first."""
        ...

    def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, Floats]]]:
        """Tiles of at most 256 queries, and by head their similarities `[tile, m]` with all references, float32, larger being more alike.

        Each reference stands for itself: nothing is averaged over classes.
        """
        ...

    def episodes(self, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> dict[str, Floats]:
        """Scores `[episode, q, way]` by head, float32, larger being better.

        support: rows `[episode, way, shot]`; query: rows `[episode, q]`; load: inputs of rows. A class is compared by the mean of its
        shots or by each of them, as its similarity is set. Each row is embedded once.
        """
        ...


class Method(Asking, Protocol):
    """A way to learn classes from what a split shows. Touches parameters and optimisers; never disk, metrics or query labels."""

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

    @property
    def baselines(self) -> Asking:
        """Answers without training to the same questions: by the network as it began, and by the features it is given."""
        ...

    def learn(self, view: TrainingView) -> None:
        """Takes in a split: trains on its training rows, if there are any, and keeps what it needs of its references."""
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
