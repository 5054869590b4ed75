"""Similarities between arbitrary rows by a frozen embedder: pairwise for retrieval, and within few-shot episodes.

Each row is embedded once. Scores are computed in tiles, so that memory does not grow with the number of queries or episodes.
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

QUERIES = 256  # queries per tile of pairs
REFERENCES = 1024  # matrices compared with a tile of queries at once
NUMBERS = 2**19  # array elements per tile of episodes, gathered and computed: 2 MiB, about the size of CPU caches

Load = Callable[[Rows], Batch]
Adapt = Callable[[Embeddings], Embeddings]


def unchanged(references: Embeddings) -> Embeddings:
    """The references, unchanged."""
    return references


def pairwise(
    queries: Inputs, references: Inputs, compare: Callable[[Inputs, Inputs], Mapping[str, Tensor]]
) -> Iterator[tuple[slice, dict[str, Floats]]]:
    """Tiles of queries as slices, with their similarities `[tile, m]` to all references by head, which `compare` computes for a tile."""
    for positions in in_order(len(queries), QUERIES):
        heads = compare(queries.some(positions), references)
        yield slice(int(positions[0]), int(positions[-1]) + 1), {head: scores.float().cpu().numpy() for head, scores in heads.items()}


@torch.no_grad()
def pair_scores(embedder: Embedder, similarity: Similarity, queries: Inputs, references: Inputs) -> Tensor:
    """`[n, m]`: similarity of each query to each single reference, whatever its class."""
    query_embeddings = embedded(embedder, queries, similarity)
    if similarity.reads == "vector":
        return similarity(query_embeddings, embedded(embedder, references, similarity))
    embedder.embed(references, matrices=True)
    tiles = [references.some(positions) for positions in in_order(len(references), REFERENCES)]
    return torch.cat([similarity(query_embeddings, embedder.embeddings(tile)) for tile in tiles], 1)


@torch.no_grad()
def episode_scores(embedder: Embedder, similarity: Similarity, support: Rows, query: Rows, load: Load, adapt: Adapt = unchanged) -> Tensor:
    """Scores `[episode, q, way]` from support rows `[episode, way, shot]` and query rows `[episode, q]`.

    A class's score is the similarity to the mean of its shots, or the mean similarity to its shots, depending on the similarity's setting
    `references`. adapt: applied to these references first.
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
    """Scores `[episode, q, way]` from vectors `[k, d]`; support `[episode, way, shot]` and query `[episode, q]` are indices into them."""
    _, way, shot = support.shape
    mean = similarity.references == "mean"
    episode_size = (way * shot + query.shape[1]) * vectors.shape[1] + query.shape[1] * way * (1 if mean else shot)
    shots, queries = (torch.from_numpy(part).to(vectors.device) for part in (support.reshape(len(support), -1), query))
    scores = vectors.new_empty(len(query), query.shape[1], way)

    def adapted_vectors(references: Tensor) -> Tensor:
        adapted = adapt(vectors_alone(references.flatten(0, 1), streams)).stream(similarity.stream).vector
        return adapted.view(*references.shape[:2], -1)

    own = vectors_alone(vectors, streams).stream(similarity.stream).vector
    for positions in in_order(len(query), max(1, NUMBERS // episode_size)):
        tile = slice(int(positions[0]), int(positions[-1]) + 1)
        known = vectors[shots[tile]]
        if mean:
            known = known.view(len(positions), way, shot, -1).mean(2)
        pairs = similarity.vectors(own[queries[tile]], adapted_vectors(known))
        scores[tile] = pairs if mean else pairs.unflatten(2, (way, shot)).mean(3)
    return scores
