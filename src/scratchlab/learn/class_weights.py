"""Class weights: one learned embedding per class, with which embeddings are compared during base training."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.losses.imprinting import imprinted
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import resampled
from scratchlab.types import Embeddings


def readout_groups(similarities: Iterable[Similarity]) -> tuple[str, ...]:
    """Names of the class weights' parameter groups: `readout`, or `vector` and `matrix` if both are learned; none without similarities.

    Raises Problem if some similarity of vectors needs weights with a bias and another needs weights without.
    """
    similarities = list(similarities)
    reads = {similarity.reads for similarity in similarities}
    if len({similarity.biased for similarity in similarities if similarity.reads == "vector"}) == 2:
        raise Problem(
            "The class weights of the similarity linear have a bias, so no other similarity of vectors can share them; use one of the two."
        )
    return ("vector", "matrix") if len(reads) == 2 else ("readout",)[: len(reads)]


class ClassWeights(nn.Module):
    """Weights of c classes: vectors `[c, d]` (`[c, d + 1]` with a bias), matrices `[c, steps, channels]`, or both, as similarities need."""

    def __init__(self, count: int, embedder: Embedder, similarities: Iterable[Similarity], steps: int) -> None:
        super().__init__()
        self.names = readout_groups(similarities := list(similarities))
        self.count, reads = count, {similarity.reads for similarity in similarities}
        biased = any(similarity.biased for similarity in similarities)
        self.vector = nn.Parameter(_initial_vectors(count, embedder.dim, biased)) if "vector" in reads else None
        self.matrix = nn.Parameter(torch.randn(count, steps, embedder.channels)) if "matrix" in reads else None
        self.to(embedder.device)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """The weights by the names of their parameter groups."""
        return dict(zip(self.names, ([weights] for weights in (self.vector, self.matrix) if weights is not None), strict=True))

    @torch.no_grad()
    def imprint(self, embeddings: Embeddings, labels: Tensor) -> None:
        """Sets the weights to the class means of embeddings with labels `[n]`, 0 to c - 1; matrices are resampled to the weights' steps."""
        if self.vector is not None:
            self.vector.copy_(imprinted(embeddings.vector, labels, self.count))
        if self.matrix is not None:
            self.matrix.copy_(imprinted(resampled(embeddings, self.matrix.shape[1]), labels, self.count))

    def embeddings(self, streams: tuple[str, ...] = ()) -> Embeddings:
        """The weights as embeddings. Vectors that are not learned have dimension 0; matrices, one step of 0 channels."""
        (weights, *_) = self.parameters()
        vector = weights.new_zeros(self.count, 0) if self.vector is None else self.vector
        matrix = weights.new_zeros(self.count, 1, 0) if self.matrix is None else self.matrix
        lengths = torch.full((self.count,), matrix.shape[1], device=weights.device)
        return Embeddings(vector, matrix, lengths, streams)


def _initial_vectors(count: int, dim: int, biased: bool) -> Tensor:
    """Initial weights: normal, since only directions matter; with a bias, uniform in ±1/√d as in nn.Linear."""
    return torch.empty(count, dim + 1).uniform_(-(dim**-0.5), dim**-0.5) if biased else torch.randn(count, dim)
