"""What is kept of labelled rows to compare queries with: class means, or the rows themselves."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from scratchlab.checks import Problem
from scratchlab.learn.embedder import Embedder
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import resampled
from scratchlab.types import Embeddings, Inputs, LabelledInputs, Rows


class Block:
    """Classes that were learned together, under one similarity. What a query scored is remembered by its row.

    references: m embeddings; owner: `[m]`, the place of each one's class among this block's `count` classes.
    """

    def __init__(self, similarity: Similarity, references: Embeddings, owner: Tensor, count: int) -> None:
        self.similarity, self.references, self.owner, self.count = similarity, references, owner, count
        shares = torch.nn.functional.one_hot(owner, count).to(references.vector)
        self.shares = shares / shares.sum(0)
        self._known: dict[int, Tensor] = {}

    def compare(self, queries: Embeddings) -> Tensor:
        """n queries -> `[n, count]`: each class's score is the mean over its references."""
        scores = self.similarity(queries, self.references)
        return scores if len(self.references) == self.count else scores @ self.shares

    @torch.no_grad()
    def scores(self, embedder: Embedder, inputs: Inputs) -> Tensor:
        """`[n, count]`."""
        missing = np.array([row not in self._known for row in inputs.rows.tolist()])
        if missing.any():
            rows = inputs.rows[missing]
            found = self.compare(embedded(embedder, inputs.some(missing), self.similarity))
            self._known.update(zip(rows.tolist(), found, strict=True))
        return torch.stack([self._known[row] for row in inputs.rows.tolist()])

    def moved(self, references: Embeddings) -> Block:
        """The same classes, compared with other references, one for each."""
        return Block(self.similarity, references, self.owner, self.count)

    def means(self) -> Embeddings:
        """One embedding a class."""
        return class_means(self.references, self.owner, self.count) if len(self.references) > self.count else self.references


def embedded(embedder: Embedder, inputs: Inputs, similarity: Similarity) -> Embeddings:
    """Embeddings of rows, with matrices only where the similarity reads them."""
    if similarity.reads == "matrix":
        return embedder.embeddings(inputs)
    return vectors_alone(embedder.vectors(inputs), embedder.streams)


def vectors_alone(vectors: Tensor, streams: tuple[str, ...]) -> Embeddings:
    """Vectors `[n, d]` as embeddings whose matrices are a single step of no channels."""
    count = len(vectors)
    return Embeddings(vectors, vectors.new_zeros(count, 1, 0), torch.ones(count, dtype=torch.long, device=vectors.device), streams)


def block(embedder: Embedder, similarity: Similarity, rows: LabelledInputs, classes: Rows, most: int | None = None) -> Block:
    """The references of these classes among labelled rows: their means, or each of them; at most `most` of a class, spread evenly.

    Raises Problem for a class without a row.
    """
    places = {int(label): np.flatnonzero(rows.labels == label) for label in classes}
    for label, own in places.items():
        if len(own) == 0:
            raise Problem(f"Class {label} has no labelled row to make its prototype of.")
    if similarity.references == "shots" and most is not None:
        places = {label: own[np.unique(np.linspace(0, len(own) - 1, most).astype(np.int64))] for label, own in places.items()}
    chosen = np.concatenate(list(places.values()))
    found = embedded(embedder, rows.some(chosen), similarity)
    owner = torch.from_numpy(np.repeat(np.arange(len(classes)), [len(own) for own in places.values()])).to(found.vector.device)
    if similarity.references == "mean":
        found, owner = class_means(found, owner, len(classes)), torch.arange(len(classes), device=owner.device)
    return Block(similarity, found, owner, len(classes))


def class_means(embeddings: Embeddings, owner: Tensor, count: int) -> Embeddings:
    """One mean a class: of the vectors, and of the matrices once each is resampled to its class's mean number of steps."""
    vectors: list[Tensor] = []
    matrices: list[Tensor] = []
    for label in range(count):
        own = embeddings.at(owner == label)
        steps = max(1, round(float(own.lengths.cpu().double().mean())))
        vectors.append(own.vector.mean(0))
        matrices.append((own.matrix if bool((own.lengths == own.matrix.shape[1]).all()) else resampled(own, steps)).mean(0))
    lengths = torch.tensor([len(matrix) for matrix in matrices], device=owner.device)
    return Embeddings(torch.stack(vectors), pad_sequence(matrices, batch_first=True), lengths, embeddings.streams)
