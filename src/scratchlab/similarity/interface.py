"""Base class of similarities, which compare embeddings with embeddings, in training and test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, cast

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.types import Embeddings, stream_index

MeanOrShots = Annotated[
    Literal["mean", "shots"],
    Field(description="compare with the mean of a class's references, or with each of them and average the scores"),
]
Lengths = Tensor | Sequence[int] | None
StreamName = Annotated[str, Field(description="which of a front-end's streams to compare; empty: all of them")]


@dataclass(kw_only=True, eq=False)
class Similarity:
    """Scores `[n, m]` of n queries with m references, larger is more similar, differentiable in both. Its fields are its settings.

    Independent of padding. Finite for all finite inputs, including silence and single steps. reads: which part of the embeddings it
    compares. sees_order: whether the order of the steps can change a score. is_distance: whether a score is a negated distance, whose
    optimum is 0, rather than a product, which is unbounded or largest for equal inputs. biased: whether a learned class weight has one
    number more than an embedding, its bias.

    >>> class Dot(Similarity):  # one of your own
    ...     reads, sees_order = "vector", False
    ...     def compare(self, queries, references):
    ...         return queries.vector @ references.vector.T
    >>> Dot()(torch.ones(1, 2), 3 * torch.eye(2))  # vectors [1, 2] and [2, 2] -> [1, 2]
    tensor([[3., 3.]])
    """

    reads: ClassVar[Literal["vector", "matrix"]]
    sees_order: ClassVar[bool]
    is_distance: ClassVar[bool] = False
    biased: ClassVar[bool] = False

    references: MeanOrShots = "mean"
    stream: StreamName = ""

    def fits(self, name: str, streams: tuple[str, ...]) -> None:
        """Raise Problem if `stream` is set, but none of these streams of the embeddings; name: of the similarity in the recipe."""
        if self.stream:
            stream_index(self.stream, streams, f"similarity.{name}.stream")

    def __call__(
        self,
        queries: Embeddings | Tensor,
        references: Embeddings | Tensor,
        query_lengths: Lengths = None,
        reference_lengths: Lengths = None,
    ) -> Tensor:
        """Return scores `[n, m]` of n queries with m references; autocast is disabled.

        Both are Embeddings, or tensors: vectors `[n, d]` and `[m, d]`, or padded matrices `[n, t, c]` and `[m, s, c]` with their lengths in
        steps, `[n]` and `[m]` (None: no padding). Raises Problem for tensors that it cannot compare.
        """
        if not (isinstance(queries, Embeddings) and isinstance(references, Embeddings)):
            queries = self.embeddings_of(queries, "queries", query_lengths)
            references = self.embeddings_of(references, "references", reference_lengths)
            self._agree(queries, references)
        with torch.autocast(queries.vector.device.type, enabled=False):
            return self.compare(queries.stream(self.stream), references.stream(self.stream))

    def embeddings_of(self, values: Embeddings | Tensor, what: str, lengths: Lengths = None) -> Embeddings:
        """Tensors as Embeddings. Raises Problem, naming `what`, for vectors where matrices are compared, and the reverse."""
        if isinstance(values, Embeddings):
            return values
        if not isinstance(cast(object, values), Tensor):
            raise Problem(
                f"{type(self).__name__} compares tensors or Embeddings; the {what} are of type {type(values).__name__}, which "
                "torch.as_tensor converts."
            )
        axes = {"vector": 2, "matrix": 3}[self.reads]
        if values.ndim != axes:
            shapes = "vectors [n, d]" if axes == 2 else "matrices [n, t, c]"
            raise Problem(f"{type(self).__name__} compares {shapes}; the {what} have the shape {tuple(values.shape)}.")
        if not bool(values.isfinite().all()):  # a step of NaN would count as silent
            raise Problem(f"{type(self).__name__} compares finite numbers; some of the {what} are NaN or infinite.")
        return Embeddings.of(values, lengths, what=f"The {what}")

    def _agree(self, queries: Embeddings, references: Embeddings) -> None:
        x, y = getattr(queries, self.reads), getattr(references, self.reads)
        if x.shape[-1] not in (y.shape[-1], y.shape[-1] - self.biased) or x.dtype != y.dtype:
            raise Problem(
                f"{type(self).__name__} needs queries and references of the same dimension and type; the queries are {tuple(x.shape)} of "
                f"{x.dtype}, the references {tuple(y.shape)} of {y.dtype}."
            )

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Return scores `[n, m]` of embeddings whose stream is already selected; defined by each similarity."""
        raise NotImplementedError
