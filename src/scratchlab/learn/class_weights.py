"""One learned embedding a class: the weight rows that the embeddings of a batch are compared with while the base is trained."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.learn.embedder import Embedder
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings


def readouts(similarities: Iterable[Similarity]) -> tuple[str, ...]:
    """The parameter groups of the rows: `readout`; where vectors and matrices are both learned, `vector` and `matrix`; none for nothing.

    Raises Problem where rows with a bias would have to be rows without one as well.
    """
    similarities = list(similarities)
    reads = {similarity.reads for similarity in similarities}
    if len({similarity.biased for similarity in similarities if similarity.reads == "vector"}) == 2:
        raise Problem(
            "The rows that linear learns have a bias, so no other similarity of vectors can be trained on them; name one of the two."
        )
    return ("vector", "matrix") if len(reads) == 2 else ("readout",)[: len(reads)]


class ClassWeights(nn.Module):
    """c rows: a vector `[c, d]` (`[c, d + 1]` with a bias), a matrix `[c, steps, channels]`, or both, as the similarities read them."""

    def __init__(self, count: int, embedder: Embedder, similarities: Iterable[Similarity], steps: int) -> None:
        super().__init__()
        self.names = readouts(similarities := list(similarities))
        self.count, reads = count, {similarity.reads for similarity in similarities}
        biased = any(similarity.biased for similarity in similarities)
        self.vector = nn.Parameter(_begun(count, embedder.dim, biased)) if "vector" in reads else None
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


def _begun(count: int, dim: int, biased: bool) -> Tensor:
    """Rows at the start: normal, as only their directions count; with a bias, uniform in ±1/√d as in nn.Linear."""
    return torch.empty(count, dim + 1).uniform_(-(dim**-0.5), dim**-0.5) if biased else torch.randn(count, dim)
