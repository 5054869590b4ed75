"""Interface of methods: learn a split, score its queries, and branch so that draws are independent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from scratchlab.types import Batch, Floats, Inputs, Rows, Scores, TrainingView

if TYPE_CHECKING:
    from torch import Tensor  # so that evaluations can name a method without loading torch

    from scratchlab.learn.phases import PhaseKinds


class Scorer(Protocol):
    """Scores queries: a method, or its baselines. Pairs and episodes may be of any classes, learned or not."""

    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores of the queries by head, for all classes learned so far; the main head first. Heads are evaluated separately."""
        ...

    def pairwise(self, queries: Inputs, references: Inputs) -> Iterator[tuple[slice, dict[str, Floats]]]:
        """Tiles of at most 256 queries, and their similarities `[tile, m]` to all references by head; float32, larger is more similar.

        References are single rows: nothing is averaged over classes.
        """
        ...

    def episodes(self, support: Rows, query: Rows, load: Callable[[Rows], Batch]) -> dict[str, Floats]:
        """Scores `[episode, q, way]` by head; float32, larger is more similar.

        support: rows `[episode, way, shot]`; query: rows `[episode, q]`; load: loads the inputs of rows. A class's score is the similarity
        to the mean of its shots, or the mean similarity to its shots, depending on the similarity's setting `references`. Each row is
        embedded once.
        """
        ...


class Method(Scorer, Protocol):
    """Learns classes from a split and scores queries, `[n, classes]`. It sees weights and optimisers; never disk, metrics or query labels.

    >>> from scratchlab.learn.methods.prototypes import Prototypes
    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> method: Method = Prototypes(Conv4())
    >>> method.groups  # of parameters
    ('body', 'readout')
    """

    @property
    def phases(self) -> PhaseKinds:
        """Its training phases, by name."""
        ...

    @property
    def rates(self) -> Mapping[str, float]:
        """Published learning rates of its own parameter groups, where the recipe sets none."""
        ...

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of its parameter groups, whose learning rates a recipe may set."""
        ...

    @property
    def baselines(self) -> Scorer:
        """Scores without training: by the untrained network, and by the front-end's features."""
        ...

    def learn(self, view: TrainingView) -> None:
        """Learns from a split: trains on its training rows, if any, and stores references of its new classes."""
        ...

    def vectors(self, inputs: Inputs) -> Tensor:
        """Vector embeddings `[n, d]`, for visualisation and comparison."""
        ...

    def similarity_to_base(self) -> Tensor:
        """`[new, base]`: similarity of each new class to each base class, by the leading similarity; both in the order of learning."""
        ...

    def branch(self) -> Self:
        """A copy that can learn further splits without changing this one."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """All learned tensors, by name, for storage; what scoring needs, where the method is `Restorable`."""
        ...

    def facts(self) -> dict[str, Any]:
        """What was chosen on validation rows besides the epoch, JSON-compatible."""
        ...


@runtime_checkable
class Restorable(Protocol):
    """A method whose runs can answer for new inputs."""

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        """Sets all that scoring needs from what `tensors` gave, and forgets the scores and embeddings of rows."""
        ...
