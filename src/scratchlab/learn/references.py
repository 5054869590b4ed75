"""References: the class means, or single shots, that queries are compared with."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from scratchlab.checks import Problem
from scratchlab.data.batches import in_order
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.embeddings import ValuesByRow
from scratchlab.learn.stored import Tensors, under
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import resampled
from scratchlab.similarity.vector import CentredCosine
from scratchlab.types import Embeddings, Inputs, LabelledInputs, Rows

PAIRS = 2**25  # similarities in memory at once: 128 MiB
QUERIES = 2**14  # queries whose embeddings are in memory at once


class References:
    """References of `count` classes that were learned together, compared by one similarity. Scores of queries are cached by row.

    embeddings: of m references; labels: `[m]`, the index of each reference's class, 0 to `count` - 1.
    """

    def __init__(self, similarity: Similarity, embeddings: Embeddings, labels: Tensor, count: int) -> None:
        self.similarity, self.embeddings, self.labels, self.count = similarity, embeddings, labels, count
        self._scores = ValuesByRow()

    @functools.cached_property
    def averaging(self) -> Tensor:
        """`[m, count]`: the matrix that maps similarities to references to their means over each class."""
        members = torch.nn.functional.one_hot(self.labels, self.count).to(self.embeddings.vector)
        return members / members.sum(0)

    def compare(self, queries: Embeddings) -> Tensor:
        """`[n, count]`: scores of n queries; a class's score is the mean similarity to its references."""
        scores = self.similarity(queries, self.embeddings)
        return scores if len(self.embeddings) == self.count else scores @ self.averaging

    @torch.no_grad()
    def scores(self, embedder: Embedder, inputs: Inputs) -> Tensor:
        """`[n, count]`: scores of rows, computed in tiles of queries, and cached."""
        missing = inputs.some(self._scores.missing(inputs.rows))
        for positions in in_order(len(missing), max(1, min(QUERIES, PAIRS // len(self.embeddings)))):
            tile = missing.some(positions)
            self._scores.put(tile.rows, self.compare(embedded(embedder, tile, self.similarity)))
        return self._scores.get(inputs.rows)

    def replaced(self, embeddings: Embeddings) -> References:
        """References of the same classes with these embeddings in place of the present ones, in the same order."""
        return References(self.similarity, embeddings, self.labels, self.count)

    def means(self) -> Embeddings:
        """One embedding per class: the mean of its references."""
        return class_means(self.embeddings, self.labels, self.count) if len(self.embeddings) > self.count else self.embeddings

    @classmethod
    def of(cls, embedder: Embedder, similarity: Similarity, rows: LabelledInputs, classes: Rows, limit: int | None = None) -> Self:
        """References of these classes from labelled rows: class means, or single shots, at most `limit` per class, evenly spread.

        Raises Problem for a class without labelled rows.
        """
        places = {int(label): np.flatnonzero(rows.labels == label) for label in classes}
        for label, own in places.items():
            if len(own) == 0:
                raise Problem(f"Class {label} has no labelled row, so it has no prototype.")
        if similarity.references == "shots" and limit is not None:
            places = {label: own[np.unique(np.linspace(0, len(own) - 1, limit).astype(np.int64))] for label, own in places.items()}
        embeddings = embedded(embedder, rows.some(np.concatenate(list(places.values()))), similarity)
        counts = [len(own) for own in places.values()]
        labels = torch.from_numpy(np.repeat(np.arange(len(classes)), counts)).to(embeddings.vector.device)
        if similarity.references == "mean":
            embeddings, labels = class_means(embeddings, labels, len(classes)), torch.arange(len(classes), device=labels.device)
        return cls(similarity, embeddings, labels, len(classes))

    def tensors(self, prefix: str) -> dict[str, Tensor]:
        """Returns tensors for storage, which `of_tensors` reads, under names that begin with the prefix.

        labels `[m]` and vectors `[m, d]`; if the similarity reads matrices, also these, `[m, t, c]`, and their lengths `[m]`.
        """
        parts = ("vector", "matrix", "lengths") if self.similarity.reads == "matrix" else ("vector",)
        return {**{f"{prefix}{part}": getattr(self.embeddings, part).detach() for part in parts}, f"{prefix}labels": self.labels}

    @classmethod
    def of_tensors(cls, similarity: Similarity, kept: Tensors, prefix: str, streams: tuple[str, ...]) -> Self:
        """References from stored tensors whose names begin with the prefix. streams: of their embeddings."""
        own = under(prefix, kept)
        matrices = similarity.reads == "matrix"
        embeddings = (
            Embeddings(own["vector"], own["matrix"], own["lengths"], streams) if matrices else vectors_alone(own["vector"], streams)
        )
        return cls(similarity, embeddings, own["labels"], int(own["labels"].max()) + 1)


def embedded(embedder: Embedder, inputs: Inputs, similarity: Similarity) -> Embeddings:
    """Embeddings of rows, with matrices only if the similarity reads them."""
    if similarity.reads == "matrix":
        return embedder.embeddings(inputs)
    return vectors_alone(embedder.vectors(inputs), embedder.streams)


def vectors_alone(vectors: Tensor, streams: tuple[str, ...]) -> Embeddings:
    """Vectors `[n, d]` as embeddings with empty matrices `[n, 1, 0]`."""
    count = len(vectors)
    return Embeddings(vectors, vectors.new_zeros(count, 1, 0), torch.ones(count, dtype=torch.long, device=vectors.device), streams)


def centre(similarities: Mapping[str, Similarity], embedder: Embedder, training: Inputs) -> None:
    """Sets the mean vector of the training rows in the similarities that subtract it."""
    for similarity in similarities.values():
        if isinstance(similarity, CentredCosine):
            mean = vectors_alone(embedder.vectors(training).mean(0, keepdim=True), embedder.streams)
            similarity.mean = mean.stream(similarity.stream).vector[0]


def class_means(embeddings: Embeddings, labels: Tensor, count: int) -> Embeddings:
    """Class means of the vectors, and of the matrices after each is resampled to its class's mean number of steps."""
    vectors: list[Tensor] = []
    matrices: list[Tensor] = []
    for label in range(count):
        own = embeddings.at(labels == label)
        steps = max(1, round(float(own.lengths.cpu().double().mean())))
        vectors.append(own.vector.mean(0))
        matrices.append((own.matrix if bool((own.lengths == own.matrix.shape[1]).all()) else resampled(own, steps)).mean(0))
    lengths = torch.tensor([len(matrix) for matrix in matrices], device=labels.device)
    return Embeddings(torch.stack(vectors), pad_sequence(matrices, batch_first=True), lengths, embeddings.streams)
