"""Similarities of any rows with any others, by a frozen embedder: pair by pair for retrieval, and within few-shot episodes.

Each row is embedded once. Scores are computed in tiles, so that what is held at once does not grow with the number of queries or episodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from scratchlab.data.batches import in_order
from scratchlab.learn.embedder import Embedder
from scratchlab.learn.references import class_means, embedded, vectors_alone
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import VectorSimilarity
from scratchlab.types import Batch, Embeddings, Floats, Inputs, Rows

QUERIES = 256  # rows of a tile of pairs
REFERENCES = 1024  # matrices that a tile of queries is compared with at once
NUMBERS = 2**19  # numbers that a tile of episodes gathers and computes: 2 MiB, near the processor's caches

Load = Callable[[Rows], Batch]
Adapt = Callable[[Embeddings], Embeddings]


def unchanged(references: Embeddings) -> Embeddings:
    """References as they are."""
    return references


def pairwise(
    queries: Inputs, references: Inputs, compare: Callable[[Inputs, Inputs], Mapping[str, Tensor]]
) -> Iterator[tuple[slice, dict[str, Floats]]]:
    """Tiles of queries, and by head their similarities `[tile, m]` with all references; compare: those of one tile."""
    for positions in in_order(len(queries), QUERIES):
        heads = compare(queries.some(positions), references)
        yield slice(int(positions[0]), int(positions[-1]) + 1), {head: scores.float().cpu().numpy() for head, scores in heads.items()}


@torch.no_grad()
def pair_scores(embedder: Embedder, similarity: Similarity, queries: Inputs, references: Inputs) -> Tensor:
    """`[n, m]`: each query with each reference by itself, whatever its class."""
    ours = embedded(embedder, queries, similarity)
    if similarity.reads == "vector":
        return similarity(ours, embedded(embedder, references, similarity))
    embedder.embed(references, matrices=True)
    parts = [references.some(positions) for positions in in_order(len(references), REFERENCES)]
    return torch.cat([similarity(ours, embedder.embeddings(part)) for part in parts], 1)


@torch.no_grad()
def episode_scores(embedder: Embedder, similarity: Similarity, support: Rows, query: Rows, load: Load, adapt: Adapt = unchanged) -> Tensor:
    """`[episode, q, way]` of support rows `[episode, way, shot]` and query rows `[episode, q]`.

    A class is compared by the mean of its shots, or by each and then averaged, as the similarity is set. adapt: what becomes of these
    references first.
    """
    rows, places = np.unique(np.concatenate([support.ravel(), query.ravel()]), return_inverse=True)
    if isinstance(similarity, VectorSimilarity):
        shots, queries = places[: support.size].reshape(support.shape), places[support.size :].reshape(query.shape)
        return vector_episodes(similarity, embedder.vectors(Inputs(rows, load)), shots, queries, embedder.streams, adapt)
    embedder.embed(Inputs(rows, load), matrices=True)

    def episode(shots: Rows, queries: Rows) -> Tensor:
        way, shot = shots.shape
        known, labels = embedder.embeddings(Inputs(shots.ravel(), load)), torch.arange(way, device=embedder.device).repeat_interleave(shot)
        if similarity.references == "mean":
            known = class_means(known, labels, way)
        scores = similarity(embedder.embeddings(Inputs(queries, load)), adapt(known))
        return scores.view(len(queries), way, -1).mean(2)

    return torch.stack([episode(shots, queries) for shots, queries in zip(support, query, strict=True)])


@torch.no_grad()
def vector_episodes(
    similarity: VectorSimilarity,
    vectors: Tensor,
    support: Rows,
    query: Rows,
    streams: tuple[str, ...] = (),
    adapt: Adapt = unchanged,
) -> Tensor:
    """`[episode, q, way]` by vectors `[k, d]`, to which support `[episode, way, shot]` and query `[episode, q]` point."""
    _, way, shot = support.shape
    mean = similarity.references == "mean"
    held = (way * shot + query.shape[1]) * vectors.shape[1] + query.shape[1] * way * (1 if mean else shot)
    shots, queries = (torch.from_numpy(part).to(vectors.device) for part in (support.reshape(len(support), -1), query))
    scores = vectors.new_empty(len(query), query.shape[1], way)

    def set_by_set(references: Tensor) -> Tensor:
        adapted = adapt(vectors_alone(references.flatten(0, 1), streams)).stream(similarity.stream).vector
        return adapted.view(*references.shape[:2], -1)

    own = vectors_alone(vectors, streams).stream(similarity.stream).vector
    for positions in in_order(len(query), max(1, NUMBERS // held)):
        tile = slice(int(positions[0]), int(positions[-1]) + 1)
        known = vectors[shots[tile]]
        if mean:
            known = known.view(len(positions), way, shot, -1).mean(2)
        pairs = similarity.vectors(own[queries[tile]], set_by_set(known))
        scores[tile] = pairs if mean else pairs.unflatten(2, (way, shot)).mean(3)
    return scores
