"""What every similarity does: compare embeddings with embeddings. One object serves training and test alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.types import Embeddings, stream_index

MeanOrShots = Annotated[
    Literal["mean", "shots"],
    Field(description="a class is compared by the mean of its references, or by each of them, and then the scores are averaged"),
]
Lengths = Tensor | Sequence[int] | None
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
            stream_index(self.stream, streams, f"similarity.{name}.stream")

    def __call__(
        self,
        queries: Embeddings | Tensor,
        references: Embeddings | Tensor,
        query_lengths: Lengths = None,
        reference_lengths: Lengths = None,
    ) -> Tensor:
        """Scores `[n, m]` of n queries with m references; in single precision where an encoder beside it computes in half.

        Both are Embeddings, or tensors: vectors `[n, d]` and `[m, d]`, or matrices `[n, t, c]` and `[m, s, c]` padded to their longest,
        with how many steps of each are real, `[n]` and `[m]` (None: all). Raises Problem for tensors that it cannot compare.
        """
        if isinstance(queries, Tensor) or isinstance(references, Tensor):
            queries, references = self._of(queries, "queries", query_lengths), self._of(references, "references", reference_lengths)
            self._agree(queries, references)
        with torch.autocast(queries.vector.device.type, enabled=False):
            return self.compare(queries.stream(self.stream), references.stream(self.stream))

    def _of(self, given: Embeddings | Tensor, what: str, lengths: Lengths) -> Embeddings:
        if isinstance(given, Embeddings):
            return given
        wanted = {"vector": 2, "matrix": 3}[self.reads]
        if given.ndim != wanted:
            shapes = "vectors [n, d]" if wanted == 2 else "matrices [n, t, c]"
            raise Problem(f"{type(self).__name__} compares {shapes}; the {what} have the shape {tuple(given.shape)}.")
        return Embeddings.of(given, lengths, f"The {what}")

    def _agree(self, queries: Embeddings, references: Embeddings) -> None:
        own, other = getattr(queries, self.reads), getattr(references, self.reads)
        if own.shape[-1] not in (other.shape[-1], other.shape[-1] - self.biased) or own.dtype != other.dtype:
            raise Problem(
                f"{type(self).__name__} compares what has equally many numbers of the same type; the queries are {tuple(own.shape)} of "
                f"{own.dtype}, the references {tuple(other.shape)} of {other.dtype}."
            )

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """The same, once the stream is chosen: what each similarity defines."""
        raise NotImplementedError
