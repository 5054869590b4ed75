"""One learned embedding a class: the weight rows that the embeddings of a batch are compared with while the base is trained."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from scratchlab.learn.embedder import Embedder
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings


def readouts(similarities: Iterable[Similarity]) -> tuple[str, ...]:
    """The parameter groups of the rows: `readout`; where vectors and matrices are both learned, `vector` and `matrix`."""
    reads = {similarity.reads for similarity in similarities}
    return ("vector", "matrix") if len(reads) == 2 else ("readout",)


class ClassRows(nn.Module):
    """c rows: a vector `[c, d]`, a matrix `[c, steps, channels]`, or both, as far as the similarities read them."""

    def __init__(self, count: int, embedder: Embedder, similarities: Iterable[Similarity], steps: int) -> None:
        super().__init__()
        self.names = readouts(similarities := list(similarities))
        self.count, reads = count, {similarity.reads for similarity in similarities}
        self.vector = nn.Parameter(torch.randn(count, embedder.dim)) if "vector" in reads else None
        self.matrix = nn.Parameter(torch.randn(count, steps, embedder.channels)) if "matrix" in reads else None
        self.to(embedder.device)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The rows by the names of their groups."""
        return dict(zip(self.names, ([rows] for rows in (self.vector, self.matrix) if rows is not None), strict=True))

    def embeddings(self, streams: tuple[str, ...] = ()) -> Embeddings:
        """The rows as embeddings; what is not learned is a single zero step, or a vector of no dimension."""
        (rows, *_) = self.parameters()
        vector = rows.new_zeros(self.count, 0) if self.vector is None else self.vector
        matrix = rows.new_zeros(self.count, 1, 0) if self.matrix is None else self.matrix
        lengths = torch.full((self.count,), matrix.shape[1], device=rows.device)
        return Embeddings(vector, matrix, lengths, streams)
