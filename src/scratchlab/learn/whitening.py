"""Whitening between embedder and similarities: fitted to the training rows after training, then applied to all embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.data.augment.row_rng import RowRNG
from scratchlab.learn.embedder import Embedder
from scratchlab.similarity.sequences import resampled
from scratchlab.similarity.whitening import EmbeddingWhitening, Whitening
from scratchlab.types import Batch, Embeddings, Inputs, LabelledInputs


class Whitened(Embedder):
    """An embedder whose embeddings are those of another, whitened. It shares the other's modules and cache."""

    def __init__(self, embedder: Embedder, whitening: EmbeddingWhitening) -> None:
        super().__init__(embedder.frontend, embedder.encoder, embedder.temporal, embedder.augments)
        self._embedder, self.whitening = [embedder], whitening  # in a list, since a module would register its weights twice

    def forward(self, batch: Batch, rng: RowRNG | None = None) -> Embeddings:
        """Whitened embeddings of a batch."""
        return self.whitening(self._embedder[0](batch, rng))

    def vectors(self, inputs: Inputs) -> Tensor:
        """Whitened vectors `[n, d]` of rows."""
        return self.whitening.vector(self._embedder[0].vectors(inputs))

    def embeddings(self, inputs: Inputs) -> Embeddings:
        """Whitened vectors and matrices of rows."""
        return self.whitening(self._embedder[0].embeddings(inputs))

    def embed(self, inputs: Inputs, *, matrices: bool) -> None:
        """Embeds the rows that are not in the other's cache."""
        self._embedder[0].embed(inputs, matrices=matrices)


class WithinClass:
    """Fits the whitening of vectors `[n, d]`, and that of the steps of matrices `[n, t, c]`, to the training rows of base classes.

    >>> from scratchlab.learn.methods.prototypes import Prototypes
    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> Prototypes(Conv4(), whitening=WithinClass(shrinkage=0.1)).components.whitening.shrinkage
    0.1
    """

    def __init__(
        self,
        *,
        shrinkage: Annotated[
            Annotated[float, Field(ge=0, le=1)] | Literal["auto"],
            Field(
                description="shrinkage of the within-class covariance towards a multiple of the identity; auto: Ledoit-Wolf; 1: centring"
            ),
        ] = "auto",
    ) -> None:
        self.shrinkage: float | None = None if shrinkage == "auto" else shrinkage

    def fit(self, embedder: Embedder, train: LabelledInputs, *, matrices: bool) -> Whitened:
        """The whitened embedder. matrices: whether a similarity reads them; else only vectors are whitened.

        Matrices are resampled to their mean number of steps, so that the same step of different rows can be compared.
        """
        labels = torch.from_numpy(train.labels).to(embedder.device)
        vector, steps = Whitening.fit(embedder.vectors(train), labels, shrinkage=self.shrinkage), None
        if matrices:
            embeddings = embedder.embeddings(train)
            count = max(1, round(float(embeddings.lengths.cpu().double().mean())))
            steps = Whitening.fit(resampled(embeddings, count), labels, shrinkage=self.shrinkage)
        return Whitened(embedder, EmbeddingWhitening(vector, steps))


def none() -> None:
    """Embeddings are compared as they are."""


WHITENINGS: dict[str, Callable[..., WithinClass | None]] = {"none": none, "within_class": WithinClass}
