"""What is kept of labelled rows to compare queries with: class means, or the rows themselves."""

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
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import resampled
from scratchlab.similarity.vector import CentredCosine
from scratchlab.types import Embeddings, Inputs, LabelledInputs, Rows

PAIRS = 2**25  # similarities held at once for some queries: 128 MiB
QUERIES = 2**14  # queries whose embeddings are held at once


class References:
    """Classes that were learned together, under one similarity. The scores of queries are remembered by their rows.

    embeddings: m of them; labels: `[m]`, the place of each one's class among these `count` classes.
    """

    def __init__(self, similarity: Similarity, embeddings: Embeddings, labels: Tensor, count: int) -> None:
        self.similarity, self.embeddings, self.labels, self.count = similarity, embeddings, labels, count
        self._scores = ValuesByRow()

    @functools.cached_property
    def averaging(self) -> Tensor:
        """`[m, count]`: what turns similarities to references into their means over classes."""
        members = torch.nn.functional.one_hot(self.labels, self.count).to(self.embeddings.vector)
        return members / members.sum(0)

    def compare(self, queries: Embeddings) -> Tensor:
        """n queries -> `[n, count]`: each class's score is the mean over its references."""
        scores = self.similarity(queries, self.embeddings)
        return scores if len(self.embeddings) == self.count else scores @ self.averaging

    @torch.no_grad()
    def scores(self, embedder: Embedder, inputs: Inputs) -> Tensor:
        """`[n, count]`, a tile of queries at a time."""
        missing = inputs.some(self._scores.missing(inputs.rows))
        for positions in in_order(len(missing), max(1, min(QUERIES, PAIRS // len(self.embeddings)))):
            tile = missing.some(positions)
            self._scores.put(tile.rows, self.compare(embedded(embedder, tile, self.similarity)))
        return self._scores.get(inputs.rows)

    def replaced(self, embeddings: Embeddings) -> References:
        """The same classes, compared with other embeddings, one for each of these."""
        return References(self.similarity, embeddings, self.labels, self.count)

    def means(self) -> Embeddings:
        """One embedding a class."""
        return class_means(self.embeddings, self.labels, self.count) if len(self.embeddings) > self.count else self.embeddings

    @classmethod
    def of(cls, embedder: Embedder, similarity: Similarity, rows: LabelledInputs, classes: Rows, most: int | None = None) -> Self:
        """The references of these classes among labelled rows: their means, or each of them; at most `most` of a class, spread evenly.

        Raises Problem for a class without a row.
        """
        places = {int(label): np.flatnonzero(rows.labels == label) for label in classes}
        for label, own in places.items():
            if len(own) == 0:
                raise Problem(f"Class {label} has no labelled row to make its prototype of.")
        if similarity.references == "shots" and most is not None:
            places = {label: own[np.unique(np.linspace(0, len(own) - 1, most).astype(np.int64))] for label, own in places.items()}
        embeddings = embedded(embedder, rows.some(np.concatenate(list(places.values()))), similarity)
        counts = [len(own) for own in places.values()]
        labels = torch.from_numpy(np.repeat(np.arange(len(classes)), counts)).to(embeddings.vector.device)
        if similarity.references == "mean":
            embeddings, labels = class_means(embeddings, labels, len(classes)), torch.arange(len(classes), device=labels.device)
        return cls(similarity, embeddings, labels, len(classes))


def embedded(embedder: Embedder, inputs: Inputs, similarity: Similarity) -> Embeddings:
    """Embeddings of rows, with matrices only where the similarity reads them."""
    if similarity.reads == "matrix":
        return embedder.embeddings(inputs)
    return vectors_alone(embedder.vectors(inputs), embedder.streams)


def vectors_alone(vectors: Tensor, streams: tuple[str, ...]) -> Embeddings:
    """Vectors `[n, d]` as embeddings whose matrices are a single step of no channels."""
    count = len(vectors)
    return Embeddings(vectors, vectors.new_zeros(count, 1, 0), torch.ones(count, dtype=torch.long, device=vectors.device), streams)


def centre(similarities: Mapping[str, Similarity], embedder: Embedder, training: Inputs) -> None:
    """Hands the mean vector of the training rows to the similarities that take it off."""
    for similarity in similarities.values():
        if isinstance(similarity, CentredCosine):
            mean = vectors_alone(embedder.vectors(training).mean(0, keepdim=True), embedder.streams)
            similarity.mean = mean.stream(similarity.stream).vector[0]


def class_means(embeddings: Embeddings, labels: Tensor, count: int) -> Embeddings:
    """One mean a class: of the vectors, and of the matrices once each is resampled to its class's mean number of steps."""
    vectors: list[Tensor] = []
    matrices: list[Tensor] = []
    for label in range(count):
        own = embeddings.at(labels == label)
        steps = max(1, round(float(own.lengths.cpu().double().mean())))
        vectors.append(own.vector.mean(0))
        matrices.append((own.matrix if bool((own.lengths == own.matrix.shape[1]).all()) else resampled(own, steps)).mean(0))
    lengths = torch.tensor([len(matrix) for matrix in matrices], device=labels.device)
    return Embeddings(torch.stack(vectors), pad_sequence(matrices, batch_first=True), lengths, embeddings.streams)
