"""What every similarity does: compare embeddings with embeddings. One object serves training and test alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.types import Embeddings, place_of

MeanOrShots = Annotated[
    Literal["mean", "shots"],
    Field(description="a class is compared by the mean of its references, or by each of them, and then the scores are averaged"),
]
StreamName = Annotated[str, Field(description="the one stream of a front-end with several that is compared; empty for all of them")]


@dataclass(kw_only=True, eq=False)
class Similarity:
    """Pairwise scores, larger being more alike, differentiable in both arguments unless said otherwise. Its fields are its settings.

    Never changed by padding: what lies beyond an input's length does not count. Finite for every finite input, silence and single
    steps included. `reads`: which part of the embeddings counts. `sees_order`: whether the order of the steps can change a score.
    `is_distance`: whether a score is a distance negated, best near 0, rather than a product, best far above it. `biased`: whether a
    learned row has one number more than an embedding.
    """

    reads: ClassVar[Literal["vector", "matrix"]]
    sees_order: ClassVar[bool]
    is_distance: ClassVar[bool] = False
    biased: ClassVar[bool] = False

    references: MeanOrShots = "mean"
    stream: StreamName = ""

    def fits(self, name: str, streams: tuple[str, ...]) -> None:
        """Raises Problem unless embeddings that consist of these streams have the one it compares; name: its table in the recipe."""
        if self.stream:
            place_of(self.stream, streams, f"similarity.{name}.stream")

    def __call__(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """n queries, m references -> `[n, m]`; in single precision where an encoder beside it computes in half."""
        with torch.autocast(queries.vector.device.type, enabled=False):
            return self.compare(queries.stream(self.stream), references.stream(self.stream))

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """The same, once the stream is chosen: what each similarity defines."""
        raise NotImplementedError
