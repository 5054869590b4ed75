"""Embeddings of transformed inputs, with the same weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.embedder import Embedder
from scratchlab.models.transforms import transformed
from scratchlab.types import Batch


class Transformed(Embedder):
    """An embedder that shares all modules of another, and transforms the features between front-end and encoder, after augmentation.

    With several names, each input has one embedding per transformation, in consecutive rows; the cache of rows supports only a single
    name. The cache is not shared with the other embedder: build a new instance after training.
    """

    def __init__(self, embedder: Embedder, names: Sequence[str]) -> None:
        super().__init__(embedder.frontend, embedder.encoder, embedder.temporal, embedder.augments)
        self.names = tuple(names)

    def features(self, batch: Batch, rng: RowRNG | None = None) -> tuple[Tensor, Tensor]:
        """Features `[n * m, channels, rows, columns]` and lengths `[n * m]`, with the m transformations of an input in consecutive rows."""
        return transformed(self.names, *super().features(batch, rng))
