"""Embeddings of transformed inputs, by the same weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.embedder import Embedder
from scratchlab.models.transforms import transformed
from scratchlab.types import Batch


class Transformed(Embedder):
    """An embedder that shares all modules of another, and transforms the features in between, after any augmentation.

    With several names each input yields an embedding a name, side by side; rows can be remembered only with a single one. What it
    remembers is its own: make a new one once training is over.
    """

    def __init__(self, embedder: Embedder, names: Sequence[str]) -> None:
        super().__init__(embedder.frontend, embedder.encoder, embedder.temporal, embedder.augments)
        self.names = tuple(names)

    def features(self, batch: Batch, rng: RowRNG | None = None) -> tuple[Tensor, Tensor]:
        """Features `[n * m, channels, rows, columns]` and lengths `[n * m]`."""
        return transformed(self.names, *super().features(batch, rng))
